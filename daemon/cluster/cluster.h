/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/cluster/identity.h"
#include "daemon/cluster/token.h"
#include "daemon/jobs/jobs.h"
#include "daemon/jobs/peers.h"

/* The node as a member of a cluster, or of none: who the others are, the links to them, joining and
 * leaving. Gives jobs their peers, and runs the leases of others. For the main thread; nothing
 * blocks. */
typedef struct PiCluster PiCluster;

#define PI_MEMBERS_MAX 128 /* this node included */
#define PI_PROTOCOL_VERSION 1
#define PI_PROTOCOL_VERSION_OLDEST 1 /* N and N-1 work together */

typedef enum PiMemberState {
        PI_MEMBER_SELF,
        PI_MEMBER_CONNECTING, /* never seen since this service started */
        PI_MEMBER_UP,
        PI_MEMBER_LOST,         /* was seen; tried again every 1 to 30 s */
        PI_MEMBER_QUARANTINED,  /* answered wrong sums: it gets no leases */
        PI_MEMBER_INCOMPATIBLE, /* connected, of other numerics or protocol */
        _PI_MEMBER_STATE_MAX,
} PiMemberState;

/* "self", "connecting", "up", "lost", "quarantined" or "incompatible". */
const char *pi_member_state_to_string(PiMemberState state);

/* A member as others may see it. Lives until the main loop goes on. */
typedef struct PiMemberView {
        const char *id;
        const char *name;
        const char *fingerprint;
        const char *const *addresses;
        PiMemberState state;
        const char *why; /* why it is lost, quarantined or incompatible; else "" */
        const char *version;
        uint32_t cpus;
        double terms_per_second;  /* of all CPUs: measured by leases, or as it says itself */
        uint64_t last_seen_usec;  /* CLOCK_REALTIME, 0 never */
        uint64_t round_trip_usec; /* 0 unknown */
        int64_t clock_offset_usec; /* its clock less ours */
        uint64_t leases_verified;  /* that it did for this node; so the rest */
        uint64_t leases_failed;    /* wrong sums */
        uint64_t leases_lost;      /* that it did not answer */
        uint64_t leases_served;    /* that this node did for it */
        gboolean outbound_only;    /* nobody can connect to it */
        const char *remote_address; /* the other end of its connection, with a port; else "" */
        uint16_t port;              /* of this node itself: that it listens at, 0 for none */
} PiMemberView;

/* What became of a token. */
typedef enum PiTokenNews {
        PI_TOKEN_NEWS_MADE,
        PI_TOKEN_NEWS_USED, /* a node joined by it */
        PI_TOKEN_NEWS_REVOKED,
        PI_TOKEN_NEWS_EXPIRED,
} PiTokenNews;

typedef enum PiClusterTrouble {
        PI_CLUSTER_TROUBLE_PORT,   /* nothing can listen at it; tried again */
        PI_CLUSTER_TROUBLE_ROSTER, /* it cannot be written; tried again */
        _PI_CLUSTER_TROUBLE_MAX,
} PiClusterTrouble;

typedef struct PiClusterListener {
        void (*joined)(gpointer userdata); /* this node is in a cluster now, or again after start */
        void (*left)(gpointer userdata);
        void (*member_added)(const PiMemberView *member, gpointer userdata);
        /* Not for counters. */
        void (*member_changed)(const PiMemberView *member, gpointer userdata);
        void (*member_removed)(const char *id, const char *name, gpointer userdata);
        /* `id` in hex; `uses`: left. */
        void (*token_changed)(const char *id, PiTokenNews news, uint32_t uses, gpointer userdata);
        /* A stranger tried to get in; for the journal. */
        void (*refused)(const char *address, const GError *why, gpointer userdata);
        /* Somebody at `address` has the key of a member that is connected from elsewhere, or of
         * this node itself: a machine was copied. Told once in a while. */
        void (*duplicate)(const PiMemberView *member, const char *address, gpointer userdata);
        /* Something that an administrator has to mend; NULL when it works again. */
        void (*trouble)(PiClusterTrouble kind, const GError *what, gpointer userdata);
} PiClusterListener;

/* For tests: what this node says of itself instead of the truth. */
typedef struct PiClusterRehearsal {
        uint32_t protocol, protocol_oldest, numerics; /* 0: its own */
        int64_t clock_offset_usec;
} PiClusterRehearsal;

typedef struct PiClusterConfig {
        const PiIdentity *identity;
        const char *directory;   /* where the roster is kept, NULL for memory only */
        const char *name;        /* of this node, for people: the host name */
        const char *version;
        uint16_t port;           /* to listen at; 0: outbound only, nothing listens */
        const char *const *addresses; /* to be reached at, with `port` where they have none; NULL or
                                         empty: those of the machine */
        const int *sockets;      /* of systemd */
        gsize n_sockets;
        const PiClusterRehearsal *rehearsal; /* NULL but in tests */
} PiClusterConfig;

/* Reads the roster, and when the node is in a cluster listens and connects. `config` is copied but
 * for the identity, which must outlive it, as must `jobs`. Errors: PI_ERROR_FAILED when the roster
 * is damaged: it is not overwritten. */
PiCluster *pi_cluster_new(const PiClusterConfig *config, PiJobs *jobs, GError **error);
void pi_cluster_free(PiCluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiCluster, pi_cluster_free)

void pi_cluster_add_listener(PiCluster *cluster, const PiClusterListener *listener,
                             gpointer userdata);

/* For pi_jobs_set_peers(). */
const PiPeers *pi_cluster_peers(PiCluster *cluster);

/* The id that all members share, 32 hex digits; "" when in none. */
const char *pi_cluster_id(const PiCluster *cluster);

/* Members, this node first, then by name. */
guint pi_cluster_n_members(const PiCluster *cluster);
void pi_cluster_member(const PiCluster *cluster, guint index, PiMemberView *ret);
gboolean pi_cluster_find(const PiCluster *cluster, const char *id_or_name, PiMemberView *ret);

/* Told in the main loop how what was asked for ended; `text` is the token, or for joining the name
 * of the cluster's member; NULL with an error. */
typedef void (*PiClusterDone)(const char *text, const GError *error, gpointer userdata);

/* Makes a cluster of this node alone. Errors: PI_ERROR_ALREADY_IN_CLUSTER, PI_ERROR_FAILED when
 * nothing can listen at the port. */
void pi_cluster_init(PiCluster *cluster, PiClusterDone done, gpointer userdata);

/* Makes a token, on disk before it is told. Errors: PI_ERROR_NOT_IN_CLUSTER, PI_ERROR_QUEUE_FULL
 * with PI_TOKENS_MAX live ones. */
void pi_cluster_create_token(PiCluster *cluster, uint64_t ttl_usec, uint32_t uses,
                             PiClusterDone done, gpointer userdata);

/* Live tokens of this node: rows id s, created_usec t, expires_usec t, uses u (left); a floating
 * aa{sv}, never the secret. */
GVariant *pi_cluster_list_tokens(const PiCluster *cluster);

/* Errors: PI_ERROR_NO_SUCH_TOKEN. `id` in hex. */
void pi_cluster_revoke_token(PiCluster *cluster, const char *id, PiClusterDone done,
                             gpointer userdata);

/* Joins the cluster of a token: answers when both directions were tried. Errors:
 * PI_ERROR_ALREADY_IN_CLUSTER, PI_ERROR_INVALID_TOKEN (also expired, used up, revoked),
 * PI_ERROR_UNREACHABLE naming the side, the port and the command that mends it,
 * PI_ERROR_INCOMPATIBLE, PI_ERROR_FAILED for clocks more than 5 min apart. */
void pi_cluster_join(PiCluster *cluster, const char *token, PiClusterDone done,
                     gpointer userdata);

/* Tells the others, forgets them, and stops to listen. Errors: PI_ERROR_NOT_IN_CLUSTER. */
void pi_cluster_leave(PiCluster *cluster, PiClusterDone done, gpointer userdata);

/* Puts a member out: it is told, and kept out until it joins by a new token. Errors:
 * PI_ERROR_NOT_IN_CLUSTER, PI_ERROR_NO_SUCH_NODE; PI_ERROR_INVALID_OPTION for this node itself. */
void pi_cluster_remove(PiCluster *cluster, const char *id_or_name, PiClusterDone done,
                       gpointer userdata);

/* Gives a quarantined member leases again. Errors: PI_ERROR_NO_SUCH_NODE. */
gboolean pi_cluster_restore(PiCluster *cluster, const char *id_or_name, GError **error);
