/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "config.h"
#include "daemon/series/expected.h"
#include "tests/bench/bench.h"
#include "tests/bench/contenders.h"
#include "tests/bus/harness.h"

/* What the speed of this program is worth: one core, all cores, the service. */

static void print_machine(const BenchMachine *m) {
        g_print("pi-computed %s, numerics version %d, kernel %s\n", PI_VERSION,
                PI_NUMERICS_VERSION, pi_kernel_default()->name);
        g_print("%s; %u CPUs, %s\n", m->cpu, m->n_cpus,
                m->is_virtual ? "a virtual machine" : "no virtual machine");
        g_print("%s; %s; load average before the run %.2f\n", m->os, m->compiler, m->load);
}

/* The program has to see what is wrong, or a figure of something else would look like one. */
static void check_the_check(void) {
        uint64_t terms = 1000000000;
        double error;
        PiFixed sum;

        pi_expected_sum((PiRange) { 0, terms }, &sum);
        g_assert_true(bench_sum_is_sane(&sum, terms, &error));
        pi_expected_sum((PiRange) { 0, terms / 128 * 48 }, &sum);
        g_assert_false(bench_sum_is_sane(&sum, terms, &error));
}

double bench_compute(sd_bus *client, uint64_t terms, const char *options) {
        double start = bench_seconds(), seconds, pi;
        g_autofree char *error = test_compute(client, terms, options, &pi, NULL);
        PiFixed expected;

        seconds = bench_seconds() - start;
        g_assert_cmpstr(error, ==, NULL);
        pi_expected_sum((PiRange) { 0, terms }, &expected);
        g_assert_cmpfloat_with_epsilon(pi, 4 * pi_fixed_to_double(&expected), 1e-15);
        return seconds;
}

void bench_add_cost(Bench *b, const char *id, const char *name, const char *unit,
                    const BenchSample *sample, const char *goal) {
        bench_figures_add(b->figures, "costs", id, name, unit, sample);
        bench_table_cell(b->costs, "%s", name);
        bench_table_cell(b->costs, "%.2f %s", bench_sample_median(sample), unit);
        bench_table_cell(b->costs, "%.2f to %.2f", bench_sample_quantile(sample, 0),
                         bench_sample_quantile(sample, 1));
        bench_table_cell(b->costs, "%s", goal);
}

int main(int argc, char *argv[]) {
        g_autoptr(BenchMachine) machine = bench_machine_new();
        Bench b = { .machine = machine, .figures = bench_figures_new(machine) };
        TestBus *bus = test_bus_new(TEST_BUS_SESSION);

        b.costs = bench_table_new("What the service costs",
                                  (const char *const[]) { "", "median", "range", "goal", NULL });
        check_the_check();
        test_daemon_start(bus, NULL);
        b.client = test_connect(bus);
        test_wait_for_name(b.client); /* or the bus would cut a connection nobody speaks on */
        print_machine(machine);

        bench_one_core(&b);
        bench_verification(&b);
        bench_all_cores(&b);
        bench_parts(&b);
        bench_table_note(b.costs, "Medians of ratios within a round; of verification and of parts, "
                                  "a round is a median, too.");
        bench_table_print(b.costs);
        bench_latency(&b);

        sd_bus_flush_close_unref(b.client);
        test_bus_free(bus);
        return bench_figures_finish(b.figures);
}
