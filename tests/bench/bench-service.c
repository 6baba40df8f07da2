/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/sum.h"
#include "tests/bench/figures.h"
#include "tests/bus/harness.h"

/* What the service adds to the bare kernel, and how it answers, over a private bus. */

#define TERMS UINT64_C(1000000000)
#define STRETCH_TERMS (UINT64_C(1) << 22)
#define REPEATS 7
#define CALLS 2000
#define ENDLESS UINT64_C(10000000000000000)

static double bare_kernel(void) {
        double start = bench_seconds();

        for (uint64_t i = 0; i < TERMS; i += STRETCH_TERMS) {
                PiFixed sum;
                pi_sum_range(pi_kernel_default(), (PiRange){ i, MIN(i + STRETCH_TERMS, TERMS) },
                             &sum);
        }
        return bench_seconds() - start;
}

static double compute(sd_bus *client, const char *options) {
        double start = bench_seconds();
        g_autofree char *error = test_compute(client, TERMS, options, NULL, NULL);

        g_assert_null(error);
        return bench_seconds() - start;
}

/* Interleaved, so that all see the same machine. */
static void overhead(BenchFigures *f, sd_bus *client) {
        double bare[REPEATS], one[REPEATS], million[REPEATS], all[REPEATS];

        bare_kernel();
        for (int i = 0; i < REPEATS; i++) {
                bare[i] = bare_kernel();
                one[i] = compute(client, "{'cpus': <uint32 1>, 'parts': <uint64 1>}");
                million[i] = compute(client, "{'cpus': <uint32 1>, 'parts': <uint64 1000000>}");
                all[i] = compute(client, NULL);
        }
        double b = bench_quantile(bare, REPEATS, 0.5), o = bench_quantile(one, REPEATS, 0.5);
        double m = bench_quantile(million, REPEATS, 0.5), a = bench_quantile(all, REPEATS, 0.5);
        bench_figures_add(f, "bare kernel, 1e9 terms, 1 thread", 1e3 * b, "ms", "");
        bench_figures_add(f, "ComputePi, 1 part, 1 CPU", 1e3 * o, "ms", "");
        bench_figures_add(f, "service overhead", o / b, "ratio", "ComputePi / bare kernel");
        bench_figures_add(f, "ComputePi, 1 000 000 parts, 1 CPU", 1e3 * m, "ms", "");
        bench_figures_add(f, "a million parts", m / o, "ratio", "beside one part");
        bench_figures_add(f, "cost of a part", 1e9 * (m - o) / 1e6, "ns",
                          "the experiment: 270 000");
        bench_figures_add(f, "ComputePi, all CPUs", 1e3 * a, "ms", "");
        bench_figures_add(f, "speed-up of all CPUs", o / a, "ratio", "beside 1 CPU");
}

static void latencies(BenchFigures *f, const char *what, double *seconds) {
        g_autofree char *p50 = g_strdup_printf("%s, p50", what),
                        *p99 = g_strdup_printf("%s, p99", what);

        bench_figures_add(f, p50, 1e3 * bench_quantile(seconds, CALLS, 0.5), "ms", "");
        bench_figures_add(f, p99, 1e3 * bench_quantile(seconds, CALLS, 0.99), "ms", "");
}

static void round_trips(BenchFigures *f, sd_bus *client) {
        g_autofree double *seconds = g_new(double, CALLS);

        for (int i = 0; i < CALLS; i++) {
                double start = bench_seconds();
                g_autofree char *error = test_compute(client, 1000, NULL, NULL, NULL);

                g_assert_null(error);
                seconds[i] = bench_seconds() - start;
        }
        latencies(f, "ComputePi of 1000 terms", seconds);
}

static void under_load(BenchFigures *f, sd_bus *client) {
        g_autofree double *seconds = g_new(double, CALLS);
        g_autofree char *path = NULL;

        g_assert_null(test_submit(client, ENDLESS, NULL, &path));
        test_wait_for_state(client, path, "running");
        for (int i = 0; i < CALLS; i++) {
                double start = bench_seconds();

                g_variant_unref(test_metrics(client));
                seconds[i] = bench_seconds() - start;
                /* A question now and then, as a person or a collector asks. */
                g_usleep(500);
        }
        g_assert_null(test_job_call(client, path, "Cancel"));
        latencies(f, "GetMetrics while all CPUs compute", seconds);
}

int main(int argc, char *argv[]) {
        BenchFigures *f = bench_figures_new("service");
        TestBus *bus = test_bus_new(TEST_BUS_SESSION);
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        overhead(f, client);
        round_trips(f, client);
        under_load(f, client);
        sd_bus_flush_close_unref(client);
        test_bus_free(bus);
        return bench_figures_finish(f);
}
