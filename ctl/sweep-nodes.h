/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/sweep.h"

/* A sweep over the number of nodes: which ones, and what to measure. */

/* Reads a list of numbers of nodes, "1,2,3", growing; 1, which the speed-up is against, is put in
 * where it is missing. Gives an array of guint64. Errors: PI_ERROR_INVALID_OPTION naming the number
 * that is wrong or given twice, or too many of them. */
GArray *pi_sweep_parse_nodes(const char *text, GError **error);

/* Sets the members to take: this node, then those that are up, by name; at least `most` of them.
 * Errors: PI_ERROR_NOT_IN_CLUSTER, PI_ERROR_NODE_LOST when not so many are up. */
gboolean pi_sweep_choose_members(PiSweep *sweep, const GPtrArray *nodes, guint64 most,
                                 GError **error);

/* Sets the one baseline, a thread with at most PI_SWEEP_REFERENCE_TERMS, and the points of a sweep
 * that has its terms, kernel, CPU slots and repeats. `parts`: of each point, 0 has the service
 * choose. */
void pi_sweep_prepare_nodes(PiSweep *sweep, const GArray *sizes, guint64 parts);

/* What the most nodes bring, in words, one sentence. */
char *pi_sweep_nodes_text(const PiSweep *sweep);
