/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What the service of a node uses. A figure is there when its has_ flag is set. */
typedef struct PiNodeUsage {
        gboolean has_cpu_usage;
        double cpu_usage; /* CPUs, over the last seconds */
        gboolean has_memory;
        uint64_t memory_bytes; /* resident */
        gboolean has_slots_in_use;
        uint32_t slots_in_use;
} PiNodeUsage;

/* A member of the cluster. Counters run since the daemon started; those of terms and leases are of
 * this node's jobs, but for leases_served. The strings are lent for the length of a call. */
typedef struct PiMetricsNode {
        gboolean is_self;
        const char *id;
        const char *name;
        const char *state;
        uint32_t cpus;           /* 0: not known */
        double terms_per_second; /* of all its CPUs; not positive: not known */
        uint64_t terms;          /* computed there */
        double share;            /* of all terms of jobs over the cluster; below 0: of none */
        uint64_t leases_verified;
        uint64_t leases_failed;   /* wrong sums */
        uint64_t leases_lost;     /* not answered; so the next three of no meaning for this node */
        uint64_t leases_served;   /* that this node did for it */
        uint64_t round_trip_usec; /* 0: not known */
        uint64_t last_seen_usec;  /* CLOCK_REALTIME; 0: never */
        PiNodeUsage usage;
} PiMetricsNode;

/* More are not listed. */
#define PI_METRICS_NODES_MAX 128

/* A floating aa{sv}. */
GVariant *pi_metrics_list_nodes(const PiMetricsNode *nodes, size_t n_nodes);
