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

typedef struct Round {
        unsigned calls;
        PiCalibrator *calibrator; /* to be freed by whoever is told */
        double rates[16];
} Round;

static void on_calibrated(const double *rates, gpointer userdata) {
        Round *r = userdata;

        for (gsize i = 0; pi_kernels()[i]; i++)
                r->rates[i] = rates[i];
        r->calls++;
        g_clear_pointer(&r->calibrator, pi_calibrator_free);
}

/* In the main context, and once. */
static void test_in_a_thread(void) {
        g_autoptr(GError) error = NULL;
        Round r = {};

        r.calibrator = pi_calibrator_new(on_calibrated, &r, &error);
        g_assert_no_error(error);
        g_usleep(1000);
        g_assert_cmpuint(r.calls, ==, 0);
        while (r.calls == 0)
                g_main_context_iteration(NULL, TRUE);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(r.calls, ==, 1);
        g_assert_null(r.calibrator);
        for (gsize i = 0; pi_kernels()[i]; i++) {
                g_assert_true(isfinite(r.rates[i]));
                g_assert_cmpfloat(r.rates[i], >, 0);
        }
}

static void test_freed_before(void) {
        Round r = {};

        pi_calibrator_free(pi_calibrator_new(on_calibrated, &r, NULL));
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(r.calls, ==, 0);
        pi_calibrator_free(NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/calibrate/sane", test_sane);
        g_test_add_func("/calibrate/instant-kernel", test_instant_kernel);
        g_test_add_func("/calibrate/in-a-thread", test_in_a_thread);
        g_test_add_func("/calibrate/freed-before", test_freed_before);
        return g_test_run();
}
