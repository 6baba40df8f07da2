/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/fixed.h"

#define PI_MERGE_FILES_MAX 64
#define PI_MERGE_CHUNKS_MAX 4194304 /* together they take 256 MiB */
#define PI_MERGE_HOSTS_MAX 10000
#define PI_MERGE_HOLES_NAMED 20

/* The chunks that any number of runs of pi-computed-mpi told, and the sum of them all. */
typedef struct PiMerge {
        guint chunks_max;
        GPtrArray *files;  /* names */
        GArray *chunks;    /* of a type of its own */
        GHashTable *hosts; /* a set of names */
        guint64 runs;
        guint64 faults; /* lines that tell of a wrong sum */
        guint64 noise;  /* lines that are not of pi-computed-mpi */
} PiMerge;

typedef struct PiMergeTotal {
        uint64_t terms;
        PiFixed sum;
        PiFixed residual; /* sum - expected */
        guint64 chunks;
        guint64 duplicates; /* chunks that were told before, with the same sum; not in the above */
        uint64_t cpu_usec;
} PiMergeTotal;

/* `chunks_max` is PI_MERGE_CHUNKS_MAX but in tests. */
PiMerge *pi_merge_new(guint chunks_max);
void pi_merge_free(PiMerge *merge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiMerge, pi_merge_free)

/* Adds what a file tells, or stdin ("-"). `ret_torn` and errors are those of pi_run_file_read();
 * PI_ERROR_INVALID_OPTION when there are too many files, chunks or hosts. */
gboolean pi_merge_add_file(PiMerge *merge, const char *path, guint64 *ret_torn, GError **error);

/* The sum of the first `terms` terms, or of those up to the highest that was told when it is 0.
 * Errors: PI_ERROR_ENGINE_FAILED when some are missing, with the first PI_MERGE_HOLES_NAMED holes;
 * PI_ERROR_FAILED when chunks overlap, PI_ERROR_VERIFICATION_FAILED when they have two sums for the
 * same terms, both with both places; PI_ERROR_INVALID_OPTION when there are more than `terms`. */
gboolean pi_merge_sum(PiMerge *merge, uint64_t terms, PiMergeTotal *ret, GError **error);
