/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/sweep.h"

/* How samples lie; quartiles and median by linear interpolation between the sorted samples. */
typedef struct PiSweepSpread {
        double min, q1, median, q3, max;
} PiSweepSpread;

/* All 0 without samples. `usec` is an array of guint64. */
PiSweepSpread pi_sweep_spread(const GArray *usec);

/* The median of an array of double, 0 without any. */
double pi_sweep_median(const GArray *values);

/* What is less than this share above the best is taken for as good: medians of short jobs on a
 * machine with other work differ by that from run to run. */
#define PI_SWEEP_TOLERANCE 0.10

/* Whether `a` takes longer than `b`, beyond doubt enough to say so: its median is more than
 * PI_SWEEP_TOLERANCE above that of `b`, and neither median lies between the quartiles of the other.
 * A single outlier on either side changes nothing. */
gboolean pi_sweep_is_slower(const PiSweepSpread *a, const PiSweepSpread *b);

/* Whether every sample of `a` is above every sample of `b`. */
gboolean pi_sweep_is_apart(const PiSweepSpread *a, const PiSweepSpread *b);

/* Where the curve of the response time bends: indices of points. `enough` is the fewest parts, and
 * `most` the most, that are not slower than `best`, the point of the smallest median (of several,
 * that of the fewest parts). What lies between may be slower, by chance. */
typedef struct PiSweepKnee {
        guint best, enough, most;
} PiSweepKnee;

/* FALSE if there are fewer than two points, or it is over nodes: they tell of no knee. */
gboolean pi_sweep_knee(const PiSweep *sweep, PiSweepKnee *ret);

/* The same in words, one sentence. */
char *pi_sweep_knee_text(const PiSweep *sweep);

typedef struct PiSweepFigures {
        PiSweepSpread spread;    /* of the response time, in microseconds */
        double utilization;      /* median */
        double terms_per_second; /* by the median; 0 if that is 0, and so the next two */
        double speedup;          /* against the last baseline of the sweep; of nodes: against one */
        double efficiency;       /* speed-up over the CPU slots; of nodes: over these */
        /* Microseconds of a worker that a part beyond those of the best point takes:
         * (median - best median) * CPU slots / (parts - best parts). Negative unless there are more
         * parts than that and all samples are above all of the best. */
        double cost_usec;
} PiSweepFigures;

PiSweepFigures pi_sweep_figures(const PiSweep *sweep, const PiSweepSeries *series);

/* Share of the time, 0 to 1, that the workers of the fastest point had a CPU; 1 where a request is
 * too short to tell, and over nodes. Far below 1, something else used the CPUs, and the figures are
 * not those of the machine. */
double pi_sweep_cpu_share(const PiSweep *sweep);

/* Median of what the caller waited beyond the response time, over all points, in microseconds. */
double pi_sweep_overhead(const PiSweep *sweep);
