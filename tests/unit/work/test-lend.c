/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/lend.h"

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "daemon/work/clock.h"
#include "daemon/work/worker.h"

#define TERMS UINT64_C(1000003)
#define NODE 1

static PiTask *new_task(uint64_t parts) {
        return pi_task_new(&pi_kernel_generic, TERMS, parts, 2);
}

static PiWorker worker(uint32_t index) {
        return (PiWorker) { .index = index, .cpu = 40 + index };
}

static PiLoanOutcome answer(PiTask *task, uint32_t lease) {
        PiFixed sum;

        pi_sum_range(&pi_kernel_generic, pi_task_lease_range(task, lease), &sum);
        return pi_task_accept(task, lease, NODE, &sum);
}

static void assert_complete(PiTask *task) {
        PiFixed sum, tolerance, want;

        g_assert_cmpuint(pi_task_leases_missing(task), ==, 0);
        g_assert_cmpuint(pi_task_terms_done(task), ==, TERMS);
        g_assert_cmpuint(pi_task_untaken_terms(task), ==, 0);
        pi_sum_range(&pi_kernel_generic, pi_task_range(task), &want);
        pi_task_sum(task, &sum, &tolerance);
        g_assert_cmpint(pi_fixed_cmp(&sum, &want), ==, 0);
}

/* Runs of neighbours, as many as fit, once each. */
static void test_runs(void) {
        g_autoptr(PiTask) task = new_task(100);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 64, TERMS / 10, &first), ==, 10);
        g_assert_cmpuint(first, ==, 0);
        g_assert_cmpuint(pi_task_lend(task, 7, TERMS, &first), ==, 7);
        g_assert_cmpuint(first, ==, 10);
        /* One is given however large it is. */
        g_assert_cmpuint(pi_task_lend(task, 64, 1, &first), ==, 1);
        g_assert_cmpuint(first, ==, 17);
        g_assert_cmpuint(pi_task_lend(task, 64, UINT64_MAX, &first), ==, 64);
        g_assert_cmpuint(pi_task_lend(task, 64, UINT64_MAX, &first), ==, 18);
        g_assert_cmpuint(first, ==, 82);
        g_assert_cmpuint(pi_task_lend(task, 64, UINT64_MAX, &first), ==, 0);
        g_assert_cmpuint(pi_task_untaken_terms(task), ==, 0);
        for (uint32_t i = 0; i < 100; i++) {
                g_assert_cmpint(atomic_load(&task->leases->lease[i].state), ==, PI_LEASE_LENT);
                g_assert_cmpint(answer(task, i), ==, PI_LOAN_COUNTED);
        }
        assert_complete(task);
        g_assert_cmpuint(task->elsewhere.leases, ==, 100);
}

/* What is lent is not taken by workers, and what they have is not lent. */
static void test_beside_workers(void) {
        g_autoptr(PiTask) task = new_task(10);
        PiWorker w = worker(0);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 4, UINT64_MAX, &first), ==, 4);
        pi_worker_run(task, &w);
        g_assert_cmpuint(task->share[0].leases, ==, 6);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 4);
        for (uint32_t i = 0; i < 4; i++)
                g_assert_cmpint(answer(task, i), ==, PI_LOAN_COUNTED);
        assert_complete(task);
}

/* A lease counts once, whatever comes back twice. */
static void test_twice(void) {
        g_autoptr(PiTask) task = new_task(3);
        PiWorker w = worker(0);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 1, 1, &first), ==, 1);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_LATE);
        pi_task_return(task, 0);
        pi_task_double(task, 0);
        pi_worker_run(task, &w);
        g_assert_cmpint(answer(task, 1), ==, PI_LOAN_LATE);
        g_assert_cmpuint(task->share[0].leases, ==, 2);
        assert_complete(task);
}

/* A loan that is over is anybody's; it can be lent again. */
static void test_returned(void) {
        g_autoptr(PiTask) task = new_task(4);
        PiWorker w = worker(1);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 4, UINT64_MAX, &first), ==, 4);
        pi_task_return(task, 1);
        pi_task_return(task, 1);
        pi_task_return(task, 3);
        g_assert_cmpuint(pi_task_untaken_terms(task), >, 0);
        g_assert_cmpuint(pi_task_lend(task, 4, UINT64_MAX, &first), ==, 1);
        pi_worker_run(task, &w);
        g_assert_cmpuint(task->share[1].leases, ==, 1);
        /* Both had been handed out before. */
        g_assert_cmpuint(pi_task_retries(task), ==, 2);
        for (uint32_t i = 0; i < 4; i++)
                (void) answer(task, i);
        assert_complete(task);
}

/* A doubled lease is whoever's is first: here the worker of this node. */
static void test_doubled_won(void) {
        g_autoptr(PiTask) task = new_task(2);
        PiWorker w = worker(0);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 2, UINT64_MAX, &first), ==, 2);
        pi_task_double(task, 0);
        pi_task_double(task, 0);
        pi_worker_run(task, &w);
        g_assert_cmpuint(task->share[0].leases, ==, 1);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_LATE);
        g_assert_cmpint(answer(task, 1), ==, PI_LOAN_COUNTED);
        assert_complete(task);
}

/* And here the member, before a worker had looked. */
static void test_doubled_lost(void) {
        g_autoptr(PiTask) task = new_task(2);
        PiWorker w = worker(0);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 2, UINT64_MAX, &first), ==, 2);
        pi_task_double(task, 0);
        pi_task_double(task, 1);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        pi_worker_run(task, &w);
        g_assert_cmpuint(task->share[0].leases, ==, 1);
        assert_complete(task);
}

#define HALF_DONE 8000

/* The first lease, by a worker that was told to leave. */
static void leave_half_done(PiTask *task, uint32_t of_worker) {
        PiPartial partial;

        g_assert_true(pi_task_take(task, 40, &partial));
        g_assert_true(pi_task_begin(task, 0));
        partial.next_term = HALF_DONE;
        atomic_store(&task->share[of_worker].terms, HALF_DONE);
        g_assert_true(pi_task_leave(task, &partial));
}

/* The kernel below has the member answer while a worker is in the middle of the lease. */
static PiTask *overtaken_task;

static bool supported(void) {
        return TRUE;
}

static uint64_t overtaken_sum_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = pi_kernel_generic.sum_groups(first, n, scaled_numerator);
        PiTask *task = g_steal_pointer(&overtaken_task);

        if (task)
                g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        return sum;
}

static const PiKernel overtaken_kernel = {
        .name = "overtaken", .exact = true, .supported = supported,
        .sum_groups = overtaken_sum_groups,
};

static void test_overtaken(void) {
        g_autoptr(PiTask) task = pi_task_new(&overtaken_kernel, TERMS, 1, 2);
        PiWorker w = worker(0);

        leave_half_done(task, 1);
        overtaken_task = task;
        pi_worker_run(task, &w);
        g_assert_cmpuint(task->share[0].leases, ==, 0);
        g_assert_cmpuint(task->share[0].terms, ==, 0);
        g_assert_false(task->share[0].is_open);
        assert_complete(task);
}

/* Left half done, then answered: what was done does not count beside it. */
static void test_left_then_answered(void) {
        g_autoptr(PiTask) task = new_task(1);
        PiPartial partial;

        leave_half_done(task, 0);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        g_assert_false(pi_task_take(task, 40, &partial));
        assert_complete(task);
}

/* What was done counts in whosever hands it is: a job never steps back as it is left and taken. */
static void test_left_then_taken(void) {
        g_autoptr(PiTask) task = new_task(1);
        PiPartial partial;

        leave_half_done(task, 0);
        g_assert_cmpuint(pi_task_terms_done(task), ==, HALF_DONE);
        g_assert_true(pi_task_take(task, 40, &partial));
        g_assert_cmpuint(partial.next_term, ==, HALF_DONE);
        g_assert_cmpuint(pi_task_terms_done(task), ==, HALF_DONE);
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        g_assert_false(pi_task_leave(task, &partial));
        pi_task_drop(task, &partial);
        assert_complete(task);
}

/* Taken out of what was left, and answered before it was begun with. */
static void test_taken_then_answered(void) {
        g_autoptr(PiTask) task = new_task(1);
        PiPartial partial;

        g_assert_true(pi_task_take(task, 40, &partial));
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_COUNTED);
        g_assert_true(pi_task_is_overtaken(task, 0));
        g_assert_false(pi_task_begin(task, 0));
        g_assert_false(pi_task_leave(task, &partial));
        g_assert_false(pi_task_give_back(task, 0));
        assert_complete(task);
}

/* A member's right answer settles what a core had wrong. */
static void test_settled(void) {
        g_autoptr(PiTask) task = new_task(2);
        PiPartial partial;

        g_assert_true(pi_task_take(task, 40, &partial));
        g_assert_true(pi_task_begin(task, 0));
        pi_task_note_failure(task, 0, 40);
        g_assert_true(pi_task_give_back(task, 0));
        g_assert_true(pi_task_may_retry_on(task, 41));
        g_assert_cmpint(answer(task, 0), ==, PI_LOAN_SETTLED);
        g_assert_false(pi_task_may_retry_on(task, 41));
        g_assert_cmpuint(atomic_load(&task->redo), ==, 0);
        g_assert_cmpint(answer(task, 1), ==, PI_LOAN_COUNTED);
        g_assert_cmpuint(task->elsewhere.leases, ==, 2);
}

/* A checkpoint has what members did, and the workers' half of a lease that a member was first with
 * is not in it. */
static void test_snapshot(void) {
        g_autoptr(PiTask) task = new_task(20), again = new_task(20);
        g_autoptr(PiSnapshot) snapshot = NULL;
        PiWorker w = worker(0);
        uint32_t first;

        g_assert_cmpuint(pi_task_lend(task, 5, UINT64_MAX, &first), ==, 5);
        for (uint32_t i = 0; i < 3; i++)
                g_assert_cmpint(answer(task, i), ==, PI_LOAN_COUNTED);
        snapshot = pi_task_snapshot(task);
        g_assert_cmpuint(snapshot->terms_done, ==, pi_task_lease_range(task, 2).end);
        g_assert_true(pi_task_restore(again, snapshot));
        pi_worker_run(again, &w);
        assert_complete(again);
        g_assert_cmpuint(again->share[0].leases, ==, 17);
}

/* Only what a worker has been at for long is tried by somebody else. */
static void test_second(void) {
        g_autoptr(PiTask) task = new_task(3);
        PiPartial partial;
        uint32_t lease;

        g_assert_false(pi_task_lend_second(task, UINT64_MAX, &lease));
        g_assert_true(pi_task_take(task, 40, &partial));
        g_assert_true(pi_task_begin(task, 0));
        atomic_store(&task->leases->lease[0].start_nsec, 1000);
        g_assert_false(pi_task_lend_second(task, 999, &lease));
        g_assert_true(pi_task_lend_second(task, 1000, &lease));
        g_assert_cmpuint(lease, ==, 0);
}

/* A run of leases is the same terms at both ends, and its sums are those of the leases. */
static void test_run_of_another(void) {
        static const uint64_t numbers_of_parts[] = { 1, 7, 100, 5000, 125000 };

        for (gsize i = 0; i < G_N_ELEMENTS(numbers_of_parts); i++) {
                uint64_t parts = numbers_of_parts[i];
                g_autoptr(PiTask) whole = new_task(parts);
                uint32_t all = pi_leases_of(parts), first = all / 3, n = MIN(all - first, 64);
                g_autoptr(PiTask) run = pi_task_new_run(&pi_kernel_generic, TERMS, parts, first, n,
                                                        1);
                PiWorker w = worker(0);

                pi_worker_run(run, &w);
                g_assert_cmpuint(pi_task_leases_missing(run), ==, 0);
                for (uint32_t l = 0; l < n; l++) {
                        PiRange range = pi_task_lease_range(whole, first + l);
                        PiFixed want;

                        g_assert_cmpuint(pi_task_lease_range(run, l).begin, ==, range.begin);
                        g_assert_cmpuint(pi_task_lease_range(run, l).end, ==, range.end);
                        pi_sum_range(&pi_kernel_generic, range, &want);
                        g_assert_cmpint(pi_fixed_cmp(&run->lease_sum[l], &want), ==, 0);
                }
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lend/runs", test_runs);
        g_test_add_func("/lend/beside-workers", test_beside_workers);
        g_test_add_func("/lend/twice", test_twice);
        g_test_add_func("/lend/returned", test_returned);
        g_test_add_func("/lend/doubled-won", test_doubled_won);
        g_test_add_func("/lend/doubled-lost", test_doubled_lost);
        g_test_add_func("/lend/overtaken", test_overtaken);
        g_test_add_func("/lend/left-then-answered", test_left_then_answered);
        g_test_add_func("/lend/left-then-taken", test_left_then_taken);
        g_test_add_func("/lend/taken-then-answered", test_taken_then_answered);
        g_test_add_func("/lend/settled", test_settled);
        g_test_add_func("/lend/snapshot", test_snapshot);
        g_test_add_func("/lend/second", test_second);
        g_test_add_func("/lend/run-of-another", test_run_of_another);
        return g_test_run();
}
