/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "tests/bench/bench.h"
#include "tests/bench/loops.h"
#include "tests/bench/work.h"

/* One thread and all of them: OpenMP, bare threads, the service. Bare threads of the kernel tell
 * what the machine cannot do; what the service loses beside them is its own. */

#define GROUP "all cores"
/* More than elsewhere: threads meet other work on any of the CPUs. */
#define ROUNDS (2 * BENCH_ROUNDS + 1)

/* About as long as each other. */
#define SERVICE_TERMS UINT64_C(10000000000)
#define PAIRS_TERMS UINT64_C(2000000000)
#define OPENMP_TERMS UINT64_C(250000000)

/* The one that may be absent comes last. */
enum { BARE, SERVICE, PAIRS, OPENMP };

typedef struct Team {
        const char *id;
        char *name;
        uint64_t terms;
        void (*run)(const struct Team *t, const Bench *b, guint threads);
        BenchWork work;
        BenchSample *rate[2];  /* Gterm/s of one thread, of all */
        double seconds[2];     /* of all their runs */
        double stolen[2];      /* CPU time that the host kept from the machine meanwhile */
} Team;

static void run_openmp(const Team *t, const Bench *b, guint threads) {
        PiFixed sum;
        double error;

        bench_fixed_from_double(bench_loop_openmp(0, t->terms, (int) threads), &sum);
        if (!bench_sum_is_sane(&sum, t->terms, &error))
                g_error("%s computes something else: its pi is off by %g", t->name, error);
}

static void run_threads(const Team *t, const Bench *b, guint threads) {
        PiFixed sum;
        double error;

        bench_work_sum_on_threads(&t->work, t->terms, threads, &sum);
        if (!bench_work_is_sane(&t->work, &sum, t->terms, &error))
                g_error("%s computes something else: its pi is off by %g", t->name, error);
}

static void run_service(const Team *t, const Bench *b, guint threads) {
        g_autofree char *options = g_strdup_printf("{'cpus': <uint32 %u>}", threads);

        bench_compute(b->client, t->terms, options);
}

static void run(Team *t, const Bench *b, gboolean all) {
        double stolen = bench_machine_stolen_seconds(), start = bench_seconds(), seconds;

        t->run(t, b, all ? b->machine->n_cpus : 1);
        seconds = bench_seconds() - start;
        t->seconds[all] += seconds;
        t->stolen[all] += bench_machine_stolen_seconds() - stolen;
        bench_sample_add(t->rate[all], (double) t->terms / seconds / 1e9);
}

static void measure(Team *team, guint n, const Bench *b) {
        for (guint i = 0; i < n; i++)
                team[i].run(&team[i], b, b->machine->n_cpus); /* warm up */
        for (int round = 0; round < ROUNDS; round++) {
                g_autofree guint *order = bench_shuffled(2 * n);

                for (guint i = 0; i < 2 * n; i++)
                        run(&team[order[i] / 2], b, order[i] % 2);
        }
}

/* How many times as fast all threads of one are as all of another. */
static void add_multiple(BenchTable *table, const Bench *b, const Team *t, const Team *other) {
        g_autoptr(BenchSample) ratio = NULL;
        g_autofree char *unit = NULL;

        if (!other) {
                bench_table_cell(table, "-");
                return;
        }
        ratio = bench_sample_ratio(t->rate[1], other->rate[1]);
        unit = g_strdup_printf("x %s", other->id);
        bench_figures_add(b->figures, GROUP, t->id, "rate of all threads", unit, ratio);
        bench_table_number(table, bench_sample_median(ratio));
}

static double stolen_percent(const Team *t, const Bench *b, gboolean all) {
        return 100 * t->stolen[all] / t->seconds[all] / (all ? b->machine->n_cpus : 1);
}

static void add_row(BenchTable *table, const Bench *b, const Team *t, const Team *pairs,
                    const Team *openmp) {
        g_autoptr(BenchSample) speedup = bench_sample_ratio(t->rate[1], t->rate[0]);
        double n = b->machine->n_cpus;

        bench_table_cell(table, "%s", t->name);
        for (int all = 0; all < 2; all++) {
                g_autofree char *what = g_strdup_printf("rate of %u threads",
                                                        all ? b->machine->n_cpus : 1);
                bench_figures_add(b->figures, GROUP, t->id, what, "Gterm/s", t->rate[all]);
                bench_table_number(table, bench_sample_median(t->rate[all]));
        }
        bench_figures_add(b->figures, GROUP, t->id, "speed-up", "x 1 thread", speedup);
        bench_table_cell(table, "%.3f n", bench_sample_median(speedup) / n);
        bench_table_cell(table, "%.3f to %.3f", bench_sample_quantile(speedup, 0) / n,
                         bench_sample_quantile(speedup, 1) / n);
        add_multiple(table, b, t, openmp);
        add_multiple(table, b, t, pairs);
        for (int all = 0; all < 2; all++) {
                g_autofree char *what = g_strdup_printf("stolen from %u threads",
                                                        all ? b->machine->n_cpus : 1);

                bench_figures_add_value(b->figures, GROUP, t->id, what, "%",
                                        stolen_percent(t, b, all));
        }
        bench_table_cell(table, "%.1f, %.1f %%", stolen_percent(t, b, FALSE),
                         stolen_percent(t, b, TRUE));
}

static void print(const Bench *b, const Team *team, guint n) {
        g_autofree char *title = g_strdup_printf("All cores: n = %u", b->machine->n_cpus);
        BenchTable *t = bench_table_new(title, (const char *const[]) {
                                                       "Gterm/s", "1 thread", "n threads",
                                                       "speed-up", "range", "x (c)", "x (f)",
                                                       "stolen 1, n", NULL });

        for (guint i = 0; i < n; i++)
                add_row(t, b, &team[i], &team[PAIRS], n > OPENMP ? &team[OPENMP] : NULL);
        bench_table_cell(t, "goal for ComputePi");
        bench_table_cell(t, "%s", "");
        bench_table_cell(t, "%s", "");
        bench_table_cell(t, "0.97 n");
        bench_table_end_row(t);
        bench_table_note(t, "x: all threads of both. Stolen: what /proc/stat says the host kept "
                            "from these threads, of 1");
        bench_table_note(t, "and of n. Terms: %g; (f) %g, (c) %g. %d rounds.",
                         (double) SERVICE_TERMS, (double) PAIRS_TERMS, (double) OPENMP_TERMS,
                         ROUNDS);
        if (!bench_loop_has_openmp())
                bench_table_note(t, "(c) OpenMP: built by a compiler without it.");
        bench_table_print(t);
}

/* Both the kernel on bare threads and the service summed the same terms. */
static void add_overhead(Bench *b, const Team *bare, const Team *service) {
        for (int all = 0; all < 2; all++) {
                g_autoptr(BenchSample) ratio = bench_sample_ratio(bare->rate[all],
                                                                  service->rate[all]);
                g_autoptr(BenchSample) percent = bench_sample_new();
                guint threads = all ? b->machine->n_cpus : 1;
                g_autofree char *name = g_strdup_printf(
                                "ComputePi over the bare kernel, 1e10 terms, %u CPU%s", threads,
                                threads > 1 ? "s" : "");
                g_autofree char *id = g_strdup_printf("service-overhead-%u", threads);

                for (gsize i = 0; i < bench_sample_size(ratio); i++)
                        bench_sample_add(percent, 100 * (bench_sample_at(ratio, i) - 1));
                bench_add_cost(b, id, name, "%", percent, "at most 3 %");
        }
}

void bench_all_cores(Bench *b) {
        const char *kernel = pi_kernel_default()->name;
        Team team[] = {
                [BARE] = { .id = "bare", .name = g_strdup_printf("%s, bare threads", kernel),
                           .terms = SERVICE_TERMS, .run = run_threads,
                           .work.kernel = pi_kernel_default() },
                [SERVICE] = { .id = "service", .name = g_strdup_printf("%s, ComputePi", kernel),
                              .terms = SERVICE_TERMS, .run = run_service },
                [PAIRS] = { .id = "pairs-fast", .name = g_strdup("(f), bare threads"),
                            .terms = PAIRS_TERMS, .run = run_threads,
                            .work.loop = bench_loop_pairs },
                [OPENMP] = { .id = "openmp", .name = g_strdup("(c) OpenMP"),
                             .terms = OPENMP_TERMS, .run = run_openmp },
        };
        guint n = bench_loop_has_openmp() ? G_N_ELEMENTS(team) : OPENMP;

        for (guint i = 0; i < n; i++)
                for (int all = 0; all < 2; all++)
                        team[i].rate[all] = bench_sample_new();
        measure(team, n, b);
        print(b, team, n);
        add_overhead(b, &team[BARE], &team[SERVICE]);
        for (guint i = 0; i < G_N_ELEMENTS(team); i++) {
                g_free(team[i].name);
                bench_sample_free(team[i].rate[0]);
                bench_sample_free(team[i].rate[1]);
        }
}
