/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the referee must see, and what becomes of a lease then. Each fault is a kernel of the
 * test's. */
#include "daemon/work/worker.h"

#include "daemon/series/expected.h"
#include "daemon/series/partition.h"
#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "tests/unit/series/random.h"

#define TERMS (UINT64_C(1) << 20)
#define PARTS 8

/* How the fake kernels do wrong; set by each test. */
static struct {
        uint32_t worker;      /* who calls */
        uint64_t bad_group;   /* calls that hold it go wrong */
        uint32_t bad_workers; /* bit mask: on these workers */
        unsigned bad_calls;   /* so many times */
        uint64_t error;       /* added to the quotients */
} fault;

static uint64_t faulty_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = pi_kernel_generic.sum_groups(first, n, scaled_numerator);
        bool holds = first <= fault.bad_group && fault.bad_group < first + n;

        if (!holds || !(fault.bad_workers & 1u << fault.worker) || fault.bad_calls == 0)
                return sum;
        fault.bad_calls--;
        return sum + fault.error;
}

static const PiKernel faulty_kernel = { .name = "faulty",
                                        .exact = true,
                                        .sum_groups = faulty_groups };

/* The workers of a task, each on a CPU of its own, and what they saw. */
typedef struct Crew {
        PiWorker worker[4];
        PiSighting seen[16];
        unsigned n_seen;
} Crew;

static void saw(const PiSighting *sighting, gpointer userdata) {
        Crew *crew = userdata;

        g_assert_cmpuint(crew->n_seen, <, G_N_ELEMENTS(crew->seen));
        crew->seen[crew->n_seen++] = *sighting;
}

static void run_on(PiTask *task, Crew *crew, uint32_t index) {
        PiWorker *w = &crew->worker[index];

        w->index = index;
        w->cpu = 10 + index;
        w->saw = saw;
        w->userdata = crew;
        fault.worker = index;
        pi_worker_run(task, w);
}

static void assert_seen(const Crew *crew, unsigned i, PiSightingKind kind, uint32_t lease,
                        uint32_t worker, uint32_t attempts) {
        const PiSighting *s = &crew->seen[i];

        g_assert_cmpuint(i, <, crew->n_seen);
        g_assert_cmpint(s->kind, ==, kind);
        g_assert_cmpuint(s->lease, ==, lease);
        g_assert_cmpuint(s->worker, ==, worker);
        g_assert_cmpuint(s->cpu, ==, 10 + worker);
        g_assert_cmpuint(s->attempts, ==, attempts);
        if (kind == PI_SIGHTING_SETTLED)
                return;
        g_assert_cmpuint(s->stretch.begin / PI_GROUP_TERMS, <=, fault.bad_group);
        g_assert_cmpuint(s->stretch.end / PI_GROUP_TERMS, >, fault.bad_group);
        g_assert_false(pi_fixed_is_zero(&s->residual));
}

static void assert_right(const PiTask *task) {
        PiFixed sum, tolerance, want;

        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, task->terms }, &want);
        pi_task_sum(task, &sum, &tolerance);
        assert_fixed_equal(&sum, &want);
        g_assert_cmpuint(pi_task_terms_done(task), ==, task->terms);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 0);
}

/* The lease that the last group of the task is in. */
static const PiLease *last_lease(const PiTask *task) {
        return &task->leases->lease[task->leases->n - 1];
}

/* From a whole quotient (2^50) down to what is left of one after 30 of its bits. */
static void test_transient(void) {
        for (unsigned bit = 20; bit < 64; bit++) {
                g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, TERMS, PARTS, 1);
                Crew crew = {};
                const PiWorkerStats *stats = &crew.worker[0].stats;

                fault.bad_group = TERMS / PI_GROUP_TERMS - 1;
                fault.bad_workers = 1;
                fault.bad_calls = 1;
                fault.error = (UINT64_C(1) << bit) * (bit % 2 ? 1 : UINT64_MAX);
                run_on(task, &crew, 0);
                g_test_message("bit %u", bit);
                g_assert_cmpuint(fault.bad_calls, ==, 0);
                assert_right(task);
                g_assert_cmpuint(task->share[0].recomputed, ==, 1);
                g_assert_cmpuint(stats->recomputed, ==, 1);
                g_assert_cmpuint(stats->leases_failed, ==, 0);
                g_assert_cmpuint(last_lease(task)->attempts, ==, 1);
                g_assert_cmpuint(pi_task_retries(task), ==, 0);
                g_assert_cmpuint(crew.n_seen, ==, 1);
                assert_seen(&crew, 0, PI_SIGHTING_CLEARED, PARTS - 1, 0, 1);
                g_assert_cmpint(pi_fixed_is_negative(&crew.seen[0].residual), ==, bit % 2 == 0);
        }
}

static void break_group(uint64_t group, uint32_t workers) {
        fault.bad_group = group;
        fault.bad_workers = workers;
        fault.bad_calls = 1000;
        fault.error = UINT64_C(1) << 50;
}

/* It leaves with the first lease that it fails; whoever comes next takes that one first. */
static void test_one_bad_worker(void) {
        g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, TERMS, PARTS, 3);
        const PiLease *lease = &task->leases->lease[3];
        Crew crew = {};
        const PiWorkerStats *bad = &crew.worker[0].stats, *good = &crew.worker[2].stats;

        break_group(TERMS / PI_GROUP_TERMS / PARTS * 4 - 1, 1 << 0);
        run_on(task, &crew, 0);
        g_assert_cmpint(lease->state, ==, PI_LEASE_FAILED);
        g_assert_cmpuint(lease->attempts, ==, 1);
        g_assert_cmpuint(lease->worker, ==, 0);
        g_assert_cmpuint(lease->failures, ==, 1);
        g_assert_cmpuint(lease->failed_on[0], ==, 10);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, PARTS - 3);
        g_assert_cmpuint(pi_task_terms_done(task), ==, TERMS / PARTS * 3);
        g_assert_cmpuint(bad->leases_failed, ==, 1);
        g_assert_cmpuint(bad->leases_verified, ==, 3);
        g_assert_cmpuint(bad->parts, ==, 3);
        g_assert_cmpuint(task->redo, ==, 1);

        run_on(task, &crew, 2);
        assert_right(task);
        g_assert_cmpuint(task->redo, ==, 0);
        g_assert_cmpuint(lease->attempts, ==, 2);
        g_assert_cmpuint(lease->worker, ==, 2);
        g_assert_cmpuint(lease->cpu, ==, 12);
        for (uint32_t i = 4; i < PARTS; i++)
                g_assert_cmpuint(task->leases->lease[i].start_nsec, >=, lease->start_nsec);
        g_assert_cmpuint(good->leases_verified, ==, PARTS - 3);
        g_assert_cmpuint(good->recomputed, ==, 1);
        g_assert_cmpuint(good->terms, ==, TERMS / PARTS * (PARTS - 3));
        g_assert_cmpuint(pi_task_retries(task), ==, 1);
        g_assert_cmpuint(crew.n_seen, ==, 2);
        assert_seen(&crew, 0, PI_SIGHTING_LASTING, 3, 0, 1);
        assert_seen(&crew, 1, PI_SIGHTING_SETTLED, 3, 2, 2);
}

/* A CPU gets no second try, another worker on it neither; and a verified lease is left alone. */
static void test_no_cpu_twice(void) {
        g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, TERMS, PARTS, 4);
        Crew crew = {};

        break_group(TERMS / PI_GROUP_TERMS - 1, 1 << 0 | 1 << 1);
        g_assert_true(pi_task_may_run_on(task, 10));
        run_on(task, &crew, 0);
        g_assert_false(pi_task_may_run_on(task, 10));
        g_assert_true(pi_task_may_run_on(task, 11));

        run_on(task, &crew, 0);
        g_assert_cmpuint(last_lease(task)->attempts, ==, 1);
        g_assert_cmpuint(crew.n_seen, ==, 1);

        run_on(task, &crew, 1);
        g_assert_cmpuint(crew.worker[1].stats.leases_verified, ==, 0);
        g_assert_cmpuint(crew.worker[1].stats.leases_failed, ==, 1);
        g_assert_cmpuint(task->share[1].terms, ==, 0);
        g_assert_false(pi_task_may_run_on(task, 11));
        for (uint32_t i = 0; i + 1 < PARTS; i++)
                g_assert_cmpuint(task->leases->lease[i].attempts, ==, 1);

        run_on(task, &crew, 2);
        assert_right(task);
        g_assert_false(pi_task_may_run_on(task, 13));
        g_assert_cmpuint(crew.n_seen, ==, 3);
        assert_seen(&crew, 0, PI_SIGHTING_LASTING, PARTS - 1, 0, 1);
        assert_seen(&crew, 1, PI_SIGHTING_LASTING, PARTS - 1, 1, 2);
        assert_seen(&crew, 2, PI_SIGHTING_SETTLED, PARTS - 1, 2, 3);
        /* The same sum, wrong in the same way. */
        g_assert_cmpint(pi_fixed_cmp(&crew.seen[0].residual, &crew.seen[1].residual), ==, 0);
}

static void test_always_wrong(void) {
        g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, TERMS, PARTS, 4);
        PiFixed sum, tolerance;
        Crew crew = {};

        break_group(TERMS / PI_GROUP_TERMS - 1, UINT32_MAX);
        for (uint32_t attempt = 1; attempt <= PI_LEASE_ATTEMPTS_MAX; attempt++) {
                g_assert_true(pi_task_may_run_on(task, 10 + attempt - 1));
                run_on(task, &crew, attempt - 1);
                g_assert_cmpuint(last_lease(task)->attempts, ==, attempt);
                g_assert_cmpuint(last_lease(task)->failures, ==, attempt);
                g_assert_cmpint(last_lease(task)->state, ==, PI_LEASE_FAILED);
                g_assert_cmpuint(crew.worker[attempt - 1].stats.leases_failed, ==, 1);
        }
        /* Nobody else tries. */
        g_assert_cmpuint(task->redo, ==, 0);
        g_assert_false(pi_task_may_run_on(task, 10 + PI_LEASE_ATTEMPTS_MAX));
        run_on(task, &crew, PI_LEASE_ATTEMPTS_MAX);
        g_assert_cmpuint(crew.n_seen, ==, PI_LEASE_ATTEMPTS_MAX);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 1);
        pi_task_sum(task, &sum, &tolerance);
        g_assert_false(pi_verify_within((PiRange) { 0, TERMS }, &sum, &tolerance, NULL));
}

/* Of a lease that fails in its last stretch nothing stays, neither of the sum nor of the count. */
static void test_late_failure(void) {
        const uint64_t terms = 3 * PI_STRETCH_MAX;
        g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, terms, 1, 2);
        Crew crew = {};

        break_group(terms / PI_GROUP_TERMS - 1, 1 << 0);
        run_on(task, &crew, 0);
        g_assert_cmpint(task->leases->lease[0].state, ==, PI_LEASE_FAILED);
        /* The stretches that end at 2^17, 2^18 ... 2^21 terms, not the last one, and leaving. */
        g_assert_cmpuint(crew.worker[0].stats.beats, ==, 5 + 1);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
        g_assert_true(pi_fixed_is_zero(&task->share[0].sum));
        run_on(task, &crew, 1);
        assert_right(task);
}

static void fail_after_cancel(const PiSighting *sighting, gpointer userdata) {
        pi_task_cancel(sighting->task);
}

/* What was seen to fail has failed, even if the task is cancelled at that moment. */
static void test_failed_and_cancelled(void) {
        g_autoptr(PiTask) task = pi_task_new(&faulty_kernel, TERMS, PARTS, 1);
        PiWorker worker = { .cpu = 3, .saw = fail_after_cancel };

        break_group(TERMS / PI_GROUP_TERMS - 1, 1 << 0);
        fault.worker = 0;
        pi_worker_run(task, &worker);
        g_assert_cmpint(last_lease(task)->state, ==, PI_LEASE_FAILED);
        g_assert_cmpuint(last_lease(task)->failed_on[0], ==, 3);
}

/* Term by term, the sign of the first one +, as the experiment's task did it. */
static double restarted_sum(uint64_t begin, uint64_t end) {
        double sum = 0, sign = 1;

        for (uint64_t i = begin; i < end; i++) {
                sum += sign / (double) (2 * i + 1);
                sign = -sign;
        }
        return sum;
}

static void set_double(PiFixed *ret, double value) {
        g_assert_true(pi_fixed_from_double(value, ret));
}

/* The loop over 48 CPUs where 128 parts were meant. */
static void few_parts(PiRange range, PiFixed *ret) {
        uint64_t part = (range.end - range.begin) / 128;

        set_double(ret, restarted_sum(range.begin, range.begin + 48 * part));
}

static void all_parts(PiRange range, PiFixed *ret) {
        uint64_t part = (range.end - range.begin) / 128;
        PiFixed rest;

        few_parts(range, ret);
        set_double(&rest, restarted_sum(range.begin + 48 * part, range.end));
        pi_fixed_add(ret, &rest);
}

/* Two parts, the second of which begins at an odd term, each with a sign of its own. */
static void restarted_sign(PiRange range, PiFixed *ret) {
        uint64_t odd = range.begin + ((range.end - range.begin) / 2 | 1);

        set_double(ret, restarted_sum(range.begin, odd) + restarted_sum(odd, range.end));
}

static void carried_sign(PiRange range, PiFixed *ret) {
        uint64_t odd = range.begin + ((range.end - range.begin) / 2 | 1);

        set_double(ret, restarted_sum(range.begin, odd) - restarted_sum(odd, range.end));
}

/* terms / 10 * 10 */
static void dropped_remainder(PiRange range, PiFixed *ret) {
        uint64_t part = (range.end - range.begin) / 10;

        set_double(ret, restarted_sum(range.begin, range.begin + 10 * part));
}

static void kept_remainder(PiRange range, PiFixed *ret) {
        set_double(ret, restarted_sum(range.begin, range.end));
}

/* The first fault by a kernel that is exact in what it does add. */
static uint64_t few_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        return n * 48 / 128 ? pi_kernel_generic.sum_groups(first, n * 48 / 128, scaled_numerator)
                            : 0;
}

static void expect_caught(const PiKernel *kernel, uint64_t terms, uint64_t parts, bool caught) {
        g_autoptr(PiTask) task = pi_task_new(kernel, terms, parts, 1);
        PiWorker worker = {};

        g_test_message("%s, %" G_GUINT64_FORMAT " terms in %" G_GUINT64_FORMAT " parts",
                       kernel->name, (guint64) terms, (guint64) parts);
        pi_worker_run(task, &worker);
        if (!caught) {
                g_assert_cmpuint(pi_task_leases_missing(task), ==, 0);
                g_assert_cmpuint(worker.stats.leases_failed, ==, 0);
                return;
        }
        for (worker.cpu = 1; pi_task_may_run_on(task, worker.cpu); worker.cpu++)
                pi_worker_run(task, &worker);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, task->leases->n);
        g_assert_cmpuint(worker.stats.leases_verified, ==, 0);
        g_assert_cmpuint(worker.stats.leases_failed, ==,
                         (uint64_t) PI_LEASE_ATTEMPTS_MAX * task->leases->n);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
        g_assert_true(pi_fixed_is_zero(&task->share[0].sum));
}

/* No part has a multiple of 10 terms, or nothing would be dropped of it. */
static const struct {
        uint64_t terms, parts;
} sizes[] = { { 1003, 1 }, { 40024, 2 }, { 100024, 8 }, { 205832, 128 } };

static void test_experiment(void) {
        static const struct {
                PiKernel kernel;
                bool caught;
        } cases[] = {
                { { .name = "48 of 128", .sum_terms = few_parts }, true },
                { { .name = "128 of 128", .sum_terms = all_parts }, false },
                { { .name = "restarted sign", .sum_terms = restarted_sign }, true },
                { { .name = "carried sign", .sum_terms = carried_sign }, false },
                { { .name = "dropped remainder", .sum_terms = dropped_remainder }, true },
                { { .name = "kept remainder", .sum_terms = kept_remainder }, false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++)
                        expect_caught(&cases[i].kernel, sizes[j].terms, sizes[j].parts,
                                      cases[i].caught);
}

static void test_experiment_exact(void) {
        static const PiKernel kernel = { .name = "48 of 128",
                                         .exact = true,
                                         .sum_groups = few_groups };
        g_autoptr(PiTask) task = pi_task_new(&kernel, TERMS, 1, 1);
        PiWorker worker = {};

        pi_worker_run(task, &worker);
        g_assert_cmpint(task->leases->lease[0].state, ==, PI_LEASE_FAILED);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/faults/transient", test_transient);
        g_test_add_func("/faults/one-bad-worker", test_one_bad_worker);
        g_test_add_func("/faults/no-cpu-twice", test_no_cpu_twice);
        g_test_add_func("/faults/always-wrong", test_always_wrong);
        g_test_add_func("/faults/late-failure", test_late_failure);
        g_test_add_func("/faults/failed-and-cancelled", test_failed_and_cancelled);
        g_test_add_func("/faults/experiment", test_experiment);
        g_test_add_func("/faults/experiment-exact", test_experiment_exact);
        return g_test_run();
}
