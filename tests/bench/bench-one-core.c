/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "daemon/series/expected.h"
#include "daemon/series/kernel.h"
#include "tests/bench/bench.h"
#include "tests/bench/contenders.h"
#include "tests/bench/core.h"
#include "tests/bench/work.h"

/* Every kernel beside the loops people write, on one CPU. */

#define GROUP "one core"

/* Whose multiples are told, and what a kernel with AVX2 and one with AVX-512 should reach. */
static const struct Yardstick {
        const char *id;
        const char *heading;
        const char *unit;
        double goal_avx2, goal_avx512;
} yardsticks[] = {
        { "plain-O2", "x (a)", "x plain-O2", 23, 45 },
        { "plain-fast", "x (b)", "x plain-fast", 2.7, 5.5 },
        { "two-terms-fast", "x (b')", "x two-terms-fast", 2.7, 5.5 },
        { "pairs-fast", "x (f)", "x pairs-fast", 2.7, 2.7 },
};

static void measure(GPtrArray *contenders) {
        bench_machine_pin();
        for (guint i = 0; i < contenders->len; i++)
                bench_contender_warm_up(contenders->pdata[i]);
        for (int round = 0; round < BENCH_ROUNDS; round++) {
                g_autofree guint *order = bench_shuffled(contenders->len);

                for (guint i = 0; i < contenders->len; i++) {
                        BenchContender *c = contenders->pdata[order[i]];

                        if (!c->absent)
                                bench_contender_run(c);
                }
        }
        bench_machine_unpin();
}

static void add_row(Bench *b, BenchTable *t, const GPtrArray *contenders,
                    const BenchContender *c) {
        bench_table_cell(t, "%s%s", c->name, c->script ? "*" : "");
        if (c->absent) {
                bench_table_cell(t, "absent");
                bench_table_end_row(t);
                return;
        }
        bench_figures_add(b->figures, GROUP, c->id, "rate", "Gterm/s", c->rate);
        bench_table_number(t, bench_sample_median(c->rate));
        bench_table_range(t, bench_sample_quantile(c->rate, 0), bench_sample_quantile(c->rate, 1));
        for (gsize i = 0; i < G_N_ELEMENTS(yardsticks); i++) {
                const BenchContender *y = bench_contenders_find(contenders, yardsticks[i].id);
                g_autoptr(BenchSample) ratio = bench_sample_ratio(c->rate, y->rate);

                bench_figures_add(b->figures, GROUP, c->id, "rate", yardsticks[i].unit, ratio);
                bench_table_number(t, bench_sample_median(ratio));
        }
        bench_figures_add_value(b->figures, GROUP, c->id, "terms of a sum", "terms",
                                (double) c->terms);
        bench_figures_add_value(b->figures, GROUP, c->id, "error of pi", "", c->error);
        bench_table_cell(t, "%.1e", fabs(c->error));
}

static void add_goals(BenchTable *t) {
        bench_table_cell(t, "goal, with AVX2");
        bench_table_cell(t, "%s", "");
        bench_table_cell(t, "%s", "");
        for (gsize i = 0; i < G_N_ELEMENTS(yardsticks); i++)
                bench_table_cell(t, "%g", yardsticks[i].goal_avx2);
        bench_table_end_row(t);
        bench_table_cell(t, "goal, with AVX-512");
        bench_table_cell(t, "%s", "");
        bench_table_cell(t, "%s", "");
        for (gsize i = 0; i < G_N_ELEMENTS(yardsticks); i++)
                bench_table_cell(t, "%g", yardsticks[i].goal_avx512);
        bench_table_end_row(t);
}

static void add_notes(BenchTable *t, const GPtrArray *contenders) {
        bench_table_note(t, "(b), (b'), (c), (f): -O3 -march=native -ffast-math. (b): the lines of "
                            "(a), which compilers");
        bench_table_note(t, "do not vectorise; (b') is what they do. (f): 2/(d(d+2)), blocks of "
                            "2^20 pairs. Error: of pi,");
        bench_table_note(t, "against the true sum of these terms. Figures: medians of %d rounds of "
                            "random order; x: of",
                         BENCH_ROUNDS);
        bench_table_note(t, "the ratio within a round.");
        for (guint i = 0; i < contenders->len; i++) {
                const BenchContender *c = contenders->pdata[i];

                if (c->absent)
                        bench_table_note(t, "%s: %s", c->name, c->absent);
                else if (c->script)
                        bench_table_note(t, "* %s: %s, %" G_GUINT64_FORMAT
                                            " terms, and the rate taken for all.",
                                         c->name, c->who, (guint64) c->terms);
        }
}

static void print_speed(Bench *b, const GPtrArray *contenders) {
        BenchTable *t = bench_table_new("One core, 1e9 terms",
                                        (const char *const[]) { "", "Gterm/s", "range", "x (a)",
                                                                "x (b)", "x (b')", "x (f)",
                                                                "error", NULL });

        for (guint i = 0; i < contenders->len; i++)
                add_row(b, t, contenders, contenders->pdata[i]);
        add_goals(t);
        add_notes(t, contenders);
        bench_table_print(t);
}

/* The divider bounds any way of summing that divides once a group. */
static double add_divider(Bench *b, BenchTable *t) {
        g_autoptr(BenchSample) ghz = bench_sample_new(), cycles = bench_sample_new();
        const char *name;
        unsigned doubles;

        bench_machine_pin();
        for (int round = 0; round < BENCH_ROUNDS; round++) {
                double before = bench_core_ghz();
                double seconds = bench_core_division_seconds(&name, &doubles);

                bench_sample_add(ghz, (before + bench_core_ghz()) / 2);
                bench_sample_add(cycles, seconds * 1e9 * bench_sample_at(ghz, round));
        }
        bench_machine_unpin();
        bench_figures_add(b->figures, "core", "clock", "frequency", "GHz", ghz);
        bench_figures_add(b->figures, "core", name, "independent divisions", "cycles a vector",
                          cycles);
        bench_table_cell(t, "%s: %.2f cycles for %u doubles", name, bench_sample_median(cycles),
                         doubles);
        bench_table_number(t, bench_sample_median(cycles) / doubles);
        bench_table_range(t, bench_sample_quantile(cycles, 0) / doubles,
                          bench_sample_quantile(cycles, 1) / doubles);
        bench_table_cell(t, "1");
        bench_table_note(t, "The clock, from a chain of additions of one cycle each, beside each "
                            "run: %.2f GHz (%.2f to %.2f).",
                         bench_sample_median(ghz), bench_sample_quantile(ghz, 0),
                         bench_sample_quantile(ghz, 1));
        bench_table_note(t, "For a group (a) to (c) divide 8 times, (f) 4 times, generic once. "
                            "Below 1: less than a division.");
        return bench_sample_median(cycles) / doubles;
}

/* Where sums of 1e10 terms and more spend their time: the first octaves go slower. */
static void add_far_out(Bench *b, BenchTable *t, const PiKernel *kernel, double limit) {
        const BenchWork work = { .kernel = kernel };
        const PiRange range = { UINT64_C(1) << 33, (UINT64_C(1) << 33) + (UINT64_C(1) << 27) };
        double groups = (double) (range.end - range.begin) / PI_GROUP_TERMS;
        g_autoptr(BenchSample) cycles = bench_sample_new(), rate = bench_sample_new();

        bench_machine_pin();
        for (int round = 0; round < BENCH_ROUNDS; round++) {
                double before = bench_core_ghz(), start = bench_seconds(), seconds;
                PiFixed sum;

                bench_work_sum(&work, range, &sum);
                seconds = bench_seconds() - start;
                if (!pi_verify(kernel, range, &sum, NULL))
                        g_error("kernel %s computes something else", kernel->name);
                bench_sample_add(rate, groups * PI_GROUP_TERMS / seconds / 1e9);
                bench_sample_add(cycles,
                                 seconds * (before + bench_core_ghz()) / 2 * 1e9 / groups);
        }
        bench_machine_unpin();
        bench_figures_add(b->figures, "far out", kernel->name, "rate", "Gterm/s", rate);
        bench_figures_add(b->figures, "far out", kernel->name, "cycles for 8 terms", "cycles",
                          cycles);
        bench_table_cell(t, "kernel %s from term 2^33: %.1f Gterm/s", kernel->name,
                         bench_sample_median(rate));
        bench_table_number(t, bench_sample_median(cycles));
        bench_table_range(t, bench_sample_quantile(cycles, 0), bench_sample_quantile(cycles, 1));
        bench_table_number(t, bench_sample_median(cycles) / limit);
}

static void print_cycles(Bench *b, const GPtrArray *contenders) {
        BenchTable *t = bench_table_new("Cycles for a group of 8 terms",
                                        (const char *const[]) { "", "cycles", "range",
                                                                "x one division", NULL });
        double limit = add_divider(b, t);

        for (guint i = 0; i < contenders->len; i++) {
                const BenchContender *c = contenders->pdata[i];

                if (c->absent || c->script)
                        continue;
                bench_figures_add(b->figures, GROUP, c->id, "cycles for 8 terms", "cycles",
                                  c->cycles);
                bench_table_cell(t, "%s", c->name);
                bench_table_number(t, bench_sample_median(c->cycles));
                bench_table_range(t, bench_sample_quantile(c->cycles, 0),
                                  bench_sample_quantile(c->cycles, 1));
                bench_table_number(t, bench_sample_median(c->cycles) / limit);
        }
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                if ((*k)->exact)
                        add_far_out(b, t, *k, limit);
        bench_table_print(t);
}

void bench_one_core(Bench *b) {
        g_autoptr(GPtrArray) contenders = bench_contenders_new();

        measure(contenders);
        print_speed(b, contenders);
        if (isfinite(bench_core_ghz()))
                print_cycles(b, contenders);
}
