/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/cpu-share.h"

static void test_share(void) {
        PiProcTimes from = { .busy = 1000, .idle = 5000, .steal = 10, .has_steal = TRUE };
        PiProcTimes to = { .busy = 1060, .idle = 5030, .steal = 20, .has_steal = TRUE };
        PiCpuShare share;

        g_assert_true(pi_cpu_share(&from, &to, &share));
        g_assert_cmpfloat_with_epsilon(share.utilization, 0.6, 1e-12);
        g_assert_cmpfloat_with_epsilon(share.steal, 0.1, 1e-12);
        g_assert_true(share.has_steal);
        to.has_steal = FALSE;
        g_assert_true(pi_cpu_share(&from, &to, &share));
        g_assert_false(share.has_steal);
}

static void test_no_tick_passed(void) {
        PiProcTimes times = { .busy = 1000, .idle = 5000 };
        PiCpuShare share;

        g_assert_false(pi_cpu_share(&times, &times, &share));
}

static void test_counter_that_went_back(void) {
        PiProcTimes from = { .busy = 1000, .idle = 5000 }, to = { .busy = 1010, .idle = 4990 };
        PiCpuShare share;

        g_assert_true(pi_cpu_share(&from, &to, &share));
        g_assert_cmpfloat(share.utilization, ==, 1);
        g_assert_false(pi_cpu_share(&to, &(PiProcTimes) { 0 }, &share));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cpu-share/share", test_share);
        g_test_add_func("/cpu-share/no-tick-passed", test_no_tick_passed);
        g_test_add_func("/cpu-share/counter-that-went-back", test_counter_that_went_back);
        return g_test_run();
}
