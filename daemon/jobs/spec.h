/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/kernel.h"

#define PI_LABEL_BYTES_MAX 256
#define PI_PRIORITY_LIMIT 100 /* either way */
#define PI_DEADLINE_USEC_MIN UINT64_C(1000)
#define PI_DEADLINE_USEC_MAX UINT64_C(31536000000000) /* a year */

/* What executes the leases. */
typedef enum PiEngineKind {
        PI_ENGINE_LOCAL, /* workers of this node, and of members */
        PI_ENGINE_MPI,   /* the site's engine, see engine.h */
        _PI_ENGINE_KIND_MAX,
} PiEngineKind;

/* "local" or "mpi". */
const char *pi_engine_kind_to_string(PiEngineKind kind);
gboolean pi_engine_kind_from_string(const char *text, PiEngineKind *ret);

/* What was asked for, checked and complete: no field is left to be chosen. */
typedef struct PiJobSpec {
        uint64_t terms;
        uint64_t parts;
        uint32_t cpus; /* slots to reserve; at most one for each part */
        uint32_t cpus_most; /* the same as members come: more than that where all were asked for */
        const PiKernel *kernel;
        char *label;
        uint64_t deadline_usec; /* 0: none */
        int32_t priority;       /* higher ones first */
        gboolean cluster;       /* members may have leases of it */
        char **nodes;           /* ids of those that may; NULL: all */
        gboolean elsewhere;     /* this node does only what none of them does */
        PiEngineKind engine;    /* other than local: not in the cluster, and elsewhere */
} PiJobSpec;

/* What the daemon has to offer a user. */
typedef struct PiJobOffer {
        uint32_t cpus; /* of this node */
        uint32_t cluster_cpus; /* of it and the members; 0: it is in no cluster */
        const struct PiPeers *peers; /* the members; NULL in no cluster */
        const char *node_id; /* of this node; so the name */
        const char *node_name;
        uint32_t cpus_per_user; /* 0: all */
        const PiKernel *kernel; /* of jobs that name none */
        uint64_t deadline_default_usec; /* 0: none; so the next */
        uint64_t deadline_max_usec;
        int32_t priority_max;
        uint32_t engine_jobs; /* at once; 0: there is no engine but the local one */
        uint64_t engine_min_time_usec; /* that a job of it takes this node at least */
        double terms_per_second;       /* of all CPUs of this node */
} PiJobOffer;

/* Checks a request. `options` is an a{sv}. Errors: PI_ERROR_INVALID_TERMS, PI_ERROR_INVALID_OPTION
 * with the key, what is wrong with it and the range, PI_ERROR_QUOTA_EXCEEDED with the setting that
 * forbids it; then *ret is untouched. */
gboolean pi_job_spec_parse(uint64_t terms, GVariant *options, const PiJobOffer *offer,
                           PiJobSpec *ret, GError **error);
void pi_job_spec_clear(PiJobSpec *spec);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiJobSpec, pi_job_spec_clear)
