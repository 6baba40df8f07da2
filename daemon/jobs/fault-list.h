/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/jobs/verdict.h"
#include "daemon/metrics/topology.h"

#define PI_FAULTS_KEPT 1000
#define PI_FAULTS_PER_JOB 8

/* A lease or a stretch that was wrong on one core, and what was found to be at fault. The strings
 * are borrowed from what outlives all jobs. */
typedef struct PiFaultRow {
        uint64_t time_usec; /* CLOCK_REALTIME of the verdict */
        uint64_t job;
        PiVerdict verdict;
        const char *node; /* its id */
        uint32_t cpu;
        PiTopology topology;
        const char *kernel;
        uint64_t first_part; /* of the lease; so the next */
        uint64_t parts;
        uint64_t first_term; /* of the stretch; so the next two */
        uint64_t terms;
        double residual;   /* 4 * (sum - expected), the first time */
        uint32_t attempts; /* cores that had tried the lease by then */

        /* Not in the dictionary. */
        gboolean taken_out; /* the core was taken out of service for it */
        gboolean undecided; /* wrong twice, but the job ended before another core had tried */
} PiFaultRow;

/* The last so many of them. */
typedef struct PiFaultList PiFaultList;

PiFaultList *pi_fault_list_new(guint kept);
void pi_fault_list_free(PiFaultList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiFaultList, pi_fault_list_free)

void pi_fault_list_add(PiFaultList *list, const PiFaultRow *row);
guint pi_fault_list_length(const PiFaultList *list);

/* At most `limit`, newest first, a floating aa{sv}. `list` may be NULL: none. */
GVariant *pi_fault_list_to_variant(const PiFaultList *list, guint limit);
