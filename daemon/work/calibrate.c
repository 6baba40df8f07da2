/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/calibrate.h"

#include <glib.h>
#include <stdlib.h>

#include "daemon/series/sum.h"
#include "daemon/work/clock.h"

#define BUDGET_NSEC 10000000
#define ROUNDS_MIN 5
#define ROUNDS_MAX 101

/* Far past the head, whose sums come from a table. */
#define FIRST_TERM (UINT64_C(1) << 30)
#define ROUND_TERMS (UINT64_C(1) << 20)

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double pi_calibrate(const PiKernel *kernel) {
        double rate[ROUNDS_MAX];
        uint64_t spent = 0;
        size_t n = 0;

        while (n < ROUNDS_MAX && (n < ROUNDS_MIN || spent < BUDGET_NSEC)) {
                uint64_t start = pi_clock_nsec(CLOCK_MONOTONIC), elapsed;
                PiFixed sum;

                pi_sum_range(kernel, (PiRange) { FIRST_TERM, FIRST_TERM + ROUND_TERMS }, &sum);
                elapsed = MAX(pi_clock_nsec(CLOCK_MONOTONIC) - start, 1);
                rate[n++] = (double) ROUND_TERMS * 1e9 / (double) elapsed;
                spent += elapsed;
        }
        qsort(rate, n, sizeof(rate[0]), compare_doubles);
        return rate[n / 2];
}
