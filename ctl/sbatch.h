/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A batch script for sbatch(1): an array of jobs, each of them a member of this node's cluster. */
#define PI_SBATCH_NODES_MAX 100 /* uses of a token */

typedef struct PiSbatch {
        guint nodes;
        guint64 cpus;      /* of each node; 0: the node for itself */
        guint64 time_usec; /* 0: what the partition has; whole seconds, others are rounded up */
        const char *partition, *account; /* NULL: what Slurm takes by itself */
        const char *token; /* absolute path of its file */
} PiSbatch;

/* Whether the name of a partition or an account can stand in the script. */
gboolean pi_sbatch_name_is_valid(const char *name);

/* The script. */
char *pi_sbatch_script(const PiSbatch *sbatch);

/* The number of the job in what "sbatch --parsable" printed: "145" or "145;cluster". NULL: it is
 * nothing of that kind. */
char *pi_sbatch_job(const char *answer);

/* Has sbatch, which is looked for in PATH, take a script; what it has to complain of goes to the
 * standard error output. The number of the job. */
char *pi_sbatch_submit(const char *script, GError **error);
