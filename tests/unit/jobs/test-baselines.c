/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/baselines.h"

#include <math.h>

#include "daemon/work/cpus.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/store/sample.h"

/* Far beyond any machine, so that what is measured here comes first in every order. */
#define HUGE_RATE 1e15

static const PiKernel *const kernel = &pi_kernel_generic;

static const PiMetricsBaseline *baseline_of(const PiBaselines *b, const char *name) {
        size_t n;
        const PiMetricsBaseline *list = pi_baselines_list(b, &n);

        for (size_t i = 0; i < n; i++)
                if (g_str_equal(list[i].kernel, name))
                        return &list[i];
        g_error("no baseline of kernel %s", name);
}

static GArray *calibrations_new(void) {
        GArray *a = g_array_new(FALSE, FALSE, sizeof(PiCalibration));

        g_array_set_clear_func(a, (GDestroyNotify) pi_calibration_clear);
        return a;
}

/* `model` NULL: this machine's. */
static void add(GArray *a, const char *name, const char *model, double rate) {
        PiCalibration c = {
                .kernel = g_strdup(name),
                .cpu_model = model ? g_strdup(model) : pi_cpus_model(),
                .measured_usec = 1000000 + a->len,
                .terms_per_second = rate,
        };

        g_array_append_val(a, c);
}

static void test_list(void) {
        static const PiKernel stranger = { .name = "stranger" };
        g_autoptr(PiBaselines) b = pi_baselines_new(&pi_kernel_reference);
        g_autoptr(GVariant) list = g_variant_ref_sink(pi_baselines_to_variant(b)), first = NULL;
        gsize kernels = 0;
        size_t n;

        for (const PiKernel *const *k = pi_kernels(); *k; k++, kernels++) {
                g_assert_true(isfinite(pi_baselines_rate(b, *k)));
                g_assert_cmpfloat(pi_baselines_rate(b, *k), >, 0);
                g_assert_cmpuint(baseline_of(b, (*k)->name)->measurements, ==, 1);
                g_assert_cmpuint(baseline_of(b, (*k)->name)->measured_usec, >, 0);
        }
        g_assert_cmpfloat(pi_baselines_rate(b, &stranger), ==, 0);
        pi_baselines_list(b, &n);
        g_assert_cmpuint(n, ==, kernels);
        g_assert_cmpuint(g_variant_n_children(list), ==, kernels);
        first = g_variant_get_child_value(list, 0);
        g_assert_cmpstr(string_of(first, "kernel"), ==, "reference");
        g_assert_cmpfloat(double_of(first, "terms_per_second"), ==,
                          pi_baselines_rate(b, &pi_kernel_reference));
        pi_baselines_free(NULL);
}

/* Of an odd number the one in the middle, of an even one the mean of two. */
static void test_median(void) {
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        g_autoptr(GArray) one = calibrations_new(), more = calibrations_new();
        double here = pi_baselines_rate(b, kernel);
        double other = pi_baselines_rate(b, &pi_kernel_reference);

        add(one, "generic", NULL, HUGE_RATE);
        pi_baselines_remember(b, one);
        g_assert_cmpfloat_with_epsilon(pi_baselines_rate(b, kernel), (here + HUGE_RATE) / 2,
                                       HUGE_RATE * 1e-9);
        g_assert_cmpuint(baseline_of(b, "generic")->measurements, ==, 2);

        add(more, "generic", NULL, 1);
        pi_baselines_remember(b, more);
        g_assert_cmpfloat(pi_baselines_rate(b, kernel), ==, here);
        g_assert_cmpuint(baseline_of(b, "generic")->measurements, ==, 3);
        g_assert_cmpfloat(pi_baselines_rate(b, &pi_kernel_reference), ==, other);
}

/* The state directory moved with its disk, and a row that somebody wrote. */
static void test_ignored(void) {
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        g_autoptr(GArray) a = calibrations_new();
        double here = pi_baselines_rate(b, kernel);

        add(a, "generic", "Another CPU", HUGE_RATE);
        add(a, "generic", "", HUGE_RATE);
        add(a, "abacus", NULL, HUGE_RATE);
        add(a, "generic", NULL, 0);
        add(a, "generic", NULL, -1);
        add(a, "generic", NULL, NAN);
        pi_baselines_remember(b, a);
        g_assert_cmpfloat(pi_baselines_rate(b, kernel), ==, here);
        g_assert_cmpuint(baseline_of(b, "generic")->measurements, ==, 1);
}

/* Of many the newest count: eight beside the one of this start. */
static void test_window(void) {
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        g_autoptr(GArray) a = calibrations_new();

        for (unsigned i = 0; i < 20; i++)
                add(a, "generic", NULL, i < 12 ? 1 : HUGE_RATE + i);
        pi_baselines_remember(b, a);
        g_assert_cmpuint(baseline_of(b, "generic")->measurements, ==, PI_BASELINES_MEASUREMENTS);
        /* This machine's own, then the numbers 12 to 19: the fifth of nine is number 15. */
        g_assert_cmpfloat(pi_baselines_rate(b, kernel), ==, HUGE_RATE + 15);
}

static void on_calibrated(gpointer userdata) {
        ++*(unsigned *) userdata;
}

static void measure(PiBaselines *b) {
        g_autoptr(GError) error = NULL;
        unsigned calls = 0;

        g_assert_true(pi_baselines_measure(b, on_calibrated, &calls, &error));
        g_assert_no_error(error);
        while (calls == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(calls, ==, 1);
}

/* The oldest goes when a tenth comes; the name of the first kernel stays the first. */
static void test_measure_again(void) {
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        g_autoptr(GArray) a = calibrations_new();
        uint64_t before = baseline_of(b, "generic")->measured_usec;
        size_t n;

        for (unsigned i = 0; i < PI_BASELINES_MEASUREMENTS; i++)
                add(a, "generic", NULL, HUGE_RATE);
        pi_baselines_remember(b, a);
        g_assert_cmpfloat(pi_baselines_rate(b, kernel), ==, HUGE_RATE);
        for (unsigned i = 1; i <= 4; i++) {
                measure(b);
                g_assert_cmpuint(baseline_of(b, "generic")->measurements, ==,
                                 PI_BASELINES_MEASUREMENTS);
                g_assert_cmpuint(baseline_of(b, "reference")->measurements, ==, 1 + i);
        }
        /* Five of nine are this machine's. */
        g_assert_cmpfloat(pi_baselines_rate(b, kernel), <, HUGE_RATE / 2);
        g_assert_cmpuint(baseline_of(b, "generic")->measured_usec, >=, before);
        g_assert_cmpstr(pi_baselines_list(b, &n)[0].kernel, ==, "generic");
}

static void test_one_at_a_time(void) {
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        g_autoptr(GError) error = NULL;
        unsigned calls = 0;

        g_assert_true(pi_baselines_measure(b, on_calibrated, &calls, NULL));
        g_assert_false(pi_baselines_measure(b, on_calibrated, &calls, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        while (calls == 0)
                g_main_context_iteration(NULL, TRUE);
        measure(b);
        g_assert_cmpuint(calls, ==, 1);
}

/* Nobody is told any more. */
static void test_freed_meanwhile(void) {
        PiBaselines *b = pi_baselines_new(kernel);
        unsigned calls = 0;

        g_assert_true(pi_baselines_measure(b, on_calibrated, &calls, NULL));
        pi_baselines_free(b);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(calls, ==, 0);
}

static void on_opened(PiStoreContents *contents, gpointer userdata) {
        if (userdata)
                pi_baselines_remember(userdata, contents->calibrations);
}

static void on_state_changed(const GError *error, gpointer userdata) {
        g_assert_no_error(error);
}

/* A life of the service: how many measurements it knows of in its end. */
static guint live(const char *dir, unsigned again) {
        static const PiRetention retention = { .jobs = 1, .sweeps = 1 };
        g_autoptr(PiBaselines) b = pi_baselines_new(kernel);
        PiStoreHooks hooks = { .opened = on_opened, .state_changed = on_state_changed,
                               .userdata = b };
        PiStore *store = pi_store_new(dir, &retention, &hooks);
        guint n;

        pi_baselines_keep_in(b, store);
        for (unsigned i = 0; i < again; i++)
                measure(b);
        n = baseline_of(b, "generic")->measurements;
        g_assert_cmpuint(baseline_of(b, "reference")->measurements, ==, n);
        pi_store_free(store);
        return n;
}

static void test_over_restarts(void) {
        g_autofree char *dir = sample_directory();

        g_assert_cmpuint(live(dir, 0), ==, 1);
        g_assert_cmpuint(live(dir, 0), ==, 2);
        g_assert_cmpuint(live(dir, 2), ==, 5);
        for (guint n = 6; n < 12; n++)
                g_assert_cmpuint(live(dir, 0), ==, MIN(n, PI_BASELINES_MEASUREMENTS));
        sample_remove(dir);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/baselines/list", test_list);
        g_test_add_func("/baselines/median", test_median);
        g_test_add_func("/baselines/ignored", test_ignored);
        g_test_add_func("/baselines/window", test_window);
        g_test_add_func("/baselines/measure-again", test_measure_again);
        g_test_add_func("/baselines/one-at-a-time", test_one_at_a_time);
        g_test_add_func("/baselines/freed-meanwhile", test_freed_meanwhile);
        g_test_add_func("/baselines/over-restarts", test_over_restarts);
        return g_test_run();
}
