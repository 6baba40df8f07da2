/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/sweep.h"

/* What a sweep will measure, and in which order. */

/* Reads a list of numbers of parts, "1,2,4,1e6", or the default one for NULL: the eleven of the
 * experiment, those that `terms` can be cut into. Gives an array of guint64, growing. Errors:
 * PI_ERROR_INVALID_OPTION naming the number that is wrong, given twice or too large for the terms,
 * or too many of them. */
GArray *pi_sweep_parse_parts(const char *text, guint64 terms, GError **error);

/* One request. */
typedef struct PiSweepStep {
        PiSweepSeries *series; /* of the sweep; NULL: to warm up, not to be kept */
        gboolean baseline;
        gboolean budgeted; /* a baseline that is repeated only while it is short */
        guint64 terms, parts;
        guint32 nodes; /* to compute on; 0: on this one, and nowhere else */
        guint32 cpus;  /* to reserve; 0: all */
        const char *kernel;
        guint number; /* which sample of its series, from 1 on */
} PiSweepStep;

/* Sets the baselines and points of a sweep that has its terms, kernel, CPU slots and repeats:
 * "reference", at most PI_SWEEP_REFERENCE_TERMS of it, "generic", the kernel of the sweep; those of
 * them that are in `kernels` (array of strings ended by NULL). */
#define PI_SWEEP_REFERENCE_TERMS G_GUINT64_CONSTANT(1000000000)
void pi_sweep_prepare(PiSweep *sweep, const char *const *kernels, const GArray *parts);

/* All requests in order: to warm up; the baselines; the points, `repeats` times each, round after
 * round, each round in an order of its own, and in it the last baseline once more: what slows the
 * machine down for a while is to hit it as well. Array of PiSweepStep. */
GArray *pi_sweep_plan(PiSweep *sweep, GRand *rand);

/* Whether the step is still to be done: baselines that the speed-up is not against are measured
 * once, and again, up to `repeats` times, while they took less than PI_SWEEP_BUDGET_USEC. */
#define PI_SWEEP_BUDGET_USEC (10 * G_USEC_PER_SEC)
gboolean pi_sweep_step_is_wanted(const PiSweepStep *step);

/* How long a request will take, in seconds: the median of what was measured of its series; before
 * that by the rate of one thread (terms a second) with its kernel, and the CPU slots of a node. 0
 * if neither is known. */
double pi_sweep_step_estimate(const PiSweepStep *step, guint32 slots, double thread_rate);
