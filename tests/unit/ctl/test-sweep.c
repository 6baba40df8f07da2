/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep.h"

#include <string.h>

#include "dbus/error.h"

static PiSweep *make_sweep(void) {
        PiSweep *sweep = pi_sweep_new();
        PiSweepSeries *s;

        sweep->terms = 1000;
        sweep->cpus = 2;
        sweep->slots = 4;
        sweep->repeats = 5;
        sweep->begin_usec = 1700000000000000;
        sweep->duration_usec = 12;
        g_free(sweep->kernel);
        sweep->kernel = g_strdup("avx2");
        g_free(sweep->label);
        sweep->label = g_strdup("night");
        s = pi_sweep_add_baseline(sweep, "avx2", 1000);
        pi_sweep_series_add(s, 100, 110, 0.25);
        s = pi_sweep_add_point(sweep, 1);
        pi_sweep_series_add(s, 90, 95, 0.25);
        pi_sweep_series_add(s, 91, 96, 0.3);
        s = pi_sweep_add_point(sweep, 125);
        pi_sweep_series_add(s, 50, 55, 0.5);
        return sweep;
}

static void test_there_and_back(void) {
        g_autoptr(PiSweep) sweep = make_sweep(), back = NULL;
        g_autoptr(GVariant) run = g_variant_ref_sink(pi_sweep_to_variant(sweep)), again = NULL;
        g_autoptr(GError) error = NULL;

        back = pi_sweep_from_variant(run, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(back->terms, ==, 1000);
        g_assert_cmpuint(back->cpus, ==, 2);
        g_assert_cmpuint(back->slots, ==, 4);
        g_assert_cmpstr(back->kernel, ==, "avx2");
        g_assert_cmpstr(back->label, ==, "night");
        g_assert_cmpuint(back->points->len, ==, 2);
        g_assert_cmpuint(pi_sweep_series_length(pi_sweep_point(back, 0)), ==, 2);
        g_assert_cmpuint(pi_sweep_point(back, 1)->parts, ==, 125);
        g_assert_true(pi_sweep_find_point(back, 125) == pi_sweep_point(back, 1));
        g_assert_null(pi_sweep_find_point(back, 2));
        again = g_variant_ref_sink(pi_sweep_to_variant(back));
        g_assert_cmpvariant(run, again);
}

static void test_nodes(void) {
        g_autoptr(PiSweep) sweep = make_sweep(), back = NULL;
        g_autoptr(GVariant) run = NULL;

        g_assert_false(pi_sweep_is_over_nodes(sweep));
        g_ptr_array_set_size(sweep->points, 0);
        pi_sweep_series_add(pi_sweep_add_nodes_point(sweep, 1, 64), 90, 95, 0.25);
        pi_sweep_series_add(pi_sweep_add_nodes_point(sweep, 3, 128), 30, 35, 0.25);
        run = g_variant_ref_sink(pi_sweep_to_variant(sweep));
        back = pi_sweep_from_variant(run, NULL);
        g_assert_nonnull(back);
        g_assert_true(pi_sweep_is_over_nodes(back));
        g_assert_cmpuint(pi_sweep_point(back, 1)->nodes, ==, 3);
        g_assert_cmpuint(pi_sweep_point(back, 1)->parts, ==, 128);
        g_assert_true(pi_sweep_find_point(back, 3) == pi_sweep_point(back, 1));
        g_assert_null(pi_sweep_find_point(back, 128));
}

static void test_drop_empty(void) {
        g_autoptr(PiSweep) sweep = make_sweep();

        pi_sweep_add_point(sweep, 7);
        pi_sweep_add_baseline(sweep, "generic", 1);
        pi_sweep_drop_empty(sweep);
        g_assert_cmpuint(sweep->points->len, ==, 2);
        g_assert_cmpuint(sweep->baselines->len, ==, 1);
}

static void refuse(const char *text) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) run = g_variant_parse(NULL, text, NULL, NULL, &error);

        g_assert_no_error(error);
        g_assert_null(pi_sweep_from_variant(run, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "run 3 "));
}

/* A service of another version may tell anything. */
static void test_strange_runs(void) {
        refuse("{'id': <uint64 3>}");
        refuse("{'id': <uint64 3>, 'terms': <uint64 8>, 'points': <'none'>}");
        refuse("{'id': <uint64 3>, 'terms': <uint64 8>, 'points': <[{'parts': <uint64 1>}]>}");
        /* Lists of different lengths are no samples. */
        refuse("{'id': <uint64 3>, 'terms': <uint64 8>, 'baselines': <[{'kernel': <'a'>, "
               "'response_usec': <[uint64 1]>, 'wall_usec': <[uint64 1]>, "
               "'cpu_utilization': <[1.0]>}]>, 'points': <[{'parts': <uint64 1>, "
               "'response_usec': <[uint64 1, 2]>, 'wall_usec': <[uint64 1]>, "
               "'cpu_utilization': <[1.0]>}]>}");
}

/* Lists beyond what can be stored are cut. */
static void test_caps(void) {
        g_autoptr(PiSweep) sweep = make_sweep(), back = NULL;
        g_autoptr(GVariant) run = NULL;
        PiSweepSeries *s = sweep->points->pdata[1];

        for (guint i = 0; i < 200; i++)
                pi_sweep_series_add(s, 1, 1, 0);
        for (guint i = 0; i < 200; i++)
                pi_sweep_series_add(pi_sweep_add_point(sweep, 200 + i), 1, 1, 0);
        run = g_variant_ref_sink(pi_sweep_to_variant(sweep));
        back = pi_sweep_from_variant(run, NULL);
        g_assert_nonnull(back);
        g_assert_cmpuint(back->points->len, ==, PI_SWEEP_POINTS_MAX);
        g_assert_cmpuint(pi_sweep_series_length(pi_sweep_point(back, 1)), ==,
                         PI_SWEEP_SAMPLES_MAX);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep/there-and-back", test_there_and_back);
        g_test_add_func("/sweep/nodes", test_nodes);
        g_test_add_func("/sweep/drop-empty", test_drop_empty);
        g_test_add_func("/sweep/strange-runs", test_strange_runs);
        g_test_add_func("/sweep/caps", test_caps);
        return g_test_run();
}
