/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "tests/bench/bench.h"

/* What a user pays for it: the default kernel over a long range, with and without the verification
 * that a worker does after each stretch. */

/* Many short pairs: the difference is small beside what a busy machine adds to a long run. */
#define PAIRS 15
#define RUN_TERMS (UINT64_C(1) << 28)
#define FIRST_TERM (UINT64_C(1) << 33)

/* Seconds of summing the range; a worker does the same for each stretch. */
static double sum_seconds(gboolean with_verification) {
        const PiKernel *kernel = pi_kernel_default();
        PiFixed sum = PI_FIXED_ZERO;
        double start = bench_seconds();
        PiVerifier verifier;

        pi_verifier_init(&verifier, FIRST_TERM);
        for (uint64_t i = FIRST_TERM, end; i < FIRST_TERM + RUN_TERMS; i = end) {
                PiFixed stretch;

                end = MIN(pi_stretch_end(i), FIRST_TERM + RUN_TERMS);
                pi_sum_range(kernel, (PiRange) { i, end }, &stretch);
                if (with_verification &&
                    !pi_verifier_next(&verifier, kernel, end, &stretch, NULL, NULL))
                        g_error("the kernel %s computes wrong sums", kernel->name);
                pi_fixed_add(&sum, &stretch);
        }
        return bench_seconds() - start;
}

/* With verification over without. */
static double median_ratio(void) {
        g_autoptr(BenchSample) ratio = bench_sample_new();

        for (int i = 0; i < PAIRS; i++) {
                double seconds[2];
                int first = i % 2;

                seconds[first] = sum_seconds(first);
                seconds[!first] = sum_seconds(!first);
                bench_sample_add(ratio, seconds[1] / seconds[0]);
        }
        return bench_sample_median(ratio);
}

void bench_verification(Bench *b) {
        g_autoptr(BenchSample) percent = bench_sample_new();
        g_autofree char *name = NULL;

        bench_machine_pin();
        sum_seconds(TRUE);
        for (int round = 0; round < BENCH_ROUNDS; round++)
                bench_sample_add(percent, 100 * (median_ratio() - 1));
        bench_machine_unpin();
        name = g_strdup_printf("verifying each stretch of %" G_GUINT64_FORMAT
                               " terms, kernel %s",
                               (guint64) PI_STRETCH_MAX, pi_kernel_default()->name);
        bench_add_cost(b, "verification", name, "%", percent, "at most 1 %");
}
