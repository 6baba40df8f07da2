/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/runner.h"

#include <string.h>

#include "daemon/series/sum.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/series/random.h"
#include "tests/unit/work/gate.h"

/* Long enough that every part has groups of a kernel. */
#define PART_TERMS UINT64_C(500000)

/* How the fake kernel does wrong. */
static struct {
        atomic_int bad_calls; /* still to spoil */
        _Atomic(GThread *) bad_thread; /* spoils all its calls; set by the first one to come */
        atomic_bool first_is_bad;
} fault;

static uint64_t faulty_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = gate_sum_groups(first, n, scaled_numerator);
        GThread *nobody = NULL;

        if (atomic_load(&fault.first_is_bad)) {
                atomic_compare_exchange_strong(&fault.bad_thread, &nobody, g_thread_self());
                return atomic_load(&fault.bad_thread) == g_thread_self() ? sum / 2 : sum;
        }
        return atomic_fetch_sub(&fault.bad_calls, 1) > 0 ? sum / 2 : sum;
}

static const PiKernel faulty_kernel = { .name = "faulty",
                                        .exact = true,
                                        .sum_groups = faulty_groups };

/* The first sums of two leases are wrong, twice: each lease fails on the first CPU to try it. */
static struct {
        atomic_int calls;
} crosswise[2];

static uint64_t crosswise_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        static const uint64_t begin[2] = { PI_HEAD_GROUPS, PART_TERMS / PI_GROUP_TERMS };
        uint64_t sum = gate_sum_groups(first, n, scaled_numerator);

        for (unsigned i = 0; i < 2; i++)
                if (first == begin[i] && atomic_fetch_add(&crosswise[i].calls, 1) < 2)
                        return sum / 2;
        return sum;
}

static const PiKernel crosswise_kernel = { .name = "crosswise",
                                           .exact = true,
                                           .sum_groups = crosswise_groups };

typedef struct Trial {
        PiPool *pool;
        PiJob *job;
        PiRunnerHooks hooks;
        unsigned done;
        unsigned left;
} Trial;

static void on_done(PiJob *job, gpointer userdata) {
        Trial *t = userdata;

        t->done++;
}

static void on_left(PiJob *job, gpointer userdata) {
        Trial *t = userdata;

        t->left++;
}

/* Without a referee: nobody is suspect, but no CPU tries a lease twice. */
static void begin(Trial *t, uint32_t workers, const PiKernel *kernel, uint64_t parts,
                  uint32_t cpus) {
        static const uint32_t numbers[] = { 60, 61, 62, 63 };

        *t = (Trial) { .hooks = { on_done, on_left, t } };
        t->pool = pi_pool_new_on(numbers, workers, NULL);
        t->job = made_job(77, kernel, parts * PART_TERMS + 3, parts, cpus);
        pi_job_set_state(t->job, PI_JOB_RUNNING);
        pi_runner_start(t->pool, t->job, cpus, &t->hooks);
        g_assert_nonnull(t->job->task);
        g_assert_cmpuint(t->job->slots, ==, cpus);
}

static void wait(Trial *t) {
        while (t->done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(t->done, ==, 1);
        g_assert_cmpuint(pi_pool_idle(t->pool), ==, pi_pool_size(t->pool));
}

static void end(Trial *t) {
        pi_pool_free(t->pool);
        pi_job_free(t->job);
        fault.first_is_bad = false;
        fault.bad_thread = NULL;
        fault.bad_calls = 0;
}

static void assert_right(const PiJob *job) {
        PiFixed sum, tolerance, want;

        g_assert_no_error(job->error);
        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, job->spec.terms }, &want);
        pi_task_sum(job->task, &sum, &tolerance);
        assert_fixed_equal(&sum, &want);
        g_assert_cmpuint(pi_task_leases_missing(job->task), ==, 0);
        g_assert_cmpuint(pi_task_terms_done(job->task), ==, job->spec.terms);
}

static void test_well(void) {
        for (uint32_t workers = 1; workers <= 3; workers++)
                for (uint32_t cpus = 1; cpus <= workers; cpus++) {
                        Trial t;

                        begin(&t, workers, &faulty_kernel, 4, cpus);
                        wait(&t);
                        assert_right(t.job);
                        g_assert_cmpuint(pi_task_retries(t.job->task), ==, 0);
                        end(&t);
                }
}

/* Wrong once is put right without a word: the stretch is summed again. */
static void test_transient(void) {
        const PiTaskShare *share;
        Trial t;

        fault.bad_calls = 1;
        begin(&t, 2, &faulty_kernel, 4, 2);
        wait(&t);
        assert_right(t.job);
        share = t.job->task->share;
        g_assert_cmpuint(share[0].recomputed + share[1].recomputed, ==, 1);
        end(&t);
}

static void test_one_bad_worker(void) {
        for (uint32_t workers = 2; workers <= 3; workers++) {
                Trial t;

                fault.first_is_bad = true;
                begin(&t, workers, &faulty_kernel, 1, 1);
                wait(&t);
                assert_right(t.job);
                g_assert_cmpuint(pi_task_retries(t.job->task), ==, 1);
                g_assert_cmpuint(t.job->task->share[0].leases, ==, 0);
                g_assert_cmpuint(t.job->task->share[0].recomputed, ==, 1);
                g_assert_cmpuint(pi_pool_worker_stats(t.pool, 0)->leases_failed, ==, 1);
                end(&t);
        }
}

/* It fails one lease and leaves, and none of its sums comes into the result. */
static void test_bad_worker_among_good(void) {
        for (unsigned round = 0; round < 20; round++) {
                Trial t;

                fault.first_is_bad = true;
                begin(&t, 3, &faulty_kernel, 12, 3);
                wait(&t);
                assert_right(t.job);
                g_assert_cmpuint(pi_task_retries(t.job->task), ==, 1);
                end(&t);
        }
}

static void test_always_wrong(void) {
        for (uint32_t workers = 1; workers <= 4; workers++) {
                uint32_t tries = MIN(workers, PI_LEASE_ATTEMPTS_MAX);
                Trial t;

                fault.bad_calls = INT_MAX;
                begin(&t, workers, &faulty_kernel, 1, 1);
                wait(&t);
                g_assert_error(t.job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
                g_test_message("%s", t.job->error->message);
                g_assert_nonnull(strstr(t.job->error->message, "Job 77"));
                g_assert_nonnull(strstr(t.job->error->message, "parts 0 to 0"));
                g_assert_nonnull(strstr(t.job->error->message,
                                        tries == 1   ? "(60)"
                                        : tries == 2 ? "(60, 61)"
                                                     : "(60, 61, 62)"));
                g_assert_cmpuint(t.job->task->leases->lease[0].attempts, ==, tries);
                g_assert_cmpuint(pi_task_terms_done(t.job->task), ==, 0);
                end(&t);
        }
}

/* Two workers fail one lease each, and each gets the other's right. */
static void test_crosswise(void) {
        Trial t;

        gate_close(&gate);
        begin(&t, 2, &crosswise_kernel, 2, 2);
        gate_wait_for(&gate, 2);
        gate_open(&gate);
        wait(&t);
        assert_right(t.job);
        for (uint32_t i = 0; i < 2; i++) {
                const PiLease *lease = &t.job->task->leases->lease[i];

                g_assert_cmpuint(lease->attempts, ==, 2);
                g_assert_cmpuint(lease->failures, ==, 1);
                g_assert_cmpuint(lease->failed_on[0], !=, lease->cpu);
        }
        end(&t);
}

/* Whoever decides that nobody gets a lease right ends the job with it. */
static void test_give_up(void) {
        Trial t;

        gate_close(&gate);
        begin(&t, 2, &faulty_kernel, 12, 2);
        gate_wait_for(&gate, 2);
        t.job->task->leases->lease[5].failures = 2;
        t.job->task->leases->lease[5].failed_on[0] = 61;
        t.job->task->leases->lease[5].failed_on[1] = 60;
        pi_runner_give_up(t.job, 5, PI_VERDICT_SOFTWARE);
        gate_open(&gate);
        wait(&t);
        g_assert_error(t.job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
        g_assert_nonnull(strstr(t.job->error->message, "parts 5 to 5"));
        g_assert_nonnull(strstr(t.job->error->message, "(61, 60), by the same bits"));
        end(&t);
}

static GError *reason(const char *text) {
        return g_error_new_literal(PI_ERROR, PI_ERROR_CANCELLED, text);
}

static void test_stop(void) {
        Trial t;

        gate_close(&gate);
        begin(&t, 2, &faulty_kernel, 12, 2);
        gate_wait_for(&gate, 2);
        pi_runner_stop(t.job, reason("the first"));
        pi_runner_stop(t.job, reason("the second"));
        g_assert_cmpuint(t.done, ==, 0);
        gate_open(&gate);
        wait(&t);
        g_assert_error(t.job->error, PI_ERROR, PI_ERROR_CANCELLED);
        g_assert_cmpstr(t.job->error->message, ==, "the first");
        g_assert_cmpuint(pi_task_leases_missing(t.job->task), >, 0);
        end(&t);
}

/* Stopped while it is failing: no further attempt. */
static void test_stop_a_failing_job(void) {
        Trial t;

        fault.bad_calls = INT_MAX;
        gate_close(&gate);
        begin(&t, 2, &faulty_kernel, 1, 1);
        gate_wait_for(&gate, 1);
        pi_runner_stop(t.job, reason("enough"));
        gate_open(&gate);
        wait(&t);
        g_assert_cmpstr(t.job->error->message, ==, "enough");
        g_assert_cmpuint(t.left, ==, 0);
        g_assert_cmpuint(t.job->task->leases->lease[0].failures, ==, 0);
        g_assert_cmpint(t.job->task->leases->lease[0].state, ==, PI_LEASE_WAITING);
        end(&t);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/runner/well", test_well);
        g_test_add_func("/runner/transient", test_transient);
        g_test_add_func("/runner/one-bad-worker", test_one_bad_worker);
        g_test_add_func("/runner/bad-worker-among-good", test_bad_worker_among_good);
        g_test_add_func("/runner/always-wrong", test_always_wrong);
        g_test_add_func("/runner/crosswise", test_crosswise);
        g_test_add_func("/runner/give-up", test_give_up);
        g_test_add_func("/runner/stop", test_stop);
        g_test_add_func("/runner/stop-a-failing-job", test_stop_a_failing_job);
        return g_test_run();
}
