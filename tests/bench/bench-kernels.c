/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <math.h>

#include "daemon/series/expected.h"
#include "daemon/series/kernel.h"
#include "daemon/series/partition.h"
#include "daemon/series/sum.h"
#include "tests/bench/figures.h"
#include "tests/bench/loops.h"

/* Every kernel beside the loops people write, one thread, interleaved so that all see the same
 * machine. */

#define TERMS (UINT64_C(1) << 28)
#define STRETCH_TERMS (UINT64_C(1) << 22)
#define REPEATS 5
#define CONTENDERS_MAX 16
#define VERIFIED_RANGES 2000

typedef struct Contender {
        const char *name;
        double (*loop)(uint64_t terms);
        const PiKernel *kernel;
        double seconds[REPEATS];
        double error;
} Contender;

static double sum_by_kernel(const PiKernel *kernel, uint64_t terms) {
        PiFixed sum = PI_FIXED_ZERO, expected;

        for (uint64_t i = 0; i < terms; i += STRETCH_TERMS) {
                PiFixed stretch;
                pi_sum_range(kernel, (PiRange) { i, MIN(i + STRETCH_TERMS, terms) }, &stretch);
                pi_fixed_add(&sum, &stretch);
        }
        pi_expected_sum((PiRange) { 0, terms }, &expected);
        pi_fixed_sub(&sum, &expected);
        return 4 * pi_fixed_to_double(&sum);
}

static double sum_by_loop(double (*loop)(uint64_t), uint64_t terms) {
        PiFixed expected;

        pi_expected_sum((PiRange) { 0, terms }, &expected);
        return 4 * (loop(terms) - pi_fixed_to_double(&expected));
}

static void run(Contender *c, int repeat) {
        double start = bench_seconds();

        c->error = c->loop ? sum_by_loop(c->loop, TERMS) : sum_by_kernel(c->kernel, TERMS);
        c->seconds[repeat] = bench_seconds() - start;
}

/* What checking one stretch costs, as a share of summing it. */
static double verification_share(const PiKernel *kernel, double stretch_seconds) {
        double start = bench_seconds();
        volatile bool all = true;

        for (uint64_t i = 0; i < VERIFIED_RANGES; i++) {
                PiRange range = { (i + 1) * STRETCH_TERMS, (i + 2) * STRETCH_TERMS };
                PiFixed sum;

                pi_expected_sum(range, &sum);
                all = all && pi_verify(kernel, range, &sum, NULL);
        }
        /* Two expected values each, of which the check itself makes one. */
        return (bench_seconds() - start) / 2 / VERIFIED_RANGES / stretch_seconds;
}

int main(void) {
        BenchFigures *f = bench_figures_new("kernels");
        Contender c[CONTENDERS_MAX] = {
                { .name = "plain-O2", .loop = bench_plain_loop },
                { .name = "fast-math-native", .loop = bench_fast_math_loop },
        };
        double plain, fast_math;
        gsize n = 2;

        for (const PiKernel *const *k = pi_kernels(); *k && n < CONTENDERS_MAX; k++)
                c[n++] = (Contender) { .name = (*k)->name, .kernel = *k };
        for (gsize i = 0; i < n; i++)
                run(&c[i], 0); /* warm up */
        for (int repeat = 0; repeat < REPEATS; repeat++)
                for (gsize i = 0; i < n; i++)
                        run(&c[i], repeat);
        plain = bench_quantile(c[0].seconds, REPEATS, 0.5);
        fast_math = bench_quantile(c[1].seconds, REPEATS, 0.5);
        for (gsize i = 0; i < n; i++) {
                double seconds = bench_quantile(c[i].seconds, REPEATS, 0.5);
                g_autofree char *note =
                                g_strdup_printf("%.1f x plain, %.1f x fast-math, error %.1e",
                                                plain / seconds, fast_math / seconds, c[i].error);

                bench_figures_add(f, c[i].name, (double) TERMS / seconds / 1e9, "Gterm/s", note);
                if (c[i].kernel == pi_kernel_default())
                        bench_figures_add(f, "verification",
                                          100 * verification_share(c[i].kernel,
                                                                   seconds * STRETCH_TERMS / TERMS),
                                          "%", "of the time of the default kernel");
        }
        return bench_figures_finish(f);
}
