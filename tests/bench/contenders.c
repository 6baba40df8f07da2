/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/contenders.h"

#include <math.h>

#include "tests/bench/core.h"
#include "tests/bench/loops.h"
#include "tests/bench/script.h"

/* The terms of the experiment. */
#define TERMS UINT64_C(1000000000)

/* Some tenths of a second of each; their rate does not depend on the number of terms. */
#define SCRIPT_TERMS UINT64_C(4000000)
#define NUMPY_TERMS UINT64_C(100000000)

#define RUN_SECONDS 0.12
#define SUMS_MAX 64

static double openmp_on_one_thread(uint64_t begin, uint64_t end) {
        return bench_loop_openmp(begin, end, 1);
}

static const BenchContender loops[] = {
        { .id = "plain-O2", .name = (char *) "(a) plain loop, -O2", .work.loop = bench_loop_plain },
        { .id = "plain-fast", .name = (char *) "(b) the same, fast-math",
          .work.loop = bench_loop_plain_fast },
        { .id = "two-terms-fast", .name = (char *) "(b') two terms a turn",
          .work.loop = bench_loop_two_terms },
        { .id = "openmp-1", .name = (char *) "(c) OpenMP, 1 thread",
          .work.loop = openmp_on_one_thread },
        { .id = "cpython", .name = (char *) "(d) CPython, plain loop", .script = "loop.py",
          .terms = SCRIPT_TERMS },
        { .id = "numpy", .name = (char *) "(e) numpy, in blocks", .script = "loop_numpy.py",
          .terms = NUMPY_TERMS },
        { .id = "pairs-fast", .name = (char *) "(f) one division a pair",
          .work.loop = bench_loop_pairs },
};

static BenchContender *contender_new(const BenchContender *of) {
        BenchContender *c = g_memdup2(of, sizeof(*of));

        c->name = g_strdup(of->name);
        c->terms = of->terms ? of->terms : TERMS;
        c->sums = 1;
        c->rate = bench_sample_new();
        c->cycles = bench_sample_new();
        return c;
}

static void contender_free(gpointer data) {
        BenchContender *c = data;

        g_free(c->name);
        g_free(c->who);
        g_free(c->absent);
        bench_sample_free(c->rate);
        bench_sample_free(c->cycles);
        g_free(c);
}

GPtrArray *bench_contenders_new(void) {
        GPtrArray *all = g_ptr_array_new_with_free_func(contender_free);

        for (gsize i = 0; i < G_N_ELEMENTS(loops); i++)
                g_ptr_array_add(all, contender_new(&loops[i]));
        if (!bench_loop_has_openmp())
                bench_contenders_find(all, "openmp-1")->absent =
                                g_strdup("built by a compiler without OpenMP");
        for (const PiKernel *const *k = pi_kernels(); *k; k++) {
                g_autofree char *name = g_strdup_printf("kernel %s", (*k)->name);

                g_ptr_array_add(all, contender_new(&(BenchContender) {
                                                     .id = (*k)->name,
                                                     .name = name,
                                                     .work.kernel = *k,
                                     }));
        }
        return all;
}

BenchContender *bench_contenders_find(const GPtrArray *contenders, const char *id) {
        for (guint i = 0; i < contenders->len; i++) {
                BenchContender *c = contenders->pdata[i];

                if (g_str_equal(c->id, id))
                        return c;
        }
        g_error("no contender %s", id);
}

/* Seconds of `c->sums` sums, and the last of them. */
static double timed(BenchContender *c, PiFixed *ret_sum) {
        double start = bench_seconds();

        for (guint i = 0; i < c->sums; i++)
                bench_work_sum(&c->work, (PiRange) { 0, c->terms }, ret_sum);
        return bench_seconds() - start;
}

/* The same of a script; NAN when it is absent. */
static double timed_script(BenchContender *c, PiFixed *ret_sum) {
        BenchScriptRun run = {};

        if (!bench_script_run(c->script, c->terms, &run, &c->absent))
                return NAN;
        bench_fixed_from_double(run.value, ret_sum);
        g_free(c->who);
        c->who = run.who;
        return run.seconds;
}

static double sane_seconds(BenchContender *c) {
        PiFixed sum;
        double seconds = c->script ? timed_script(c, &sum) : timed(c, &sum);

        if (c->absent)
                return NAN;
        if (!(c->script ? bench_sum_is_sane(&sum, c->terms, &c->error)
                        : bench_work_is_sane(&c->work, &sum, c->terms, &c->error)))
                g_error("%s computes something else: its pi is off by %g", c->name, c->error);
        return seconds;
}

void bench_contender_warm_up(BenchContender *c) {
        double seconds;

        if (c->absent)
                return;
        seconds = sane_seconds(c);
        if (!c->absent && !c->script)
                c->sums = (guint) CLAMP(ceil(RUN_SECONDS / seconds), 1, SUMS_MAX);
}

void bench_contender_run(BenchContender *c) {
        double before = bench_core_ghz(), seconds = sane_seconds(c), after = bench_core_ghz();
        double terms = (double) c->terms * c->sums;

        bench_sample_add(c->rate, terms / seconds / 1e9);
        bench_sample_add(c->cycles,
                         seconds * (before + after) / 2 * 1e9 / (terms / PI_GROUP_TERMS));
}
