/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-figures.h"

/* A point as it is written down: three samples, `noise` below, at and above the median. */
typedef struct Point {
        guint64 parts;
        double median, noise;
} Point;

static PiSweep *make_sweep(guint64 terms, guint32 cpus, double thread_usec, const Point *points,
                           gsize n) {
        PiSweep *sweep = pi_sweep_new();

        sweep->terms = terms;
        sweep->cpus = sweep->slots = cpus;
        sweep->repeats = 3;
        pi_sweep_series_add(pi_sweep_add_baseline(sweep, "reference", terms / 10), 1, 1, 1);
        pi_sweep_series_add(pi_sweep_add_baseline(sweep, "generic", terms),
                            (guint64) thread_usec, (guint64) thread_usec, 1);
        for (gsize i = 0; i < n; i++) {
                PiSweepSeries *s = pi_sweep_add_point(sweep, points[i].parts);

                for (int k = -1; k <= 1; k++) {
                        guint64 usec = (guint64) (points[i].median + k * points[i].noise);
                        pi_sweep_series_add(s, usec, usec + 7, 0.5 + 0.1 * k);
                }
        }
        return sweep;
}

static void expect_knee(const PiSweep *sweep, guint64 best, guint64 enough, guint64 most,
                        const char *text) {
        g_autofree char *words = pi_sweep_knee_text(sweep);
        PiSweepKnee knee;

        g_assert_true(pi_sweep_knee(sweep, &knee));
        g_assert_cmpuint(pi_sweep_point(sweep, knee.best)->parts, ==, best);
        g_assert_cmpuint(pi_sweep_point(sweep, knee.enough)->parts, ==, enough);
        g_assert_cmpuint(pi_sweep_point(sweep, knee.most)->parts, ==, most);
        g_assert_cmpstr(words, ==, text);
}

#define SECOND 1e6

/* The experiment's table: 1e9 terms on 16 cores, read off to whole seconds. */
static const Point experiment[] = {
        { 1, 149 * SECOND, SECOND / 2 },     { 2, 79 * SECOND, SECOND / 2 },
        { 4, 42 * SECOND, SECOND / 2 },      { 8, 26 * SECOND, SECOND / 2 },
        { 16, 19 * SECOND, SECOND / 2 },     { 24, 20 * SECOND, SECOND / 2 },
        { 32, 19 * SECOND, SECOND / 2 },     { 128, 18 * SECOND, SECOND / 2 },
        { 2000, 19 * SECOND, SECOND / 2 },   { 100000, 47 * SECOND, SECOND / 2 },
        { 1000000, 275 * SECOND, SECOND / 2 },
};

static void test_experiment(void) {
        g_autoptr(PiSweep) sweep = make_sweep(1000000000, 16, 140 * SECOND, experiment,
                                              G_N_ELEMENTS(experiment));
        PiSweepFigures f;

        expect_knee(sweep, 128, 16, 2000,
                    "16 parts are enough; more than 2 000 only cost: 1 000 000 take 15.3 times as "
                    "long.");
        f = pi_sweep_figures(sweep, pi_sweep_find_point(sweep, 16));
        g_assert_cmpfloat_with_epsilon(f.speedup, 140.0 / 19, 1e-9);
        g_assert_cmpfloat_with_epsilon(f.efficiency, 140.0 / 19 / 16, 1e-9);
        g_assert_cmpfloat_with_epsilon(f.terms_per_second, 1e9 / 19, 1);
        g_assert_cmpfloat(f.cost_usec, <, 0);
        /* 2 000 parts took a second longer, which is no more than the reading is good for. */
        g_assert_cmpfloat(pi_sweep_figures(sweep, pi_sweep_find_point(sweep, 2000)).cost_usec, <,
                          0);
        f = pi_sweep_figures(sweep, pi_sweep_find_point(sweep, 1000000));
        g_assert_cmpfloat_with_epsilon(f.cost_usec, (275 - 18) * SECOND * 16 / (1000000 - 128),
                                       1e-6);
}

static void test_flat(void) {
        static const Point points[] = { { 1, 1000, 3 }, { 8, 990, 3 }, { 64, 1005, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 1, 1000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 8, 1, 64,
                    "From 1 part to 64 parts the number makes no clear difference.");
}

static void test_falling(void) {
        static const Point points[] = { { 1, 8000, 3 }, { 2, 4000, 3 }, { 4, 2000, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 4, 8000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 4, 4, 4,
                    "No knee: 4 parts are the fastest of all, and more may be faster still.");
}

static void test_rising(void) {
        static const Point points[] = { { 1, 1000, 3 }, { 2, 2000, 3 }, { 4, 4000, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 1, 1000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 1, 1, 1,
                    "1 part is enough; more than 1 only cost: 4 take 4 times as long.");
}

static void test_enough_to_the_end(void) {
        static const Point points[] = { { 1, 2000, 3 }, { 2, 1000, 3 }, { 4, 1010, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 2, 2, 4,
                    "2 parts are enough; up to 4 parts the number makes no clear difference.");
}

/* Medians a fifth apart tell nothing where the samples are spread as far. */
static void test_noisy(void) {
        static const Point points[] = { { 1, 1200, 500 }, { 2, 1000, 500 }, { 4, 1190, 500 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 2, 1, 4,
                    "From 1 part to 4 parts the number makes no clear difference.");
}

/* One sample of seven that other work on the machine spoiled moves no knee, wherever it is. */
static void test_outlier(void) {
        for (guint spoiled = 0; spoiled < 2; spoiled++) {
                g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, NULL, 0);
                static const guint64 parts[] = { 2, 4 }, medians[] = { 1000, 1500 };

                for (guint i = 0; i < 2; i++) {
                        PiSweepSeries *s = pi_sweep_add_point(sweep, parts[i]);

                        for (guint k = 0; k < 7; k++) {
                                gboolean bad = k == 3 && i == spoiled;
                                guint64 usec = bad ? (i == 0 ? 9000 : 100) : medians[i] + k;
                                pi_sweep_series_add(s, usec, usec, 1);
                        }
                }
                expect_knee(sweep, 2, 2, 2,
                            "2 parts are enough; more than 2 only cost: 4 take 1.5 times as long.");
        }
}

/* A point in the middle that is slow does not cut what is enough short. */
static void test_dent(void) {
        static const Point points[] = {
                { 1, 2000, 3 }, { 2, 1000, 3 }, { 4, 1300, 3 }, { 8, 1001, 3 }, { 16, 3000, 3 },
        };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, points, G_N_ELEMENTS(points));

        expect_knee(sweep, 2, 2, 8,
                    "2 parts are enough; more than 8 only cost: 16 take 3 times as long.");
}

static void test_one_point(void) {
        static const Point points[] = { { 8, 1000, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, points, G_N_ELEMENTS(points));
        g_autofree char *text = pi_sweep_knee_text(sweep);
        PiSweepKnee knee;

        g_assert_false(pi_sweep_knee(sweep, &knee));
        g_assert_cmpstr(text, ==, "One number of parts tells nothing of where more parts stop to "
                                  "help.");
}

static GArray *numbers(const guint64 *values, guint n) {
        GArray *array = g_array_new(FALSE, FALSE, sizeof(guint64));
        return g_array_append_vals(array, values, n);
}

static void test_spread(void) {
        static const guint64 five[] = { 50, 10, 40, 20, 30 }, two[] = { 4, 2 }, one[] = { 9 };
        g_autoptr(GArray) a = numbers(five, 5), b = numbers(two, 2), c = numbers(one, 1);
        g_autoptr(GArray) none = numbers(NULL, 0);
        PiSweepSpread s = pi_sweep_spread(a);

        g_assert_cmpfloat(s.min, ==, 10);
        g_assert_cmpfloat(s.q1, ==, 20);
        g_assert_cmpfloat(s.median, ==, 30);
        g_assert_cmpfloat(s.q3, ==, 40);
        g_assert_cmpfloat(s.max, ==, 50);
        g_assert_cmpfloat(pi_sweep_spread(b).median, ==, 3);
        g_assert_cmpfloat(pi_sweep_spread(c).q1, ==, 9);
        g_assert_cmpfloat(pi_sweep_spread(none).max, ==, 0);
        /* Order is nothing to be changed. */
        g_assert_cmpuint(g_array_index(a, guint64, 0), ==, 50);
}

/* Times of zero, which only a strange service tells, divide nothing. */
static void test_zero(void) {
        static const Point points[] = { { 1, 0, 0 }, { 2, 0, 0 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 0, points, G_N_ELEMENTS(points));
        g_autofree char *text = pi_sweep_knee_text(sweep);
        PiSweepFigures f = pi_sweep_figures(sweep, pi_sweep_point(sweep, 1));

        g_assert_cmpfloat(f.terms_per_second, ==, 0);
        g_assert_cmpfloat(f.speedup, ==, 0);
        g_assert_cmpfloat(f.efficiency, ==, 0);
        g_assert_nonnull(text);
}

static void test_cpu_share(void) {
        static const Point points[] = { { 1, 90000, 3 }, { 2, 80000, 3 } };
        static const Point quick[] = { { 1, 900, 3 }, { 2, 800, 3 } };
        g_autoptr(PiSweep) sweep = make_sweep(1000, 2, 2000, points, G_N_ELEMENTS(points));
        g_autoptr(PiSweep) little = make_sweep(1000, 2, 2000, quick, G_N_ELEMENTS(quick));

        g_assert_cmpfloat_with_epsilon(pi_sweep_cpu_share(sweep), 0.5, 1e-9);
        /* As many slots again that the sweep did not reserve. */
        sweep->slots = 3;
        g_assert_cmpfloat_with_epsilon(pi_sweep_cpu_share(sweep), 0.75, 1e-9);
        g_assert_cmpfloat(pi_sweep_cpu_share(little), ==, 1);
}

static void test_overhead(void) {
        g_autoptr(PiSweep) sweep = make_sweep(1000, 16, 1, experiment, G_N_ELEMENTS(experiment));
        g_assert_cmpfloat(pi_sweep_overhead(sweep), ==, 7);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep-figures/experiment", test_experiment);
        g_test_add_func("/sweep-figures/flat", test_flat);
        g_test_add_func("/sweep-figures/falling", test_falling);
        g_test_add_func("/sweep-figures/rising", test_rising);
        g_test_add_func("/sweep-figures/enough-to-the-end", test_enough_to_the_end);
        g_test_add_func("/sweep-figures/noisy", test_noisy);
        g_test_add_func("/sweep-figures/outlier", test_outlier);
        g_test_add_func("/sweep-figures/dent", test_dent);
        g_test_add_func("/sweep-figures/one-point", test_one_point);
        g_test_add_func("/sweep-figures/spread", test_spread);
        g_test_add_func("/sweep-figures/zero", test_zero);
        g_test_add_func("/sweep-figures/cpu-share", test_cpu_share);
        g_test_add_func("/sweep-figures/overhead", test_overhead);
        return g_test_run();
}
