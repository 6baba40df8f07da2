/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pool.h"

#include "daemon/series/sum.h"
#include "daemon/work/cpus.h"
#include "dbus/error.h"
#include "tests/unit/series/random.h"
#include "tests/unit/work/gate.h"

#define TERMS UINT64_C(300011)

static const uint32_t pool_sizes[] = { 1, 2, 3, 8 };

/* What a test hands to pi_pool_start() and looks at when it is done. */
typedef struct Ended {
        PiPool *pool;
        GThread *thread;
        unsigned times;
        uint32_t idle;
} Ended;

static void on_done(PiTask *task, gpointer userdata) {
        Ended *ended = userdata;

        g_assert_true(g_thread_self() == ended->thread);
        ended->times++;
        ended->idle = pi_pool_idle(ended->pool);
}

static PiPool *new_pool(uint32_t n) {
        g_autoptr(GError) error = NULL;
        PiPool *pool = pi_pool_new(n, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(pi_pool_size(pool), ==, n);
        g_assert_cmpuint(pi_pool_idle(pool), ==, n);
        return pool;
}

static Ended nothing_ended(PiPool *pool) {
        return (Ended) { .pool = pool, .thread = g_thread_self() };
}

static void wait_for(const Ended *ended, unsigned times) {
        while (ended->times < times)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(ended->times, ==, times);
}

static void assert_complete(const PiTask *task) {
        PiFixed sum, tolerance, want;

        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, task->terms }, &want);
        pi_task_sum(task, &sum, &tolerance);
        assert_fixed_equal(&sum, &want);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 0);
        g_assert_cmpuint(pi_task_terms_done(task), ==, task->terms);
}

static void test_same_bits(void) {
        static const uint64_t parts[] = { 1, 2, 7, 4096, 37501 };

        for (size_t i = 0; i < G_N_ELEMENTS(pool_sizes); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(parts); j++) {
                        g_autoptr(PiPool) pool = new_pool(pool_sizes[i]);
                        g_autoptr(PiTask) task =
                                pi_task_new(&pi_kernel_generic, TERMS, parts[j], pool_sizes[i]);
                        Ended ended = nothing_ended(pool);

                        pi_pool_start(pool, task, pool_sizes[i], on_done, &ended);
                        g_assert_cmpuint(pi_pool_idle(pool), ==, 0);
                        wait_for(&ended, 1);
                        g_assert_cmpuint(ended.idle, ==, pool_sizes[i]);
                        assert_complete(task);
                }
}

/* All workers of a task inside their kernels at once: each adds to the sum. */
static void test_work_is_shared(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(pool_sizes); i++) {
                uint32_t n = pool_sizes[i];
                g_autoptr(PiPool) pool = new_pool(n);
                g_autoptr(PiTask) task = pi_task_new(&gate_kernel, n * UINT64_C(500000), n, n);
                Ended ended = nothing_ended(pool);

                gate_close(&gate);
                pi_pool_start(pool, task, n, on_done, &ended);
                /* With one lease each, the worker of the first one never comes out of it before. */
                gate_wait_for(&gate, n);
                for (uint32_t l = 0; l < n; l++)
                        g_assert_cmpint(task->leases->lease[l].state, ==, PI_LEASE_RUNNING);
                gate_open(&gate);
                wait_for(&ended, 1);
                assert_complete(task);
                for (uint32_t w = 0; w < n; w++) {
                        g_assert_cmpuint(task->share[w].leases, ==, 1);
                        g_assert_cmpuint(task->share[w].cpu, ==, pi_pool_worker_cpu(pool, w));
                        g_assert_cmpuint(pi_pool_worker_stats(pool, w)->leases_verified, ==, 1);
                }
        }
}

static void test_one_after_the_other(void) {
        g_autoptr(PiPool) pool = new_pool(3);

        for (unsigned i = 0; i < 200; i++) {
                g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, 1000 + i, 5, 3);
                Ended ended = nothing_ended(pool);

                pi_pool_start(pool, task, 1 + i % 3, on_done, &ended);
                wait_for(&ended, 1);
                g_assert_cmpuint(ended.idle, ==, 3);
                assert_complete(task);
        }
}

static void test_several_at_once(void) {
        enum { TASKS = 4 };
        g_autoptr(PiPool) pool = new_pool(8);
        Ended ended = nothing_ended(pool);

        for (unsigned round = 0; round < 20; round++) {
                PiTask *task[TASKS];

                for (unsigned i = 0; i < TASKS; i++) {
                        task[i] = pi_task_new(&pi_kernel_generic, TERMS + i, 40 + i, 8);
                        pi_pool_start(pool, task[i], 2, on_done, &ended);
                        g_assert_cmpuint(pi_pool_idle(pool), ==, 8 - 2 * (i + 1));
                }
                wait_for(&ended, (round + 1) * TASKS);
                g_assert_cmpuint(pi_pool_idle(pool), ==, 8);
                for (unsigned i = 0; i < TASKS; i++) {
                        assert_complete(task[i]);
                        pi_task_free(task[i]);
                }
        }
}

/* No more workers than are idle, and not none. */
static void test_refused(void) {
        g_autoptr(PiPool) pool = new_pool(2);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, 1000, 5, 2);
        Ended ended = nothing_ended(pool);

        for (uint32_t n = 0; n <= 3; n += 3) {
                g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*n_idle*");
                pi_pool_start(pool, task, n, on_done, &ended);
                g_test_assert_expected_messages();
        }
        g_assert_cmpuint(pi_pool_idle(pool), ==, 2);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
}

static void test_elsewhere(void) {
        enum { WORKERS = 3 };
        g_autoptr(PiPool) pool = new_pool(WORKERS);

        for (uint32_t avoid = 0; avoid < WORKERS; avoid++) {
                g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, TERMS, 5, WORKERS);
                Ended ended = nothing_ended(pool);

                pi_pool_start_elsewhere(pool, task, avoid, on_done, &ended);
                wait_for(&ended, 1);
                assert_complete(task);
                g_assert_cmpuint(task->share[avoid].leases, ==, 0);
        }
}

static void test_elsewhere_of_one(void) {
        g_autoptr(PiPool) pool = new_pool(1);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, TERMS, 5, 1);
        Ended ended = nothing_ended(pool);

        pi_pool_start_elsewhere(pool, task, 0, on_done, &ended);
        wait_for(&ended, 1);
        assert_complete(task);
}

/* Only the worker to avoid is idle: the task waits for another, and gets it before anybody else. */
static void test_elsewhere_waits(void) {
        g_autoptr(PiPool) pool = new_pool(2);
        g_autoptr(PiTask) busy = pi_task_new(&gate_kernel, 500000, 1, 2);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, TERMS, 5, 2);
        g_autoptr(PiTask) cancelled = pi_task_new(&pi_kernel_generic, TERMS, 5, 2);
        Ended busy_ended = nothing_ended(pool), ended = nothing_ended(pool);
        Ended cancelled_ended = nothing_ended(pool);

        gate_close(&gate);
        pi_pool_start(pool, busy, 1, on_done, &busy_ended);
        gate_wait_for(&gate, 1);
        pi_pool_start_elsewhere(pool, task, 1, on_done, &ended);
        pi_pool_start_elsewhere(pool, cancelled, 1, on_done, &cancelled_ended);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(ended.times, ==, 0);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 1);

        /* One that waits ends without a worker. */
        pi_pool_cancel(pool, cancelled);
        wait_for(&cancelled_ended, 1);
        g_assert_cmpuint(pi_task_terms_done(cancelled), ==, 0);

        gate_open(&gate);
        wait_for(&busy_ended, 1);
        wait_for(&ended, 1);
        assert_complete(task);
        g_assert_cmpuint(task->share[1].leases, ==, 0);
}

/* Freed while one waits: it is forgotten. */
static void test_free_while_waiting(void) {
        g_autoptr(PiTask) busy = pi_task_new(&gate_kernel, PI_TERMS_MAX, 100, 2);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, TERMS, 5, 2);
        PiPool *pool = new_pool(2);
        Ended ended = nothing_ended(pool);

        gate_close(&gate);
        pi_pool_start(pool, busy, 1, on_done, &ended);
        gate_wait_for(&gate, 1);
        pi_pool_start_elsewhere(pool, task, 1, on_done, &ended);
        gate_open(&gate);
        pi_pool_free(pool);
        g_assert_cmpuint(ended.times, ==, 0);
}

/* The task would take hours; freeing the pool cancels it, and nobody is told. */
static void test_free_while_running(void) {
        g_autoptr(PiTask) task = pi_task_new(&gate_kernel, PI_TERMS_MAX, 1000000, 3);
        PiPool *pool = new_pool(3);
        Ended ended = nothing_ended(pool);

        gate_close(&gate);
        pi_pool_start(pool, task, 2, on_done, &ended);
        gate_wait_for(&gate, 2);
        gate_open(&gate);
        pi_pool_free(pool);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(ended.times, ==, 0);
        g_assert_cmpuint(pi_task_leases_missing(task), >, 0);
}

/* Workers that came out of their task before the main thread looked. */
static void test_free_before_completion(void) {
        for (unsigned i = 0; i < 50; i++) {
                g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, 8, 1, 2);
                PiPool *pool = new_pool(2);
                Ended ended = nothing_ended(pool);

                pi_pool_start(pool, task, 2, on_done, &ended);
                pi_pool_free(pool);
                while (g_main_context_iteration(NULL, FALSE))
                        ;
                g_assert_cmpuint(ended.times, ==, 0);
        }
        pi_pool_free(NULL);
}

static void test_size(void) {
        g_autofree uint32_t *cpus = NULL;
        uint32_t n_cpus = pi_cpus_allowed(&cpus);
        g_autoptr(GError) error = NULL;
        g_autoptr(PiPool) pool = pi_pool_new(0, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(pi_pool_size(pool), ==, n_cpus);
        for (uint32_t i = 0; i < n_cpus; i++)
                g_assert_cmpuint(pi_pool_worker_cpu(pool, i), ==, cpus[i]);

        g_assert_null(pi_pool_new(PI_WORKERS_MAX + 1, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, G_STRINGIFY(PI_WORKERS_MAX)));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/pool/same-bits", test_same_bits);
        g_test_add_func("/pool/work-is-shared", test_work_is_shared);
        g_test_add_func("/pool/one-after-the-other", test_one_after_the_other);
        g_test_add_func("/pool/several-at-once", test_several_at_once);
        g_test_add_func("/pool/refused", test_refused);
        g_test_add_func("/pool/elsewhere", test_elsewhere);
        g_test_add_func("/pool/elsewhere-waits", test_elsewhere_waits);
        g_test_add_func("/pool/free-while-waiting", test_free_while_waiting);
        g_test_add_func("/pool/elsewhere-of-one", test_elsewhere_of_one);
        g_test_add_func("/pool/free-while-running", test_free_while_running);
        g_test_add_func("/pool/free-before-completion", test_free_before_completion);
        g_test_add_func("/pool/size", test_size);
        return g_test_run();
}
