/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "config.h"
#include "tests/bench/machine.h"
#include "tests/bench/sample.h"
#include "tests/bench/table.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* What a cluster costs over one node. First three nodes that have a worker each on the same CPU, a
 * third of it each: ideally a job takes the time and the CPU time that one node alone takes. Then
 * two with a CPU each: ideally it takes half the time. */

#define SHARING 3
#define APART 2
#define LARGE UINT64_C(1000000000000)
#define LARGE_ROUNDS 3
#define SMALL UINT64_C(10000000000)
#define SMALL_ROUNDS 15
#define TINY UINT64_C(1000000)
#define TINY_ROUNDS 200

typedef struct Cost {
        BenchSample *seconds;
        BenchSample *cpu_seconds;
} Cost;

static double cpu_of_all(TestCluster *c) {
        double seconds = 0;

        for (guint i = 1; i <= c->n; i++)
                seconds += (double) test_node_resources(test_cluster_node(c, i)).cpu_usec / 1e6;
        return seconds;
}

static void run(TestCluster *c, uint64_t terms, const char *scope, const char *sum, Cost *cost) {
        g_autofree char *options = g_strdup_printf("{'scope': <'%s'>}", scope);
        double cpu = cpu_of_all(c), begin = bench_seconds();

        g_variant_unref(test_compute_over(test_cluster_node(c, 1), terms, options, sum));
        bench_sample_add(cost->seconds, bench_seconds() - begin);
        bench_sample_add(cost->cpu_seconds, cpu_of_all(c) - cpu);
}

static void add_ratio(BenchTable *t, const BenchSample *a, const BenchSample *b, double factor) {
        g_autoptr(BenchSample) ratio = bench_sample_ratio(a, b);

        bench_table_cell(t, "%.4f", factor * bench_sample_median(ratio));
        bench_table_range(t, factor * bench_sample_quantile(ratio, 0),
                          factor * bench_sample_quantile(ratio, 1));
}

/* `speedup`: of all nodes over one, if they cost nothing. */
static void compare(TestCluster *c, BenchTable *t, const char *name, uint64_t terms, guint rounds,
                    double speedup) {
        g_autofree char *sum = test_sum_alone(test_cluster_node(c, 1), terms);
        Cost alone = { bench_sample_new(), bench_sample_new() };
        Cost all = { bench_sample_new(), bench_sample_new() };
        double ideal;

        for (guint i = 0; i < rounds; i++) {
                gboolean first = g_random_boolean();

                if (first)
                        run(c, terms, "cluster", sum, &all);
                run(c, terms, "local", sum, &alone);
                if (!first)
                        run(c, terms, "cluster", sum, &all);
        }
        ideal = bench_sample_median(alone.seconds) / speedup;
        bench_table_cell(t, "%s", name);
        bench_table_number(t, ideal);
        bench_table_number(t, bench_sample_median(all.seconds));
        bench_table_cell(t, "%.2f", 1e3 * (bench_sample_median(all.seconds) - ideal));
        add_ratio(t, all.seconds, alone.seconds, speedup);
        add_ratio(t, all.cpu_seconds, alone.cpu_seconds, 1);
        bench_sample_free(alone.seconds);
        bench_sample_free(alone.cpu_seconds);
        bench_sample_free(all.seconds);
        bench_sample_free(all.cpu_seconds);
}

static void print_costs(const char *title, TestCluster *c, double speedup) {
        BenchTable *t = bench_table_new(title, (const char *const[]) {
                                                       "terms", "ideal s", "cluster s", "more ms",
                                                       "time ratio", "range", "CPU ratio", "range",
                                                       NULL });

        compare(c, t, "1e12", LARGE, LARGE_ROUNDS, speedup);
        compare(c, t, "1e10", SMALL, SMALL_ROUNDS, speedup);
        /* Not worth giving away. */
        compare(c, t, "1e6", TINY, TINY_ROUNDS, 1);
        bench_table_note(t, "Medians of %d, %d and %d rounds. CPU: all threads of all daemons.",
                         LARGE_ROUNDS, SMALL_ROUNDS, TINY_ROUNDS);
        bench_table_print(t);
}

int main(int argc, char *argv[]) {
        g_autoptr(TestCluster) sharing = NULL, apart = NULL;
        g_autoptr(BenchMachine) machine = NULL;

        test_enter_namespaces();
        machine = bench_machine_new();
        g_print("pi-computed %s; %s; %u CPUs, %s; load average before the run %.2f\n", PI_VERSION,
                machine->cpu, machine->n_cpus,
                machine->is_virtual ? "a virtual machine" : "no virtual machine", machine->load);
        bench_machine_pin();
        sharing = test_cluster_new_joined(SHARING);
        bench_machine_unpin();
        print_costs("What a cluster of three costs over one node on the same CPU", sharing, 1);
        test_cluster_free(g_steal_pointer(&sharing));
        if (machine->n_cpus < APART)
                return EXIT_SUCCESS;
        apart = test_cluster_new_joined(APART);
        print_costs("What a cluster of two costs, each on a CPU of its own", apart, APART);
        return EXIT_SUCCESS;
}
