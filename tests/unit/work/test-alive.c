/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pool.h"

#include "tests/unit/work/gate.h"

/* More calls of the kernel than one stretch takes, fewer than the lease has. */
#define STRETCH_CALLS (PI_STRETCH_TERMS / PI_GROUP_TERMS / PI_BLOCK_GROUPS)
#define SOME_CALLS (STRETCH_CALLS + STRETCH_CALLS / 2)

static void on_done(PiTask *task, gpointer userdata) {
        unsigned *times = userdata;
        (*times)++;
}

static void test_idle(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);

        for (unsigned i = 0; i < 3; i++)
                g_assert_true(pi_pool_check_alive(pool));
}

static void test_hung_and_working(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);
        g_autoptr(PiTask) task = pi_task_new(&gate_kernel, 5 * PI_STRETCH_TERMS, 1, 2);
        unsigned done = 0;

        g_assert_true(pi_pool_check_alive(pool));
        gate_allow(&gate, SOME_CALLS);
        pi_pool_start(pool, task, 1, on_done, &done);
        gate_wait_for(&gate, 1);

        /* A task that came since the last look says nothing yet. */
        g_assert_true(pi_pool_check_alive(pool));

        /* Each time a stretch was closed in between. */
        for (unsigned i = 0; i < 2; i++) {
                gate_allow(&gate, SOME_CALLS);
                gate_wait_for(&gate, 1);
                g_assert_true(pi_pool_check_alive(pool));
        }

        /* And none in between. */
        g_assert_false(pi_pool_check_alive(pool));
        g_assert_false(pi_pool_check_alive(pool));

        /* Come back to life. */
        gate_open(&gate);
        while (done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_true(pi_pool_check_alive(pool));
        g_assert_true(pi_pool_check_alive(pool));
}

/* One that works does not hide one that hangs. */
static void test_one_of_two(void) {
        g_autoptr(PiPool) pool = pi_pool_new(2, NULL);
        g_autoptr(PiTask) hung = pi_task_new(&gate_kernel, 2 * PI_STRETCH_TERMS, 1, 2);
        unsigned hung_done = 0;

        gate_close(&gate);
        pi_pool_start(pool, hung, 1, on_done, &hung_done);
        gate_wait_for(&gate, 1);
        g_assert_true(pi_pool_check_alive(pool));
        for (unsigned i = 0; i < 3; i++) {
                g_autoptr(PiTask) other = pi_task_new(&pi_kernel_generic, 1000, 10, 2);
                unsigned done = 0;

                pi_pool_start(pool, other, 1, on_done, &done);
                while (done == 0)
                        g_main_context_iteration(NULL, TRUE);
                g_assert_false(pi_pool_check_alive(pool));
        }
        g_assert_cmpuint(hung_done, ==, 0);
        gate_open(&gate);
        while (hung_done == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_true(pi_pool_check_alive(pool));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/alive/idle", test_idle);
        g_test_add_func("/alive/hung-and-working", test_hung_and_working);
        g_test_add_func("/alive/one-of-two", test_one_of_two);
        return g_test_run();
}
