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

/* What the hooks were told. */
typedef struct Told {
        unsigned done;
        unsigned failed;
        uint8_t attempts[16]; /* of each lease, when it was last told of */
        uint16_t worker[16];  /* that failed it then */
        gboolean alone;       /* there is one worker only */
} Told;

static void on_lease_failed(PiJob *job, uint32_t lease, gpointer userdata) {
        Told *told = userdata;
        const PiLease *l = &job->task->leases->lease[lease];

        g_assert_cmpuint(told->done, ==, 0);
        g_assert_cmpuint(lease, <, G_N_ELEMENTS(told->attempts));
        g_assert_cmpint(l->state, ==, PI_LEASE_FAILED);
        /* Once for each attempt. */
        g_assert_cmpuint(l->attempts, >, told->attempts[lease]);
        /* And each on another worker than the one before. */
        if (told->attempts[lease] > 0 && !told->alone)
                g_assert_cmpuint(l->worker, !=, told->worker[lease]);
        told->attempts[lease] = l->attempts;
        told->worker[lease] = l->worker;
        told->failed++;
}

static void on_done(PiJob *job, gpointer userdata) {
        Told *told = userdata;
        told->done++;
}

typedef struct Trial {
        PiPool *pool;
        PiJob *job;
        PiRunnerHooks hooks;
        Told told;
} Trial;

static void begin(Trial *t, uint32_t workers, const PiKernel *kernel, uint64_t parts,
                  uint32_t cpus) {
        *t = (Trial) { .hooks = { on_lease_failed, on_done, &t->told } };
        t->told.alone = workers == 1;
        t->pool = pi_pool_new(workers, NULL);
        t->job = made_job(77, kernel, parts * PART_TERMS + 3, parts, cpus);
        pi_job_set_state(t->job, PI_JOB_RUNNING);
        pi_runner_start(t->pool, t->job, &t->hooks);
        g_assert_nonnull(t->job->task);
}

static void wait(Trial *t) {
        while (t->told.done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(t->told.done, ==, 1);
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
                        g_assert_cmpuint(t.told.failed, ==, 0);
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
        g_assert_cmpuint(t.told.failed, ==, 0);
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
                g_assert_cmpuint(t.told.failed, ==, 1);
                g_assert_cmpuint(t.told.attempts[0], ==, 1);
                g_assert_cmpuint(pi_task_retries(t.job->task), ==, 1);
                g_assert_cmpuint(t.job->task->share[0].leases, ==, 0);
                g_assert_cmpuint(t.job->task->share[0].recomputed, ==, 1);
                g_assert_cmpuint(pi_pool_worker_stats(t.pool, 0)->leases_failed, ==, 1);
                end(&t);
        }
}

/* It gets some of the leases, and none of its sums comes into the result. */
static void test_bad_worker_among_good(void) {
        for (unsigned round = 0; round < 20; round++) {
                Trial t;

                fault.first_is_bad = true;
                begin(&t, 3, &faulty_kernel, 12, 3);
                wait(&t);
                assert_right(t.job);
                g_assert_cmpuint(t.told.failed, >=, 1);
                g_assert_cmpuint(pi_task_retries(t.job->task), ==, t.told.failed);
                end(&t);
        }
}

static void test_always_wrong(void) {
        for (uint32_t workers = 1; workers <= 3; workers++) {
                Trial t;

                fault.bad_calls = INT_MAX;
                begin(&t, workers, &faulty_kernel, 1, 1);
                wait(&t);
                g_assert_error(t.job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
                g_test_message("%s", t.job->error->message);
                g_assert_nonnull(strstr(t.job->error->message, "Job 77"));
                g_assert_nonnull(strstr(t.job->error->message, "parts 0 to 0"));
                g_assert_nonnull(
                        strstr(t.job->error->message, G_STRINGIFY(PI_LEASE_ATTEMPTS_MAX) " times"));
                g_assert_cmpuint(t.told.failed, ==, PI_LEASE_ATTEMPTS_MAX);
                g_assert_cmpuint(t.told.attempts[0], ==, PI_LEASE_ATTEMPTS_MAX);
                g_assert_cmpuint(pi_task_terms_done(t.job->task), ==, 0);
                end(&t);
        }
}

/* Two workers fail one lease each. The pass that follows runs on one of them and cannot take the
 * lease that this one failed: nothing is said of that lease a second time. */
static void test_each_attempt_told_once(void) {
        Trial t;

        gate_close(&gate);
        fault.bad_calls = INT_MAX;
        begin(&t, 2, &faulty_kernel, 2, 2);
        gate_wait_for(&gate, 2);
        gate_open(&gate);
        while (t.told.failed < 2)
                g_main_context_iteration(NULL, TRUE);
        fault.bad_calls = 0;
        wait(&t);
        assert_right(t.job);
        end(&t);
}

/* As before, and nothing gets better: every attempt of either lease is on the other worker. */
static void test_attempts_change_workers(void) {
        Trial t;

        gate_close(&gate);
        fault.bad_calls = INT_MAX;
        begin(&t, 2, &faulty_kernel, 2, 2);
        gate_wait_for(&gate, 2);
        gate_open(&gate);
        wait(&t);
        g_assert_error(t.job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
        g_assert_cmpuint(t.told.failed, >, PI_LEASE_ATTEMPTS_MAX);
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
        g_assert_cmpuint(t.told.done, ==, 0);
        gate_open(&gate);
        wait(&t);
        g_assert_error(t.job->error, PI_ERROR, PI_ERROR_CANCELLED);
        g_assert_cmpstr(t.job->error->message, ==, "the first");
        g_assert_cmpuint(pi_task_leases_missing(t.job->task), >, 0);
        g_assert_cmpuint(t.told.failed, ==, 0);
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
        g_assert_cmpuint(t.job->task->leases->lease[0].attempts, ==, 1);
        end(&t);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/runner/well", test_well);
        g_test_add_func("/runner/transient", test_transient);
        g_test_add_func("/runner/one-bad-worker", test_one_bad_worker);
        g_test_add_func("/runner/bad-worker-among-good", test_bad_worker_among_good);
        g_test_add_func("/runner/always-wrong", test_always_wrong);
        g_test_add_func("/runner/each-attempt-told-once", test_each_attempt_told_once);
        g_test_add_func("/runner/attempts-change-workers", test_attempts_change_workers);
        g_test_add_func("/runner/stop", test_stop);
        g_test_add_func("/runner/stop-a-failing-job", test_stop_a_failing_job);
        return g_test_run();
}
