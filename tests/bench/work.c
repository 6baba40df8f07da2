/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/work.h"

#include <math.h>
#include <stdatomic.h>

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "daemon/work/cpus.h"

/* What a thread takes at a time: short beside a run, so that none waits long for the last. */
#define CHUNK_TERMS (UINT64_C(1) << 24)

/* Rounding of 10^9 additions makes errors of 1e-12. Of 10^9 terms, leaving out all but 48/128 of
 * them makes one of 1.7e-9. */
#define SANE_ERROR 2e-10

void bench_fixed_from_double(double value, PiFixed *ret) {
        double ulps = rint(ldexp(value, PI_FIXED_FRACTION_BITS));

        if (!pi_fixed_from_double(ldexp(ulps, -PI_FIXED_FRACTION_BITS), ret))
                g_error("%g is no sum of this series", value);
}

void bench_work_sum(const BenchWork *w, PiRange range, PiFixed *ret) {
        PiFixed sum = PI_FIXED_ZERO;

        if (w->loop) {
                bench_fixed_from_double(w->loop(range.begin, range.end), ret);
                return;
        }
        for (uint64_t i = range.begin, end; i < range.end; i = end) {
                PiFixed stretch;

                end = MIN(pi_stretch_end(i), range.end);
                pi_sum_range(w->kernel, (PiRange) { i, end }, &stretch);
                pi_fixed_add(&sum, &stretch);
        }
        *ret = sum;
}

typedef struct Team {
        const BenchWork *work;
        uint64_t terms;
        _Atomic uint64_t cursor;
} Team;

typedef struct Member {
        Team *team;
        GThread *thread;
        uint32_t cpu;
        PiFixed sum;
} Member;

static gpointer member_main(gpointer userdata) {
        Member *m = userdata;
        Team *team = m->team;
        PiFixed sum = PI_FIXED_ZERO;

        pi_cpus_settle_thread(m->cpu);
        for (;;) {
                uint64_t i = atomic_fetch_add(&team->cursor, CHUNK_TERMS);
                PiFixed chunk;

                if (i >= team->terms)
                        break;
                bench_work_sum(team->work, (PiRange) { i, MIN(i + CHUNK_TERMS, team->terms) },
                               &chunk);
                pi_fixed_add(&sum, &chunk);
        }
        m->sum = sum;
        return NULL;
}

void bench_work_sum_on_threads(const BenchWork *w, uint64_t terms, guint n, PiFixed *ret) {
        Team team = { .work = w, .terms = terms };
        g_autofree uint32_t *cpu = NULL;
        uint32_t n_cpus = pi_cpus_allowed(&cpu);
        g_autofree Member *member = g_new0(Member, n);

        for (guint i = 0; i < n; i++) {
                member[i] = (Member) { .team = &team, .cpu = cpu[i % n_cpus] };
                member[i].thread = g_thread_new("bench", member_main, &member[i]);
        }
        *ret = PI_FIXED_ZERO;
        for (guint i = 0; i < n; i++) {
                g_thread_join(member[i].thread);
                pi_fixed_add(ret, &member[i].sum);
        }
}

gboolean bench_sum_is_sane(const PiFixed *sum, uint64_t terms, double *ret_error) {
        PiFixed difference = *sum, expected;

        pi_expected_sum((PiRange) { 0, terms }, &expected);
        pi_fixed_sub(&difference, &expected);
        *ret_error = 4 * pi_fixed_to_double(&difference);
        return fabs(*ret_error) < SANE_ERROR;
}

gboolean bench_work_is_sane(const BenchWork *w, const PiFixed *sum, uint64_t terms,
                            double *ret_error) {
        gboolean sane = bench_sum_is_sane(sum, terms, ret_error);

        if (!w->loop && w->kernel->exact)
                return pi_verify(w->kernel, (PiRange) { 0, terms }, sum, NULL);
        return sane;
}
