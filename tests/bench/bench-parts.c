/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/bench.h"

/* A million parts beside one, through the service, on one CPU. */

#define TERMS UINT64_C(1000000000)
#define PARTS 1e6
#define PAIRS 5

/* The experiment's own figure: its sum of 1e9 terms took 275 s in a million parts on 16 cores. */
#define EXPERIMENT_NSEC 270000.0

/* 184.379147003 s for 1 000 000 queued tasks that do nothing, on one node, "1000000_queued_time" of
 * release/perf_metrics/scalability/single_node.json in github.com/ray-project/ray, commit
 * 065255599d29. */
#define RAY_NSEC 184379.147003

static void add_row(BenchTable *t, const char *name, double nsec, double ours) {
        bench_table_cell(t, "%s", name);
        bench_table_cell(t, "%.*f ns", nsec < 1000 ? 1 : 0, nsec);
        bench_table_cell(t, "%.3g s", nsec * PARTS / 1e9);
        if (nsec > ours && ours > 0)
                bench_table_cell(t, "%.0f", nsec / ours);
        bench_table_end_row(t);
}

static void print(const BenchSample *nsec) {
        double ours = bench_sample_median(nsec);
        BenchTable *t = bench_table_new("The cost of a part",
                                        (const char *const[]) { "", "a part", "a million", "x ours",
                                                                NULL });

        add_row(t, "pi-computed, 1 CPU", ours, ours);
        add_row(t, "Ray 2.37.0, tasks that do nothing, one node", RAY_NSEC, ours);
        add_row(t, "the experiment, with Ray on 16 cores", EXPERIMENT_NSEC, ours);
        bench_table_note(t, "pi-computed: 1e9 terms in 1e6 parts less those in 1 part; range %.1f "
                            "to %.1f ns.",
                         bench_sample_quantile(nsec, 0), bench_sample_quantile(nsec, 1));
        bench_table_note(t, "Ray: 1000000_queued_time in release/perf_metrics/scalability/"
                            "single_node.json,");
        bench_table_note(t, "github.com/ray-project/ray at 065255599d29. A task of Ray may be any "
                            "code in another process,");
        bench_table_note(t, "a part here is a run of terms and nothing else.");
        bench_table_print(t);
}

/* Seconds of a ComputePi in one part and in a million, each the median of several by turns. */
static void run_round(Bench *b, BenchSample *one, BenchSample *million) {
        static const char *const options[] = {
                "{'cpus': <uint32 1>, 'parts': <uint64 1>}",
                "{'cpus': <uint32 1>, 'parts': <uint64 1000000>}",
        };
        g_autoptr(BenchSample) a = bench_sample_new(), z = bench_sample_new();

        for (int i = 0; i < PAIRS; i++) {
                int first = i % 2;

                for (int turn = 0; turn < 2; turn++) {
                        int which = turn == 0 ? first : !first;

                        bench_sample_add(which == 0 ? a : z,
                                         bench_compute(b->client, TERMS, options[which]));
                }
        }
        bench_sample_add(one, bench_sample_median(a));
        bench_sample_add(million, bench_sample_median(z));
}

void bench_parts(Bench *b) {
        g_autoptr(BenchSample) one = bench_sample_new(), million = bench_sample_new(),
                               nsec = bench_sample_new(), ratio = NULL;

        for (gsize round = 0; round < BENCH_ROUNDS; round++) {
                run_round(b, one, million);
                bench_sample_add(nsec, (bench_sample_at(million, round) -
                                        bench_sample_at(one, round)) *
                                                       1e9 / PARTS);
        }
        ratio = bench_sample_ratio(million, one);
        bench_figures_add(b->figures, "parts", "1", "seconds of 1e9 terms", "s", one);
        bench_figures_add(b->figures, "parts", "1000000", "seconds of 1e9 terms", "s", million);
        bench_figures_add(b->figures, "parts", "cost", "of a part", "ns", nsec);
        bench_figures_add_value(b->figures, "parts", "experiment", "of a part", "ns",
                                EXPERIMENT_NSEC);
        bench_figures_add_value(b->figures, "parts", "ray", "of a part", "ns", RAY_NSEC);
        print(nsec);
        bench_add_cost(b, "million-parts", "1e9 terms in 1 000 000 parts over 1 part, 1 CPU", "x",
                       ratio, "at most 1.5 x");
}
