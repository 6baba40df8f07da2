/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-plan.h"

#include <string.h>

#include "ctl/sweep-progress.h"
#include "dbus/error.h"

static const char *const kernels[] = { "avx2", "generic", "reference", NULL };

static void expect_parts(const char *text, guint64 terms, const guint64 *values, guint n) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) list = pi_sweep_parse_parts(text, terms, &error);

        g_assert_no_error(error);
        g_assert_cmpmem(list->data, list->len * sizeof(guint64), values, n * sizeof(guint64));
}

static void test_parts(void) {
        static const guint64 eleven[] = { 1, 2, 4, 8, 16, 24, 32, 128, 2000, 100000, 1000000 };
        static const guint64 sorted[] = { 1, 3, 1000, 1000000 }, one[] = { 7 };

        expect_parts(NULL, 1000000000, eleven, 11);
        expect_parts(NULL, 7999999, eleven, 10);
        expect_parts(NULL, 256, eleven, 7);
        expect_parts(NULL, 1, eleven, 1);
        expect_parts("1e6,3,1k,1", 1000000000, sorted, 4);
        expect_parts("7", 56, one, 1);
}

static void refuse(const char *text, guint64 terms, const char *says) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) list = pi_sweep_parse_parts(text, terms, &error);

        g_assert_null(list);
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, "--parts: "));
        g_assert_nonnull(strstr(error->message, says));
}

static void test_wrong_parts(void) {
        g_autoptr(GString) many = g_string_new("1"), most = g_string_new("1");
        g_autofree char *long_text = g_strnfill(100000, '1');
        g_autoptr(GArray) list = NULL;

        refuse("", 1000, "the list is empty");
        refuse("1,,2", 1000, "it is empty");
        refuse("1,2,", 1000, "it is empty");
        refuse("1,two", 1000, "'two' is not a number of parts");
        refuse("1,2,-3", 1000, "'-3'");
        refuse("0,1", 1000, "'0'");
        refuse("1.5,2", 1000, "not whole");
        refuse("4,1,2,4", 1000, "4 is in the list twice");
        refuse("1k,1000", 100000, "1000 is in the list twice");
        refuse("1,126", 1000, "from 1 to 125");
        refuse("2", 7, "from 1 to 1");
        for (guint i = 2; i <= PI_SWEEP_POINTS_MAX + 1; i++)
                g_string_append_printf(many, ",%u", i);
        for (guint i = 2; i <= PI_SWEEP_POINTS_MAX; i++)
                g_string_append_printf(most, ",%u", i);
        refuse(many->str, 1000000, "1 to 64 numbers");
        refuse(long_text, 1000000, "1 to 64 numbers");
        list = pi_sweep_parse_parts(most->str, 1000000, NULL);
        g_assert_cmpuint(list->len, ==, PI_SWEEP_POINTS_MAX);
}

static PiSweep *make_sweep(const char *kernel, guint64 terms) {
        g_autoptr(GArray) parts = pi_sweep_parse_parts(NULL, terms, NULL);
        PiSweep *sweep = pi_sweep_new();

        g_free(sweep->kernel);
        sweep->kernel = g_strdup(kernel);
        sweep->terms = terms;
        sweep->cpus = sweep->slots = 2;
        sweep->repeats = 5;
        pi_sweep_prepare(sweep, kernels, parts);
        return sweep;
}

static void expect_baseline(const PiSweep *sweep, guint index, const char *kernel, guint64 terms) {
        g_assert_cmpstr(pi_sweep_baseline(sweep, index)->kernel, ==, kernel);
        g_assert_cmpuint(pi_sweep_baseline(sweep, index)->terms, ==, terms);
}

static void test_baselines(void) {
        g_autoptr(PiSweep) vector = make_sweep("avx2", G_GUINT64_CONSTANT(100000000000));
        g_autoptr(PiSweep) generic = make_sweep("generic", 1000);
        g_autoptr(PiSweep) reference = make_sweep("reference", 1000);

        g_assert_cmpuint(vector->baselines->len, ==, 3);
        expect_baseline(vector, 0, "reference", 1000000000);
        expect_baseline(vector, 1, "generic", vector->terms);
        expect_baseline(vector, 2, "avx2", vector->terms);
        g_assert_cmpuint(generic->baselines->len, ==, 2);
        expect_baseline(generic, 0, "reference", 1000);
        expect_baseline(generic, 1, "generic", 1000);
        /* The last one is what the speed-up is against. */
        g_assert_cmpuint(reference->baselines->len, ==, 2);
        expect_baseline(reference, 1, "reference", 1000);
}

static const PiSweepStep *step_at(const GArray *steps, guint index) {
        return &g_array_index(steps, PiSweepStep, index);
}

/* Index of the series of a step among the points; that of the last baseline comes after them. */
static guint index_of(const PiSweep *sweep, const PiSweepStep *step) {
        guint index = 0;

        while (index < sweep->points->len && pi_sweep_point(sweep, index) != step->series)
                index++;
        if (index == sweep->points->len)
                g_assert_true(step->series == pi_sweep_baseline(sweep, 2));
        return index;
}

/* Every point as often as asked for, each round all of them, and not always in the same order. */
static void test_order(void) {
        g_autoptr(PiSweep) sweep = make_sweep("avx2", 1000000000);
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);
        g_autoptr(GArray) steps = pi_sweep_plan(sweep, rand);
        guint first = 0, differing = 0;

        while (step_at(steps, first)->series == NULL)
                first++;
        g_assert_cmpuint(first, >, 0);
        for (guint i = first; i < first + 15; i++) {
                g_assert_cmpuint(step_at(steps, i)->cpus, ==, 1);
                g_assert_cmpuint(step_at(steps, i)->parts, ==, 1);
                g_assert_cmpint(step_at(steps, i)->budgeted, ==, i < first + 10);
        }
        first += 15;
        g_assert_cmpuint(steps->len, ==, first + 60);
        for (guint round = 0; round < 5; round++) {
                guint seen = 0;

                for (guint i = 0; i < 12; i++) {
                        const PiSweepStep *step = step_at(steps, first + round * 12 + i);
                        guint index = index_of(sweep, step);

                        seen |= 1u << index;
                        differing += index != i;
                        g_assert_cmpuint(step->number, ==, index < 11 ? round + 1 : round + 6);
                        g_assert_cmpuint(step->cpus, ==, index < 11 ? 2 : 1);
                        g_assert_cmpuint(step->parts, ==, step->series->parts);
                }
                g_assert_cmpuint(seen, ==, (1 << 12) - 1);
        }
        g_assert_cmpuint(differing, >, 30);
}

/* No series gets more samples than can be stored. */
static void test_most_repeats(void) {
        for (guint repeats = 49; repeats <= PI_SWEEP_SAMPLES_MAX; repeats++) {
                g_autoptr(PiSweep) sweep = make_sweep("avx2", 8);
                g_autoptr(GRand) rand = g_rand_new_with_seed(repeats);
                g_autoptr(GArray) steps = NULL;
                guint n_point = 0, n_baseline = 0;

                sweep->repeats = repeats;
                steps = pi_sweep_plan(sweep, rand);
                for (guint i = 0; i < steps->len; i++) {
                        n_point += step_at(steps, i)->series == pi_sweep_point(sweep, 0);
                        n_baseline += step_at(steps, i)->series == pi_sweep_baseline(sweep, 2);
                }
                g_assert_cmpuint(n_point, ==, repeats);
                g_assert_cmpuint(n_baseline, ==, MIN(2 * repeats, PI_SWEEP_SAMPLES_MAX));
        }
}

/* A slow baseline is measured once, a quick one as often as the others; the last one always. */
static void test_budget(void) {
        g_autoptr(PiSweep) sweep = make_sweep("avx2", 1000);
        PiSweepStep step = { .series = sweep->baselines->pdata[0], .budgeted = TRUE };

        g_assert_true(pi_sweep_step_is_wanted(&step));
        pi_sweep_series_add(step.series, PI_SWEEP_BUDGET_USEC / 2, 1, 1);
        g_assert_true(pi_sweep_step_is_wanted(&step));
        pi_sweep_series_add(step.series, PI_SWEEP_BUDGET_USEC / 2, 1, 1);
        g_assert_false(pi_sweep_step_is_wanted(&step));
        step.budgeted = FALSE;
        g_assert_true(pi_sweep_step_is_wanted(&step));
}

static void test_estimate(void) {
        g_autoptr(PiSweep) sweep = make_sweep("avx2", 1000);
        PiSweepStep step = { .series = sweep->points->pdata[0], .terms = 1000, .parts = 1,
                             .cpus = 2 };

        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 4, 0), ==, 0);
        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 4, 100), ==, 10);
        step.parts = 8;
        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 4, 100), ==, 5);
        step.parts = 0;
        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 4, 100), ==, 5);
        pi_sweep_series_add(step.series, 3000000, 1, 1);
        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 4, 100), ==, 3);
}

static void expect_line(const PiSweepStep *step, double left, unsigned columns, const char *text) {
        PiSweepProgress progress = { .step = step, .repeats = 5, .gone = 30, .left = left };
        g_autofree char *line = pi_sweep_progress_text(&progress, columns, FALSE);

        g_assert_cmpstr(line, ==, text);
        g_assert_cmpuint(strlen(line), <=, columns);
}

static void test_progress(void) {
        g_autoptr(PiSweep) sweep = make_sweep("avx2", 1000000000);
        PiSweepStep warm = { .cpus = 2 };
        PiSweepStep base = { .series = sweep->baselines->pdata[0], .baseline = TRUE,
                             .parts = 1, .cpus = 1, .number = 2, .kernel = "reference" };
        PiSweepStep point = { .series = sweep->points->pdata[8], .parts = 2000, .cpus = 2,
                              .number = 3, .kernel = "avx2" };

        expect_line(&warm, 0, 60, "sweep ..............................   0 %  warming up\n");
        expect_line(&base, 0, 40, "sweep    0 %  one thread, reference,...\n");
        base.number = 6;
        expect_line(&base, 0, 60,
                    "sweep .................   0 %  one thread, reference, again\n");
        expect_line(&point, 10, 60,
                    "sweep ###########....  75 %  2 000 parts, 3 of 5, 10 s left\n");
        expect_line(&point, 90, 61,
                    "sweep ###.........  25 %  2 000 parts, 3 of 5, 1min 30s left\n");
        expect_line(&point, 90, 20, "sweep   25 %  2 ...\n");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep-plan/parts", test_parts);
        g_test_add_func("/sweep-plan/wrong-parts", test_wrong_parts);
        g_test_add_func("/sweep-plan/baselines", test_baselines);
        g_test_add_func("/sweep-plan/order", test_order);
        g_test_add_func("/sweep-plan/most-repeats", test_most_repeats);
        g_test_add_func("/sweep-plan/budget", test_budget);
        g_test_add_func("/sweep-plan/estimate", test_estimate);
        g_test_add_func("/sweep-plan/progress", test_progress);
        return g_test_run();
}
