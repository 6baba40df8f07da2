/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-figures.h"

#include <stdlib.h>

#include "ctl/format.h"

/* Of shorter requests, starting and ending the workers is no small share. */
#define SHORT_USEC 5000

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x > y) - (x < y);
}

/* Of n > 0 sorted values, 0 <= p <= 1. */
static double quantile(const double *sorted, gsize n, double p) {
        double at = p * (double) (n - 1);
        gsize i = (gsize) at;

        return i + 1 < n ? sorted[i] + (at - (double) i) * (sorted[i + 1] - sorted[i])
                         : sorted[n - 1];
}

PiSweepSpread pi_sweep_spread(const GArray *usec) {
        gsize n = usec->len;
        g_autofree double *sorted = g_new(double, n + 1);

        if (n == 0)
                return (PiSweepSpread) {};
        for (gsize i = 0; i < n; i++)
                sorted[i] = (double) g_array_index(usec, guint64, i);
        qsort(sorted, n, sizeof(double), compare_doubles);
        return (PiSweepSpread) {
                .min = sorted[0],
                .q1 = quantile(sorted, n, 0.25),
                .median = quantile(sorted, n, 0.5),
                .q3 = quantile(sorted, n, 0.75),
                .max = sorted[n - 1],
        };
}

double pi_sweep_median(const GArray *values) {
        g_autofree double *sorted = g_memdup2(values->data, values->len * sizeof(double));

        if (values->len == 0)
                return 0;
        qsort(sorted, values->len, sizeof(double), compare_doubles);
        return quantile(sorted, values->len, 0.5);
}

gboolean pi_sweep_is_slower(const PiSweepSpread *a, const PiSweepSpread *b) {
        return a->median > b->median * (1 + PI_SWEEP_TOLERANCE) && a->median > b->q3 &&
               a->q1 > b->median;
}

gboolean pi_sweep_is_apart(const PiSweepSpread *a, const PiSweepSpread *b) {
        return a->min > b->max;
}

static PiSweepSpread spread_at(const PiSweep *sweep, guint index) {
        return pi_sweep_spread(pi_sweep_point(sweep, index)->response_usec);
}

/* There is a point. */
static guint find_best(const PiSweep *sweep, PiSweepSpread *ret) {
        guint best = 0;

        *ret = spread_at(sweep, 0);
        for (guint i = 1; i < sweep->points->len; i++) {
                PiSweepSpread s = spread_at(sweep, i);

                if (s.median < ret->median) {
                        best = i;
                        *ret = s;
                }
        }
        return best;
}

gboolean pi_sweep_knee(const PiSweep *sweep, PiSweepKnee *ret) {
        PiSweepSpread best;

        if (sweep->points->len < 2 || pi_sweep_is_over_nodes(sweep))
                return FALSE;
        ret->best = ret->enough = ret->most = find_best(sweep, &best);
        for (guint i = 0; i < sweep->points->len; i++) {
                PiSweepSpread s = spread_at(sweep, i);

                if (pi_sweep_is_slower(&s, &best))
                        continue;
                ret->enough = MIN(ret->enough, i);
                ret->most = MAX(ret->most, i);
        }
        return TRUE;
}

static char *parts_text(const PiSweep *sweep, guint index) {
        guint64 parts = pi_sweep_point(sweep, index)->parts;
        g_autofree char *number = pi_format_grouped(parts);

        return g_strdup_printf("%s part%s", number, parts == 1 ? "" : "s");
}

/* "more than 2 000 only cost: 1 000 000 take 15.3 times as long" */
static char *cost_text(const PiSweep *sweep, const PiSweepKnee *knee) {
        guint last = sweep->points->len - 1;
        PiSweepSpread best = spread_at(sweep, knee->best), worst = spread_at(sweep, last);
        g_autofree char *most = pi_format_grouped(pi_sweep_point(sweep, knee->most)->parts);
        g_autofree char *end = pi_format_grouped(pi_sweep_point(sweep, last)->parts);
        g_autofree char *times = pi_format_number(best.median > 0 ? worst.median / best.median : 0);

        return g_strdup_printf("more than %s only cost: %s take %s times as long", most, end,
                               times);
}

char *pi_sweep_knee_text(const PiSweep *sweep) {
        g_autofree char *first = NULL, *enough = NULL, *end = NULL, *cost = NULL;
        guint last = sweep->points->len - 1;
        PiSweepKnee k;

        if (!pi_sweep_knee(sweep, &k))
                return g_strdup("One number of parts tells nothing of where more parts stop to "
                                "help.");
        first = parts_text(sweep, 0);
        enough = parts_text(sweep, k.enough);
        end = parts_text(sweep, last);
        if (k.most < last)
                cost = cost_text(sweep, &k);
        if (k.enough == 0 && !cost)
                return g_strdup_printf("From %s to %s the number makes no clear difference.", first,
                                       end);
        if (k.enough == last)
                return g_strdup_printf("No knee: %s are the fastest of all, and more may be "
                                       "faster still.", end);
        if (!cost)
                return g_strdup_printf("%s are enough; up to %s the number makes no clear "
                                       "difference.", enough, end);
        return g_strdup_printf("%s %s enough; %s.", enough,
                               pi_sweep_point(sweep, k.enough)->parts == 1 ? "is" : "are", cost);
}

/* Terms a second by the median, 0 without samples. */
static double rate_of(const PiSweepSeries *series) {
        double median = pi_sweep_spread(series->response_usec).median;

        return median > 0 ? (double) series->terms * 1e6 / median : 0;
}

PiSweepFigures pi_sweep_figures(const PiSweep *sweep, const PiSweepSeries *series) {
        PiSweepFigures f = { .spread = pi_sweep_spread(series->response_usec),
                             .utilization = pi_sweep_median(series->utilization),
                             .cost_usec = -1 };
        const PiSweepSeries *base = series->nodes > 0
                        ? pi_sweep_find_point(sweep, 1)
                        : pi_sweep_baseline(sweep, sweep->baselines->len - 1);
        guint32 workers = series->nodes > 0 ? series->nodes : sweep->cpus;
        PiSweepSpread best_spread;
        const PiSweepSeries *best;

        if (f.spread.median > 0) {
                double baseline = base ? rate_of(base) : 0;

                f.terms_per_second = rate_of(series);
                f.speedup = baseline > 0 ? f.terms_per_second / baseline : 0;
                f.efficiency = workers > 0 ? f.speedup / workers : 0;
        }
        if (sweep->points->len == 0 || pi_sweep_is_over_nodes(sweep))
                return f;
        best = pi_sweep_point(sweep, find_best(sweep, &best_spread));
        if (series->parts > best->parts && pi_sweep_is_apart(&f.spread, &best_spread))
                f.cost_usec = (f.spread.median - best_spread.median) * sweep->cpus /
                              (double) (series->parts - best->parts);
        return f;
}

double pi_sweep_cpu_share(const PiSweep *sweep) {
        const PiSweepSeries *best;
        PiSweepSpread spread;
        guint64 workers;

        if (sweep->points->len == 0 || pi_sweep_is_over_nodes(sweep))
                return 1;
        best = pi_sweep_point(sweep, find_best(sweep, &spread));
        workers = MIN(best->parts, sweep->cpus);
        if (spread.median < SHORT_USEC || workers == 0)
                return 1;
        return CLAMP(pi_sweep_median(best->utilization) * sweep->slots / (double) workers, 0, 1);
}

double pi_sweep_overhead(const PiSweep *sweep) {
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));

        for (guint i = 0; i < sweep->points->len; i++) {
                const PiSweepSeries *s = pi_sweep_point(sweep, i);

                for (guint k = 0; k < pi_sweep_series_length(s); k++) {
                        double over = (double) g_array_index(s->wall_usec, guint64, k) -
                                      (double) g_array_index(s->response_usec, guint64, k);
                        g_array_append_val(all, over);
                }
        }
        return pi_sweep_median(all);
}
