/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/sample.h"

#include "daemon/work/clock.h"

struct BenchSample {
        GArray *values; /* of double, in the order of the runs */
};

BenchSample *bench_sample_new(void) {
        BenchSample *s = g_new(BenchSample, 1);

        s->values = g_array_new(FALSE, FALSE, sizeof(double));
        return s;
}

void bench_sample_free(BenchSample *s) {
        if (!s)
                return;
        g_array_unref(s->values);
        g_free(s);
}

void bench_sample_add(BenchSample *s, double value) {
        g_array_append_val(s->values, value);
}

double bench_sample_at(const BenchSample *s, gsize run) {
        g_assert(run < s->values->len);
        return g_array_index(s->values, double, run);
}

gsize bench_sample_size(const BenchSample *s) {
        return s->values->len;
}

static int compare_doubles(gconstpointer a, gconstpointer b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double bench_sample_quantile(const BenchSample *s, double q) {
        g_autoptr(GArray) sorted = g_array_copy(s->values);
        gsize n = sorted->len;

        g_assert(n > 0);
        g_array_sort(sorted, compare_doubles);
        return g_array_index(sorted, double, MIN((gsize) (q * (double) n), n - 1));
}

double bench_sample_median(const BenchSample *s) {
        return bench_sample_quantile(s, 0.5);
}

BenchSample *bench_sample_ratio(const BenchSample *a, const BenchSample *b) {
        BenchSample *ratio = bench_sample_new();

        g_assert(a->values->len == b->values->len);
        for (gsize i = 0; i < a->values->len; i++)
                bench_sample_add(ratio, bench_sample_at(a, i) / bench_sample_at(b, i));
        return ratio;
}

guint *bench_shuffled(guint n) {
        guint *order = g_new(guint, n);

        for (guint i = 0; i < n; i++) {
                guint j = (guint) g_random_int_range(0, (gint32) i + 1);

                order[i] = order[j];
                order[j] = i;
        }
        return order;
}

double bench_seconds(void) {
        return (double) pi_clock_nsec(CLOCK_MONOTONIC) / 1e9;
}
