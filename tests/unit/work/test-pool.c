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
                g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*pi_pool_idle*");
                pi_pool_start(pool, task, n, on_done, &ended);
                g_test_assert_expected_messages();
        }
        g_assert_cmpuint(pi_pool_idle(pool), ==, 2);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
}

/* A task whose first lease failed on the CPU of this worker. */
static PiTask *failed_task(PiPool *pool, uint32_t worker) {
        PiTask *task = pi_task_new(&pi_kernel_generic, TERMS, 5, pi_pool_size(pool));

        task->cursor = 1;
        task->leases->lease[0].attempts = 1;
        pi_task_note_failure(task, 0, pi_pool_worker_cpu(pool, worker));
        pi_task_give_back(task, 0);
        return task;
}

static PiPool *pool_of_cpus(uint32_t n) {
        static const uint32_t cpus[] = { 20, 21, 22, 23, 24, 25, 26, 27 };
        g_autoptr(GError) error = NULL;
        PiPool *pool = pi_pool_new_on(cpus, n, &error);

        g_assert_no_error(error);
        return pool;
}

/* Nothing else is left to do than what this CPU failed. */
static PiTask *only_failed(PiPool *pool, uint32_t worker) {
        PiTask *task = pi_task_new(&pi_kernel_generic, TERMS, 1, pi_pool_size(pool));

        task->cursor = 1;
        task->leases->lease[0].attempts = 1;
        pi_task_note_failure(task, 0, pi_pool_worker_cpu(pool, worker));
        pi_task_give_back(task, 0);
        return task;
}

static void test_elsewhere(void) {
        enum { WORKERS = 3 };
        g_autoptr(PiPool) pool = pool_of_cpus(WORKERS);

        for (uint32_t avoid = 0; avoid < WORKERS; avoid++) {
                g_autoptr(PiTask) task = only_failed(pool, avoid);
                Ended ended = nothing_ended(pool);

                g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
                wait_for(&ended, 1);
                assert_complete(task);
                g_assert_cmpuint(task->share[avoid].leases, ==, 0);
        }
}

/* The failed lease first, then what nobody has tried yet. */
static void test_elsewhere_goes_on(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(2);
        g_autoptr(PiTask) task = failed_task(pool, 1);
        Ended ended = nothing_ended(pool);

        pi_pool_set_core_state(pool, 21, PI_CORE_SUSPECT);
        g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        wait_for(&ended, 1);
        assert_complete(task);
        g_assert_cmpuint(task->share[0].leases, ==, 5);
        g_assert_cmpuint(task->share[1].leases, ==, 0);
}

/* There is no other CPU in service: nothing waits for ever. */
static void test_nowhere_else(void) {
        g_autoptr(PiPool) alone = pool_of_cpus(1), pool = pool_of_cpus(2);
        g_autoptr(PiTask) of_one = only_failed(alone, 0), task = only_failed(pool, 0);
        Ended ended = nothing_ended(pool);

        g_assert_false(pi_pool_start_elsewhere(alone, of_one, on_done, &ended));
        pi_pool_set_core_state(pool, 21, PI_CORE_OUT_OF_SERVICE);
        g_assert_false(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        pi_pool_set_core_state(pool, 21, PI_CORE_IN_SERVICE);
        g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        wait_for(&ended, 1);
        assert_complete(task);
}

/* Nor does a suspect go on with the task it failed in. */
static void test_suspect_does_not_go_on(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(2);
        g_autoptr(PiTask) task = failed_task(pool, 0);
        Ended ended = nothing_ended(pool);

        pi_pool_set_core_state(pool, 20, PI_CORE_SUSPECT);
        pi_pool_set_core_state(pool, 21, PI_CORE_OUT_OF_SERVICE);
        g_assert_false(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 5);
}

/* A suspect gets nothing while there is somebody else, and another's failed lease when there is
 * nobody else: two suspects do not wait for each other. */
static void test_suspects(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(3);
        g_autoptr(PiTask) busy = pi_task_new(&gate_kernel, 500000, 1, 3);
        g_autoptr(PiTask) of_0 = only_failed(pool, 0), of_1 = only_failed(pool, 1);
        Ended busy_ended = nothing_ended(pool), ended = nothing_ended(pool);

        pi_pool_set_core_state(pool, 20, PI_CORE_SUSPECT);
        pi_pool_set_core_state(pool, 21, PI_CORE_SUSPECT);
        gate_close(&gate);
        pi_pool_start(pool, busy, 1, on_done, &busy_ended);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_start_elsewhere(pool, of_0, on_done, &ended));
        g_assert_true(pi_pool_start_elsewhere(pool, of_1, on_done, &ended));
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(ended.times, ==, 0);
        g_assert_cmpuint(pi_pool_busy(pool), ==, 1);

        pi_pool_set_core_state(pool, 22, PI_CORE_SUSPECT);
        wait_for(&ended, 2);
        g_assert_cmpuint(of_0->share[1].leases, ==, 1);
        g_assert_cmpuint(of_1->share[0].leases, ==, 1);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 0);
        gate_open(&gate);
        wait_for(&busy_ended, 1);
}

/* Only the CPU that failed is idle: the task waits for another, and gets it before anybody else. */
static void test_elsewhere_waits(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(2);
        g_autoptr(PiTask) busy = pi_task_new(&gate_kernel, 500000, 1, 2);
        g_autoptr(PiTask) task = only_failed(pool, 1), cancelled = only_failed(pool, 1);
        Ended busy_ended = nothing_ended(pool), ended = nothing_ended(pool);
        Ended cancelled_ended = nothing_ended(pool);

        gate_close(&gate);
        pi_pool_start(pool, busy, 1, on_done, &busy_ended);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        g_assert_true(pi_pool_start_elsewhere(pool, cancelled, on_done, &cancelled_ended));
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
        PiPool *pool = pool_of_cpus(2);
        g_autoptr(PiTask) busy = pi_task_new(&gate_kernel, PI_TERMS_MAX, 100, 2);
        g_autoptr(PiTask) task = only_failed(pool, 1);
        Ended ended = nothing_ended(pool);

        gate_close(&gate);
        pi_pool_start(pool, busy, 1, on_done, &ended);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
        gate_open(&gate);
        pi_pool_free(pool);
        g_assert_cmpuint(ended.times, ==, 0);
}

/* Whoever is not in service gets no task; whoever is suspect is in service all the same. */
static void test_core_states(void) {
        g_autoptr(PiPool) pool = pi_pool_new_on((const uint32_t[]) { 30, 31, 30, 32 }, 4, NULL);

        g_assert_true(pi_pool_has_cpu(pool, 31));
        g_assert_false(pi_pool_has_cpu(pool, 0));
        g_assert_cmpint(pi_pool_core_state(pool, 30), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpint(pi_pool_core_state(pool, 0), ==, PI_CORE_OUT_OF_SERVICE);
        g_assert_cmpuint(pi_pool_in_service(pool), ==, 4);

        pi_pool_set_core_state(pool, 30, PI_CORE_SUSPECT);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 2);
        g_assert_cmpuint(pi_pool_in_service(pool), ==, 4);
        g_assert_cmpuint(pi_pool_busy(pool), ==, 0);

        pi_pool_set_core_state(pool, 31, PI_CORE_OUT_OF_SERVICE);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 1);
        g_assert_cmpuint(pi_pool_in_service(pool), ==, 3);
        g_assert_false(pi_pool_is_last_in_service(pool, 30));
        g_assert_false(pi_pool_is_last_in_service(pool, 32));
        pi_pool_set_core_state(pool, 32, PI_CORE_OUT_OF_SERVICE);
        g_assert_true(pi_pool_is_last_in_service(pool, 30));
        pi_pool_set_core_state(pool, 30, PI_CORE_IN_SERVICE);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 2);
        g_assert_cmpstr(pi_core_state_to_string(PI_CORE_IN_SERVICE), ==, "in-service");
        g_assert_cmpstr(pi_core_state_to_string(PI_CORE_SUSPECT), ==, "suspect");
        g_assert_cmpstr(pi_core_state_to_string(PI_CORE_OUT_OF_SERVICE), ==, "out-of-service");
}

/* A task goes to the workers in service, and one that waits comes on as soon as there is one. */
static void test_out_of_service(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(3);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, TERMS, 50, 3);
        g_autoptr(PiTask) waiting = only_failed(pool, 1);
        Ended ended = nothing_ended(pool), waited = nothing_ended(pool);

        pi_pool_set_core_state(pool, 20, PI_CORE_OUT_OF_SERVICE);
        pi_pool_start(pool, task, 2, on_done, &ended);
        wait_for(&ended, 1);
        assert_complete(task);
        g_assert_cmpuint(task->share[0].leases, ==, 0);

        pi_pool_set_core_state(pool, 22, PI_CORE_OUT_OF_SERVICE);
        g_assert_false(pi_pool_start_elsewhere(pool, waiting, on_done, &waited));
        pi_pool_set_core_state(pool, 20, PI_CORE_IN_SERVICE);
        g_assert_true(pi_pool_start_elsewhere(pool, waiting, on_done, &waited));
        wait_for(&waited, 1);
        g_assert_cmpuint(waiting->share[0].leases, ==, 1);
}

/* What the pool tells of its workers, and in which order. */
typedef struct Heard {
        GArray *sightings;
        PiPool *pool;
        const Ended *ended;
        bool suspect; /* cores that fail a lease */
} Heard;

static void on_saw(const PiSighting *sighting, gpointer userdata) {
        Heard *heard = userdata;

        g_assert_cmpuint(heard->ended->times, ==, 0);
        g_array_append_val(heard->sightings, *sighting);
        if (heard->suspect && sighting->kind == PI_SIGHTING_LASTING)
                pi_pool_set_core_state(heard->pool, sighting->cpu, PI_CORE_SUSPECT);
}

static void inject(PiPool *pool, uint32_t cpu, uint32_t count) {
        pi_pool_inject(pool, cpu, &(PiFaultOrder) { .kind = PI_FAULT_FLIP, .bit = 40,
                                                    .count = count });
}

/* The other worker of the task takes the failed lease, without a further pass. */
static void test_released_within_the_task(void) {
        for (unsigned round = 0; round < 50; round++) {
                g_autoptr(PiPool) pool = pool_of_cpus(2);
                g_autoptr(PiTask) task = pi_task_new(&gate_kernel, 8 * 250000, 8, 2);
                Ended ended = nothing_ended(pool);
                Heard heard = { g_array_new(FALSE, FALSE, sizeof(PiSighting)), pool, &ended, true };
                const PiSighting *s;

                pi_pool_listen(pool, on_saw, &heard);
                gate_close(&gate);
                pi_pool_start(pool, task, 2, on_done, &ended);
                gate_wait_for(&gate, 2);
                inject(pool, 21, 2);
                gate_open(&gate);
                wait_for(&ended, 1);
                if (pi_task_leases_missing(task) > 0) {
                        /* The good one had left before. */
                        g_assert_cmpuint(pi_task_leases_missing(task), ==, 1);
                        ended.times = 0;
                        g_assert_true(pi_pool_start_elsewhere(pool, task, on_done, &ended));
                        wait_for(&ended, 1);
                }
                assert_complete(task);
                g_assert_cmpuint(task->share[1].leases, ==, 0);
                g_assert_cmpuint(pi_task_retries(task), ==, 1);
                g_assert_cmpuint(heard.sightings->len, ==, 2);
                s = (const PiSighting *) (const void *) heard.sightings->data;
                g_assert_cmpint(s[0].kind, ==, PI_SIGHTING_LASTING);
                g_assert_cmpuint(s[0].cpu, ==, 21);
                g_assert_cmpint(s[1].kind, ==, PI_SIGHTING_SETTLED);
                g_assert_cmpuint(s[1].cpu, ==, 20);
                g_assert_cmpuint(s[1].lease, ==, s[0].lease);
                g_assert_cmpuint(pi_pool_idle(pool), ==, 1);
                g_assert_cmpuint(pi_pool_sightings_lost(pool), ==, 0);
                g_array_unref(heard.sightings);
        }
}

static atomic_uint flaky_calls;

static uint64_t flaky_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = pi_kernel_generic.sum_groups(first, n, scaled_numerator);

        return atomic_fetch_add(&flaky_calls, 1) % 2 == 0 ? sum / 2 : sum;
}

/* A core that needs every sum twice, while nobody looks: what does not fit is counted. */
static void test_too_many_sightings(void) {
        /* At most one call a stretch: whole octaves are multiples of a lease. */
        static const uint64_t lease_groups = 4096;
        static const PiKernel flaky = { .name = "flaky", .exact = true,
                                        .sum_groups = flaky_groups };
        g_autoptr(PiPool) pool = pool_of_cpus(1);
        g_autoptr(PiTask) task = pi_task_new(
                &flaky, PI_LEASES_MAX * lease_groups * PI_GROUP_TERMS, PI_LEASES_MAX, 1);
        Ended ended = nothing_ended(pool);
        Heard heard = { g_array_new(FALSE, FALSE, sizeof(PiSighting)), pool, &ended, false };

        pi_pool_listen(pool, on_saw, &heard);
        pi_pool_start(pool, task, 1, on_done, &ended);
        while (pi_task_terms_done(task) < task->terms)
                g_usleep(1000);
        wait_for(&ended, 1);
        assert_complete(task);
        g_assert_cmpuint(heard.sightings->len, >, 0);
        g_assert_cmpuint(pi_pool_sightings_lost(pool), >, 0);
        /* Two calls for each. */
        g_assert_cmpuint(heard.sightings->len + pi_pool_sightings_lost(pool), ==,
                         atomic_load(&flaky_calls) / 2);
        g_assert_cmpuint(pi_pool_idle(pool), ==, 1);
        g_array_unref(heard.sightings);
}

/* A hung worker hears no cancel, and goes on when it is let. FALSE when the cancel came before it
 * could hang. */
static bool hang_once(void) {
        g_autoptr(PiPool) pool = pool_of_cpus(2);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, PI_TERMS_MAX, 1000, 2);
        Ended ended = nothing_ended(pool);

        pi_pool_inject(pool, 20, &(PiFaultOrder) { .kind = PI_FAULT_HANG });
        pi_pool_start(pool, task, 2, on_done, &ended);
        /* The other one goes on; of this one no stretch ever ends. */
        while (atomic_load(&pi_pool_worker_stats(pool, 1)->beats) < 5)
                ;
        g_assert_cmpuint(atomic_load(&pi_pool_worker_stats(pool, 0)->beats), ==, 0);
        pi_pool_cancel(pool, task);
        while (pi_pool_busy(pool) > 1)
                g_main_context_iteration(NULL, TRUE);
        if (ended.times > 0)
                return false;
        pi_pool_inject(pool, 20, &(PiFaultOrder) { .kind = PI_FAULT_NONE });
        wait_for(&ended, 1);
        return true;
}

static void test_hung(void) {
        while (!hang_once())
                ;
}

static void test_free_while_hung(void) {
        PiPool *pool = pool_of_cpus(2);
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, PI_TERMS_MAX, 1000, 2);
        Ended ended = nothing_ended(pool);

        pi_pool_inject(pool, 20, &(PiFaultOrder) { .kind = PI_FAULT_HANG });
        pi_pool_start(pool, task, 2, on_done, &ended);
        while (atomic_load(&task->leases->lease[0].state) == PI_LEASE_WAITING)
                ;
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
        g_test_add_func("/pool/elsewhere-goes-on", test_elsewhere_goes_on);
        g_test_add_func("/pool/nowhere-else", test_nowhere_else);
        g_test_add_func("/pool/suspects", test_suspects);
        g_test_add_func("/pool/suspect-does-not-go-on", test_suspect_does_not_go_on);
        g_test_add_func("/pool/core-states", test_core_states);
        g_test_add_func("/pool/out-of-service", test_out_of_service);
        g_test_add_func("/pool/released-within-the-task", test_released_within_the_task);
        g_test_add_func("/pool/too-many-sightings", test_too_many_sightings);
        g_test_add_func("/pool/hung", test_hung);
        g_test_add_func("/pool/free-while-hung", test_free_while_hung);
        g_test_add_func("/pool/free-while-running", test_free_while_running);
        g_test_add_func("/pool/free-before-completion", test_free_before_completion);
        g_test_add_func("/pool/size", test_size);
        return g_test_run();
}
