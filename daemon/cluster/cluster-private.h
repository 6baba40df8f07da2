/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/cluster/contact.h"
#include "daemon/cluster/introduction.h"
#include "daemon/cluster/listener.h"
#include "daemon/cluster/member.h"
#include "daemon/cluster/module.h"
#include "daemon/cluster/promise.h"
#include "daemon/cluster/roster-file.h"
#include "daemon/cluster/strangers.h"
#include "daemon/cluster/tokens.h"

/* What the files of the cluster share. */

typedef struct PiJoin PiJoin;
typedef struct PiLeave PiLeave;

struct PiCluster {
        PiClusterHead head; /* first */
        const PiIdentity *identity;
        PiJobs *jobs;
        char *name;
        uint16_t port;
        char **addresses; /* as configured; NULL: those of the machine */
        int *sockets;
        gsize n_sockets;
        PiEdition edition;
        int64_t clock_offset_usec; /* of a rehearsal */
        char instance[PI_INSTANCE_LENGTH + 1];

        PiRoster *roster; /* NULL: in no cluster */
        PiTokens *tokens;
        PiRosterFile *file;
        PiListener *listener;
        PiStrangers *strangers;
        GPtrArray *contacts;  /* PiContact, all of them */
        GHashTable *members;  /* fingerprint: PiMember, all but this node */
        GPtrArray *served;    /* leases that run here for others */
        GPtrArray *runs;      /* leases that others run for this node */
        uint64_t last_number; /* of these */
        PiJoin *join;         /* under way, else NULL; so the next */
        PiLeave *leave;
        GPtrArray *welcomes; /* PiWelcome, under way */
        GQueue promises;         /* PiPromise, not yet answered */
        PiPeers peers;

        GArray *listeners;
        gboolean ending; /* it is being freed */
        guint start, forget, upkeep, expiry, retry, figures; /* source ids */
        guint figures_times; /* it was time to ask for them */
        gint64 figures_looked_usec; /* CLOCK_MONOTONIC, 0 never */
        gint64 duplicate_told_usec;
        gboolean trouble[_PI_CLUSTER_TROUBLE_MAX]; /* that was told */
};

/* CLOCK_REALTIME, as this node has it. */
uint64_t pi_cluster_now(const PiCluster *cluster);

/* The entry of this node, NULL when it is in no cluster. */
const PiRosterEntry *pi_cluster_self(const PiCluster *cluster);
PiRosterEntry *pi_cluster_self_entry_new(const PiCluster *cluster);

PiMember *pi_cluster_member_by_id(const PiCluster *cluster, const char *id);
/* NULL also when the name is that of more than one: then `ret_n` tells how many. */
PiMember *pi_cluster_member_by_id_or_name(const PiCluster *cluster, const char *id_or_name,
                                          guint *ret_n);

/* See PiPeers.members(). */
guint pi_cluster_describe(const PiCluster *cluster, PiMetricsNode *ret, guint max);

/* Opens the port, when it has one. Errors: PI_ERROR_FAILED. */
gboolean pi_cluster_listen(PiCluster *cluster, GError **error);
void pi_cluster_stop_listening(PiCluster *cluster);

/* Ends all links in order. */
void pi_contacts_drop(PiCluster *cluster, const char *why);

/* The roster is there, and on disk: connects to the members, and tells the listeners. */
void pi_cluster_begin(PiCluster *cluster);
/* Is in no cluster any more: ends all links, and has the file removed. */
void pi_cluster_forget(PiCluster *cluster, PiRosterSaved saved, gpointer userdata);

/* Writes what there is; `saved` may be NULL. */
void pi_cluster_save(PiCluster *cluster, PiRosterSaved saved, gpointer userdata);

/* Merges, and does what follows from it; `from`: who has told it, NULL nobody. Errors: as of
 * pi_roster_merge(). */
gboolean pi_cluster_absorb(PiCluster *cluster, const PiRoster *roster, const PiContact *from,
                           GError **error);
/* This was changed in the roster: does what follows from it, but for writing. */
void pi_cluster_follow(PiCluster *cluster, const PiRoster *news, const PiContact *from);

/* Tells the listeners. */
void pi_cluster_member_changed(PiCluster *cluster, PiMember *member);
void pi_cluster_token_changed(PiCluster *cluster, const guint8 *id, PiTokenNews news,
                              uint32_t uses);
void pi_cluster_refused(PiCluster *cluster, const char *address, const GError *why);
/* `member` NULL: this node itself. */
void pi_cluster_duplicate(PiCluster *cluster, PiMember *member, const char *address);
void pi_cluster_trouble(PiCluster *cluster, PiClusterTrouble kind, const GError *what);

/* Gets and gives rosters where that of the member is another one. */
void pi_cluster_compare_rosters(PiCluster *cluster, PiMember *member);

/* Sees to it that expired tokens go. */
void pi_cluster_watch_tokens(PiCluster *cluster);

void pi_peers_init(PiCluster *cluster);
/* Those that wait for a lease are told that there will be no answer. */
void pi_peers_end(PiCluster *cluster);
