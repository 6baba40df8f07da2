/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/calibrate.h"

#include <glib.h>
#include <math.h>

static void test_sane(void) {
        for (const PiKernel *const *k = pi_kernels(); *k; k++) {
                double rate = pi_calibrate(*k);

                g_test_message("%s: %g terms a second", (*k)->name, rate);
                g_assert_true(isfinite(rate));
                g_assert_cmpfloat(rate, >, 0);
        }
}

static unsigned calls;

static uint64_t free_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        calls++;
        return 0;
}

/* A kernel that takes next to no time: no division by zero, and an end. */
static void test_instant_kernel(void) {
        static const PiKernel instant = { .name = "instant",
                                          .exact = true,
                                          .sum_groups = free_groups };
        double rate = pi_calibrate(&instant);

        g_assert_true(isfinite(rate));
        g_assert_cmpfloat(rate, >, 0);
        g_assert_cmpuint(calls, >, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/calibrate/sane", test_sane);
        g_test_add_func("/calibrate/instant-kernel", test_instant_kernel);
        return g_test_run();
}
