/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pool.h"

#include "daemon/series/verifier.h"
#include "tests/unit/work/gate.h"

/* More calls of the kernel than one stretch takes, fewer than the lease has. */
#define STRETCH_CALLS (PI_STRETCH_MAX / PI_GROUP_TERMS / PI_BLOCK_GROUPS)
#define SOME_CALLS (STRETCH_CALLS + STRETCH_CALLS / 2)

static void on_done(PiTask *task, gpointer userdata) {
        unsigned *times = userdata;
        (*times)++;
}

static void test_idle(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);

        for (unsigned i = 0; i < 3; i++)
                g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
}

static void test_hung_and_working(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);
        g_autoptr(PiTask) task = pi_task_new(&gate_kernel, 5 * PI_STRETCH_MAX, 1, 2);
        unsigned done = 0;

        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
        gate_allow(&gate, SOME_CALLS);
        pi_pool_start(pool, task, 1, on_done, &done);
        gate_wait_for(&gate, 1);

        /* A task that came since the last look says nothing yet. */
        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));

        /* Each time a stretch was closed in between. */
        for (unsigned i = 0; i < 2; i++) {
                gate_allow(&gate, SOME_CALLS);
                gate_wait_for(&gate, 1);
                g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
        }

        /* And none in between. */
        g_assert_false(pi_pool_check_alive(pool, NULL, NULL));
        g_assert_false(pi_pool_check_alive(pool, NULL, NULL));

        /* Come back to life. */
        gate_open(&gate);
        while (done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
}

/* One that works does not hide one that hangs. */
static void test_one_of_two(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);
        g_autoptr(PiTask) hung = pi_task_new(&gate_kernel, 2 * PI_STRETCH_MAX, 1, 2);
        unsigned hung_done = 0;

        gate_close(&gate);
        pi_pool_start(pool, hung, 1, on_done, &hung_done);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
        for (unsigned i = 0; i < 3; i++) {
                g_autoptr(PiTask) other = pi_task_new(&pi_kernel_generic, 1000, 10, 2);
                unsigned done = 0;

                pi_pool_start(pool, other, 1, on_done, &done);
                while (done == 0)
                        g_main_context_iteration(NULL, TRUE);
                g_assert_false(pi_pool_check_alive(pool, NULL, NULL));
        }
        g_assert_cmpuint(hung_done, ==, 0);
        gate_open(&gate);
        while (hung_done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_true(pi_pool_check_alive(pool, NULL, NULL));
}

typedef struct Hung {
        unsigned times;
        uint32_t cpu;
        PiTask *task;
        uint32_t lease;
} Hung;

static void on_hung(uint32_t cpu, PiTask *task, uint32_t lease, gpointer userdata) {
        Hung *hung = userdata;

        *hung = (Hung) { hung->times + 1, cpu, task, lease };
}

/* Once for each time it hangs, with its CPU, its task and its lease. */
static void test_told(void) {
        g_autoptr(PiPool) pool = pi_pool_new_on((const uint32_t[]) { 40, 41 }, 2, NULL);
        g_autoptr(PiTask) task = pi_task_new(&gate_kernel, 6 * PI_STRETCH_MAX, 3, 2);
        Hung hung = {};
        unsigned done = 0;

        gate_allow(&gate, 2 * STRETCH_CALLS);
        pi_pool_start(pool, task, 1, on_done, &done);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_check_alive(pool, on_hung, &hung));
        for (unsigned i = 0; i < 3; i++)
                g_assert_false(pi_pool_check_alive(pool, on_hung, &hung));
        g_assert_cmpuint(hung.times, ==, 1);
        g_assert_cmpuint(hung.cpu, ==, 40);
        g_assert_true(hung.task == task);
        g_assert_cmpuint(hung.lease, ==, 1);

        gate_allow(&gate, 2 * STRETCH_CALLS);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_check_alive(pool, on_hung, &hung));
        g_assert_false(pi_pool_check_alive(pool, on_hung, &hung));
        g_assert_cmpuint(hung.times, ==, 2);
        g_assert_cmpuint(hung.lease, ==, 2);
        gate_open(&gate);
        while (done == 0)
                g_main_context_iteration(NULL, TRUE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/alive/idle", test_idle);
        g_test_add_func("/alive/hung-and-working", test_hung_and_working);
        g_test_add_func("/alive/one-of-two", test_one_of_two);
        g_test_add_func("/alive/told", test_told);
        return g_test_run();
}
