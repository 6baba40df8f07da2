/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/bench.h"
#include "tests/bus/harness.h"

/* How soon the service answers, over a private bus. */

#define CALLS 2000
#define PAUSE_USEC 500
#define FEW_TERMS 1000
#define ENDLESS UINT64_C(10000000000000000)

static void add_row(Bench *b, BenchTable *t, const char *what, const BenchSample *msec) {
        bench_figures_add(b->figures, "latency", what, "round trip", "ms", msec);
        bench_figures_add_value(b->figures, "latency", what, "p99", "ms",
                                bench_sample_quantile(msec, 0.99));
        bench_table_cell(t, "%s", what);
        bench_table_number(t, bench_sample_quantile(msec, 0.5));
        bench_table_number(t, bench_sample_quantile(msec, 0.99));
        bench_table_number(t, bench_sample_quantile(msec, 1));
}

static void round_trips(Bench *b, BenchTable *t) {
        g_autoptr(BenchSample) msec = bench_sample_new();

        for (int i = 0; i < CALLS; i++)
                bench_sample_add(msec, 1e3 * bench_compute(b->client, FEW_TERMS, NULL));
        add_row(b, t, "ComputePi of 1000 terms", msec);
}

static void under_load(Bench *b, BenchTable *t) {
        g_autoptr(BenchSample) msec = bench_sample_new();
        g_autofree char *path = NULL;

        g_assert_null(test_submit(b->client, ENDLESS, NULL, &path));
        test_wait_for_state(b->client, path, "running");
        for (int i = 0; i < CALLS; i++) {
                double start = bench_seconds();

                g_variant_unref(test_metrics(b->client));
                bench_sample_add(msec, 1e3 * (bench_seconds() - start));
                /* A question now and then, as a person or a collector asks. */
                g_usleep(PAUSE_USEC);
        }
        g_assert_null(test_job_call(b->client, path, "Cancel"));
        add_row(b, t, "GetMetrics while all CPUs compute", msec);
}

void bench_latency(Bench *b) {
        BenchTable *t = bench_table_new("Round trips over the bus, ms",
                                        (const char *const[]) { "", "p50", "p99", "max", NULL });

        round_trips(b, t);
        under_load(b, t);
        bench_table_note(t, "%d calls each.", CALLS);
        bench_table_print(t);
}
