/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/metrics/node.h"
#include "daemon/series/fixed.h"

/* What jobs know of other nodes. Jobs ask for leases to be run elsewhere through PiPeers, which the
 * cluster implements; the cluster has leases of others run here by guest.h. */

/* Leases of a job, a run of them, for one node. The job's leases follow from its parts
 * (pi_lease_first_part()), so both sides mean the same terms. */
typedef struct PiLeaseOrder {
        uint64_t job; /* its number at the coordinator */
        uint64_t terms;
        uint64_t parts;
        uint32_t first_lease;
        uint32_t n_leases; /* 1 to PI_LEASE_ORDER_MAX */
        uint32_t cpus;     /* CPU slots the job may have on that node; 0: all */
        int32_t priority;
        char kernel[24]; /* that it must be run with, "" for any exact one */
} PiLeaseOrder;

#define PI_LEASE_ORDER_MAX 64

typedef struct PiLeaseAnswer {
        uint32_t n_leases;
        PiFixed sum[PI_LEASE_ORDER_MAX]; /* of each lease */
        uint64_t cpu_nsec;               /* thread CPU time */
        uint64_t elapsed_nsec;           /* from the first lease started to the last verified */
        uint64_t retries;                /* stretches and leases summed again */
        char kernel[24];                 /* that was used */
} PiLeaseAnswer;

/* Either the answer or why there is none. */
typedef void (*PiLeaseAnswered)(const PiLeaseAnswer *answer, const GError *error,
                                gpointer userdata);

/* A member that can be given leases now. The strings live until the main loop goes on. */
typedef struct PiPeer {
        const char *id;   /* of the node */
        const char *name; /* for people */
        uint32_t cpus;
        double terms_per_second; /* of all its CPUs, as it says itself */
        uint64_t round_trip_usec;
} PiPeer;

#define PI_PEERS_MAX 127

typedef struct PiPeers PiPeers;

struct PiPeers {
        /* Members that are connected, of the same numerics version and not quarantined; at most
         * PI_PEERS_MAX, in no particular order. */
        guint (*list)(PiPeer *ret, gpointer userdata);

        /* All members but this node, whatever their state: for "nodes" options. FALSE if there is
         * none of that id or name. */
        gboolean (*find)(const char *id_or_name, const char **ret_id, gpointer userdata);

        /* All members, whatever their state, this node first; 0 when it is in no cluster. At most
         * `max`; `ret` comes in as zeros. What jobs know better they put in themselves: terms,
         * share, a rate by leases, and the figures of this node. The strings live until the main
         * loop goes on. NULL: nobody can tell. */
        guint (*members)(PiMetricsNode *ret, guint max, gpointer userdata);

        /* Has leases run by a member; `answered` is called exactly once, from the main loop, never
         * within this call. Returns a number for cancel(). */
        uint64_t (*run)(const char *id, const PiLeaseOrder *order, PiLeaseAnswered answered,
                        gpointer answered_userdata, gpointer userdata);

        /* The answer is not wanted any more: the member may stop, `answered` still is called, which
         * may be within this call. */
        void (*cancel)(const char *id, uint64_t number, gpointer userdata);

        /* What the member answered was verified, or was wrong: it gets no more leases until an
         * administrator says so. */
        void (*verified)(const char *id, uint32_t leases, gpointer userdata);
        void (*wrong)(const char *id, const PiLeaseOrder *order, uint32_t lease, gpointer userdata);
        gpointer userdata;
};
