/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-plan.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/quantity.h"
#include "ctl/sweep-figures.h"
#include "dbus/error.h"

/* Longer than any list that can be right. */
#define TEXT_MAX (PI_SWEEP_POINTS_MAX * (PI_QUANTITY_LENGTH_MAX + 1))

/* Requests before the first that counts: the clocks of the cores rise, memory is there. */
#define WARM_UPS 3
#define WARM_UP_TERMS G_GUINT64_CONSTANT(1000000000)

/* Those of the experiment. */
static const guint64 parts_default[] = {
        1, 2, 4, 8, 16, 24, 32, 128, 2000, 100000, 1000000,
};

static guint64 most_parts(guint64 terms) {
        return MAX(1, terms / 8);
}

static int compare_numbers(gconstpointer a, gconstpointer b) {
        guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;
        return (x > y) - (x < y);
}

static gboolean parse_item(const char *item, guint64 terms, GArray *list, GError **error) {
        guint64 value;
        g_autofree char *most = NULL, *number = NULL, *shown = NULL;

        if (!pi_quantity_parse(item, &pi_quantity_parts, &value, error)) {
                g_prefix_error(error, "--parts: ");
                return FALSE;
        }
        if (value <= most_parts(terms)) {
                g_array_append_val(list, value);
                return TRUE;
        }
        shown = pi_format_grouped(value);
        most = pi_format_grouped(most_parts(terms));
        number = pi_format_grouped(terms);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "--parts: %s terms cannot be cut into %s parts, a part has 8 terms at least; "
                    "it must be a whole number from 1 to %s", number, shown, most);
        return FALSE;
}

static gboolean check_sorted(const GArray *list, GError **error) {
        for (guint i = 1; i < list->len; i++) {
                guint64 value = g_array_index(list, guint64, i);

                if (value == g_array_index(list, guint64, i - 1)) {
                        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "--parts: %" G_GUINT64_FORMAT " is in the list twice; give "
                                    "each number of parts once, --repeats says how often it is "
                                    "measured",
                                    value);
                        return FALSE;
                }
        }
        return TRUE;
}

GArray *pi_sweep_parse_parts(const char *text, guint64 terms, GError **error) {
        g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_auto(GStrv) items = NULL;

        if (!text) {
                for (guint i = 0; i < G_N_ELEMENTS(parts_default); i++)
                        if (parts_default[i] <= most_parts(terms))
                                g_array_append_val(list, parts_default[i]);
                return g_steal_pointer(&list);
        }
        items = strlen(text) <= TEXT_MAX ? g_strsplit(text, ",", -1) : NULL;
        if (!items || g_strv_length(items) > PI_SWEEP_POINTS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--parts: the list is too long; it may have 1 to %d numbers, for "
                            "example 1,2,4,1e6", PI_SWEEP_POINTS_MAX);
                return NULL;
        }
        if (!items[0]) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--parts: the list is empty; it may have 1 to %d numbers, for "
                            "example 1,2,4,1e6", PI_SWEEP_POINTS_MAX);
                return NULL;
        }
        for (guint i = 0; items[i]; i++)
                if (!parse_item(items[i], terms, list, error))
                        return NULL;
        g_array_sort(list, compare_numbers);
        return check_sorted(list, error) ? g_steal_pointer(&list) : NULL;
}

/* Fisher and Yates: every order is as likely as any other. */
static void shuffle(guint *order, guint n, GRand *rand) {
        for (guint i = n; i > 1; i--) {
                guint k = (guint) g_rand_int_range(rand, 0, (gint32) i), other = order[k];

                order[k] = order[i - 1];
                order[i - 1] = other;
        }
}

void pi_sweep_prepare(PiSweep *sweep, const char *const *kernels, const GArray *parts) {
        static const char *const others[] = { "reference", "generic" };

        for (guint i = 0; i < G_N_ELEMENTS(others); i++)
                if (strcmp(others[i], sweep->kernel) != 0 && g_strv_contains(kernels, others[i]))
                        pi_sweep_add_baseline(sweep, others[i],
                                              i == 0 ? MIN(sweep->terms, PI_SWEEP_REFERENCE_TERMS)
                                                     : sweep->terms);
        pi_sweep_add_baseline(sweep, sweep->kernel, sweep->terms);
        for (guint i = 0; i < parts->len; i++)
                pi_sweep_add_point(sweep, g_array_index(parts, guint64, i));
}

static void add_baseline(GArray *steps, PiSweepSeries *series, guint number, gboolean budgeted) {
        PiSweepStep step = { .series = series,
                             .baseline = TRUE,
                             .budgeted = budgeted,
                             .terms = series->terms,
                             .parts = 1,
                             .cpus = 1,
                             .kernel = series->kernel,
                             .number = number };
        g_array_append_val(steps, step);
}

static void add_point(GArray *steps, PiSweepSeries *series, guint32 cpus, guint number) {
        PiSweepStep step = { .series = series,
                             .terms = series->terms,
                             .parts = series->parts,
                             .nodes = series->nodes,
                             .cpus = series->nodes > 0 ? 0 : cpus,
                             .kernel = series->kernel,
                             .number = number };
        g_array_append_val(steps, step);
}

/* All nodes that will be used, if there are several. */
static void add_warm_up(GArray *steps, const PiSweep *sweep) {
        const PiSweepSeries *last = pi_sweep_point(sweep, sweep->points->len - 1);

        for (guint i = 0; i < WARM_UPS; i++) {
                PiSweepStep step = { .terms = MIN(sweep->terms, WARM_UP_TERMS),
                                     .nodes = last->nodes,
                                     .cpus = last->nodes > 0 ? 0 : sweep->cpus,
                                     .kernel = sweep->kernel,
                                     .number = i + 1 };
                g_array_append_val(steps, step);
        }
}

GArray *pi_sweep_plan(PiSweep *sweep, GRand *rand) {
        GArray *steps = g_array_new(FALSE, TRUE, sizeof(PiSweepStep));
        guint n = sweep->points->len, last = sweep->baselines->len - 1;
        /* Of the last baseline before the rounds: all its samples must be few enough to store. */
        guint before = MAX(1, MIN(sweep->repeats, PI_SWEEP_SAMPLES_MAX - sweep->repeats));
        g_autofree guint *order = g_new(guint, n + 1);

        add_warm_up(steps, sweep);
        for (guint i = 0; i <= last; i++)
                for (guint k = 1; k <= (i < last ? sweep->repeats : before); k++)
                        add_baseline(steps, sweep->baselines->pdata[i], k, i < last);
        for (guint i = 0; i <= n; i++)
                order[i] = i;
        for (guint round = 1; round <= sweep->repeats; round++) {
                shuffle(order, n + 1, rand);
                for (guint i = 0; i <= n; i++)
                        if (order[i] < n)
                                add_point(steps, sweep->points->pdata[order[i]], sweep->cpus,
                                          round);
                        else if (before + round <= PI_SWEEP_SAMPLES_MAX)
                                add_baseline(steps, sweep->baselines->pdata[last],
                                             before + round, FALSE);
        }
        return steps;
}

gboolean pi_sweep_step_is_wanted(const PiSweepStep *step) {
        guint64 spent = 0;

        if (!step->budgeted)
                return TRUE;
        for (guint i = 0; i < pi_sweep_series_length(step->series); i++)
                spent += g_array_index(step->series->response_usec, guint64, i);
        return spent < PI_SWEEP_BUDGET_USEC;
}

double pi_sweep_step_estimate(const PiSweepStep *step, guint32 slots, double thread_rate) {
        guint64 cpus = step->cpus > 0 ? step->cpus : (guint64) slots * MAX(step->nodes, 1);
        guint64 threads = step->parts > 0 ? MIN(step->parts, cpus) : cpus;

        if (step->series && pi_sweep_series_length(step->series) > 0)
                return pi_sweep_spread(step->series->response_usec).median / 1e6;
        return thread_rate > 0 && threads > 0
                       ? (double) step->terms / thread_rate / (double) threads : 0;
}
