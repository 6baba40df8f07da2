/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/cluster/introduction.h"
#include "daemon/cluster/link.h"

/* What the other side of a link is to this node, and hence what it may call. */
typedef enum PiContactKind {
        PI_CONTACT_REFUSED,  /* nobody that may come in, or not known yet */
        PI_CONTACT_STRANGER, /* may join, or is joining */
        PI_CONTACT_REMOVED,  /* was a member, and has to be told that it is none */
        PI_CONTACT_HOST,     /* the member by which this node joins */
        PI_CONTACT_MEMBER,
} PiContactKind;

typedef struct PiContact PiContact;

/* Who a contact belongs to at the time. */
typedef struct PiContactOwner {
        void (*up)(PiContact *contact, gpointer userdata);
        /* The last of it: it is freed when this returns. */
        void (*down)(PiContact *contact, const GError *why, gpointer userdata);
} PiContactOwner;

/* A link, with what the cluster knows about it. It is freed when its link is down, or with the
 * cluster. */
struct PiContact {
        PiCluster *cluster;
        PiLink *link;
        PiContactKind kind;
        char dialled[PI_FINGERPRINT_LENGTH + 1]; /* whom; "" when it was accepted */
        PiIntroduction *facts;                   /* as of Identify, NULL before */
        gboolean accepted; /* of a member: it is one machine with that which was there before */
        PiLinkCall *held;  /* of Identify, to be answered once it was accepted; else NULL */
        const PiContactOwner *owner;             /* NULL: it is about to end */
        gpointer owner_data;
        guint deadline; /* source id */
        PiNodeUsage usage;      /* as of Figures */
        gboolean figures_asked; /* the answer is still to come */
        gboolean lacks_figures; /* of an older version */
        PiLinkHooks hooks;
};

/* Takes the descriptor over. `dialled`: the fingerprint of who has to be there, and `kind` what
 * that is; NULL when it was accepted: then the cluster judges who it is. */
PiContact *pi_contact_new(PiCluster *cluster, int fd, const char *dialled, PiContactKind kind,
                          const PiContactOwner *owner, gpointer userdata);

void pi_contact_give(PiContact *contact, const PiContactOwner *owner, gpointer userdata);

/* Ends it in order. Its owner has nothing to do with it any more, and is not called. */
void pi_contact_drop(PiContact *contact, const char *why);

/* Ends it in order after this time, its owner told; 0: never. */
void pi_contact_set_deadline(PiContact *contact, guint64 usec);

/* Lets it call what members call. */
void pi_contact_accept(PiContact *contact);

/* For the end of the cluster. */
void pi_contact_free(PiContact *contact);
