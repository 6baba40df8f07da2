/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/approach.h"
#include "daemon/cluster/contact.h"
#include "daemon/cluster/roster.h"

/* Another member: connects to it until there is a link, picks one where there are two, and knows
 * what the member says of itself. */
typedef struct PiMember {
        PiCluster *cluster;
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        char id[PI_CLUSTER_NODE_ID_LENGTH + 1];
        char *name;
        char **addresses;
        gboolean outbound_only;
        char *quarantine; /* why it gets no leases, else NULL */

        PiMemberState state;
        char *why; /* "" for none */
        PiContact *current; /* the link in use, NULL while there is none */
        GPtrArray *others;  /* PiContact: not yet, or no longer in use */
        PiContact *rival;   /* one of these: of another machine with the same key, or of the same
                               one after a restart, which is being found out */
        PiApproach *approach;
        guint timer, refresh; /* source ids */
        guint attempts;       /* to connect, in vain, one after the other */
        gint64 up_usec;       /* CLOCK_MONOTONIC, when `current` came into use */
        gint64 rivals_told_usec;

        PiIntroduction facts; /* the last heard; no instance: none yet */
        uint64_t last_seen_usec;
        int64_t clock_offset_usec;
        uint64_t leases_verified, leases_failed, leases_lost, leases_served;
} PiMember;

#define PI_MEMBER_RETRY_USEC_MIN G_USEC_PER_SEC
#define PI_MEMBER_RETRY_USEC_MAX (30 * G_USEC_PER_SEC)
#define PI_MEMBER_REFRESH_USEC (30 * G_USEC_PER_SEC)

/* `delay_usec`: before it is called for the first time. */
PiMember *pi_member_new(PiCluster *cluster, const PiRosterEntry *entry, guint64 delay_usec);
/* Ends its links in order. */
void pi_member_free(PiMember *member);

/* Takes over what is new in its entry. */
void pi_member_update(PiMember *member, const PiRosterEntry *entry);

/* Takes over a link that is up, and that it made to this node. */
void pi_member_take(PiMember *member, PiContact *contact);

/* Whether who calls by this contact is the member itself, and not perhaps a copy of its machine:
 * because no other link is in use, or because it is the same run of the service (`instance`, ""
 * when that is not known). */
gboolean pi_member_is_itself(const PiContact *contact, const char *instance);

gboolean pi_member_is_usable(const PiMember *member); /* for leases */

/* `why` NULL: gives it leases again. */
void pi_member_set_quarantine(PiMember *member, const char *why);

/* It answered what is no answer: cuts it off. */
void pi_member_cut(PiMember *member, const char *why);

void pi_member_view(const PiMember *member, PiMemberView *ret);
