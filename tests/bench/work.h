/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/series/kernel.h"

/* A way to sum a range: a loop of loops.h, or a kernel in stretches as the workers use it. */
typedef struct BenchWork {
        double (*loop)(uint64_t begin, uint64_t end); /* NULL: the kernel */
        const PiKernel *kernel;
} BenchWork;

/* On the calling thread. */
void bench_work_sum(const BenchWork *w, PiRange range, PiFixed *ret);

/* Of the terms [0, terms) on `n` threads, each on a CPU of its own and set up as the workers of the
 * service are. */
void bench_work_sum_on_threads(const BenchWork *w, uint64_t terms, guint n, PiFixed *ret);

/* A double as a fixed-point number; rounded to one ulp of that. */
void bench_fixed_from_double(double value, PiFixed *ret);

/* Whether a sum of doubles over [0, terms) is as near to the true one as rounding explains, and by
 * how much 4 times the sum is off, an error of pi. A loop that leaves out or repeats terms fails,
 * though its sum looks like pi. */
gboolean bench_sum_is_sane(const PiFixed *sum, uint64_t terms, double *ret_error);

/* The same for a sum of the kernel: its own tolerance, if it is an exact one. */
gboolean bench_work_is_sane(const BenchWork *w, const PiFixed *sum, uint64_t terms,
                            double *ret_error);
