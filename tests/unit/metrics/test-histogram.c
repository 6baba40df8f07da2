/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/histogram.h"

#include <math.h>
#include <stdlib.h>

static const double quantiles[] = { 0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
        return (x > y) - (x < y);
}

static uint64_t exact_quantile(const uint64_t *sorted, size_t n, double q) {
        double rank = ceil(q * (double) n);
        return sorted[rank < 1 ? 0 : (size_t) rank - 1];
}

static void assert_near(uint64_t got, uint64_t want, double relative) {
        g_assert_cmpfloat(fabs((double) got - (double) want), <=, (double) want * relative);
}

/* Values spread evenly over `octaves` octaves, so that small and huge ones are as likely. */
static uint64_t random_value(GRand *rand, unsigned octaves) {
        return (uint64_t) exp2(g_rand_double_range(rand, 0, octaves));
}

static void test_against_sort(void) {
        static const unsigned octaves[] = { 4, 12, 30, 63 };
        enum { N = 20000 };
        g_autofree uint64_t *values = g_new(uint64_t, N);
        GRand *rand = g_rand_new_with_seed(31415);

        for (size_t o = 0; o < G_N_ELEMENTS(octaves); o++) {
                g_autoptr(PiHistogram) h = pi_histogram_new();

                for (size_t i = 0; i < N; i++) {
                        values[i] = random_value(rand, octaves[o]);
                        pi_histogram_record(h, values[i], 1);
                }
                qsort(values, N, sizeof(*values), compare);
                g_assert_cmpuint(pi_histogram_count(h), ==, N);
                g_assert_cmpuint(pi_histogram_max(h), ==, values[N - 1]);
                for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++)
                        assert_near(pi_histogram_quantile(h, quantiles[i]),
                                    exact_quantile(values, N, quantiles[i]), 1.0 / 64);
        }
        g_rand_free(rand);
}

/* Each octave's ends, and what lies beside them, land within the promised error. */
static void test_octave_edges(void) {
        for (unsigned bit = 1; bit < 64; bit++)
                for (int beside = -1; beside <= 1; beside++) {
                        g_autoptr(PiHistogram) h = pi_histogram_new();
                        uint64_t value = (UINT64_C(1) << bit) + (uint64_t) (int64_t) beside;

                        pi_histogram_record(h, 0, 1);
                        pi_histogram_record(h, value, 1);
                        pi_histogram_record(h, UINT64_MAX, 1);
                        assert_near(pi_histogram_quantile(h, 0.5), value,
                                    value < 32 ? 0 : 1.0 / 64);
                }
}

static void test_small_values_are_exact(void) {
        g_autoptr(PiHistogram) h = pi_histogram_new();

        for (uint64_t v = 0; v < 32; v++)
                pi_histogram_record(h, v, 1);
        for (uint64_t v = 0; v < 32; v++)
                g_assert_cmpuint(pi_histogram_quantile(h, ((double) v + 1) / 32), ==, v);
        g_assert_cmpuint(pi_histogram_sum(h), ==, 31 * 32 / 2);
}

static void test_empty(void) {
        g_autoptr(PiHistogram) h = pi_histogram_new();

        pi_histogram_record(h, 12345, 0);
        g_assert_cmpuint(pi_histogram_count(h), ==, 0);
        g_assert_cmpuint(pi_histogram_sum(h), ==, 0);
        g_assert_cmpuint(pi_histogram_max(h), ==, 0);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.5), ==, 0);
}

static void test_one_value(void) {
        g_autoptr(PiHistogram) h = pi_histogram_new();

        pi_histogram_record(h, 1000003, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++)
                g_assert_cmpuint(pi_histogram_quantile(h, quantiles[i]), ==, 1000003);
        g_assert_cmpuint(pi_histogram_quantile(h, -1), ==, 1000003);
        g_assert_cmpuint(pi_histogram_quantile(h, 2), ==, 1000003);
        g_assert_cmpuint(pi_histogram_quantile(h, NAN), ==, 1000003);
}

static void test_counts_weigh(void) {
        g_autoptr(PiHistogram) h = pi_histogram_new();

        pi_histogram_record(h, 10, 900);
        pi_histogram_record(h, 20, 99);
        pi_histogram_record(h, 30, 1);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.9), ==, 10);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.901), ==, 20);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.999), ==, 20);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.9991), ==, 30);
        g_assert_cmpuint(pi_histogram_sum(h), ==, 9000 + 1980 + 30);
}

static void test_saturates(void) {
        g_autoptr(PiHistogram) h = pi_histogram_new();

        pi_histogram_record(h, UINT64_MAX, 2);
        g_assert_cmpuint(pi_histogram_sum(h), ==, UINT64_MAX);
        pi_histogram_record(h, 7, UINT64_MAX);
        g_assert_cmpuint(pi_histogram_count(h), ==, UINT64_MAX);
        g_assert_cmpuint(pi_histogram_quantile(h, 0.5), ==, 7);
        g_assert_cmpuint(pi_histogram_quantile(h, 1), ==, UINT64_MAX);
}

static void test_merge_is_recording_both(void) {
        g_autoptr(PiHistogram) a = pi_histogram_new(), b = pi_histogram_new();
        g_autoptr(PiHistogram) both = pi_histogram_new(), empty = pi_histogram_new();
        GRand *rand = g_rand_new_with_seed(27182);

        for (size_t i = 0; i < 5000; i++) {
                uint64_t value = random_value(rand, 40);
                pi_histogram_record(i % 3 == 0 ? a : b, value, 1 + i % 4);
                pi_histogram_record(both, value, 1 + i % 4);
        }
        pi_histogram_merge(a, b);
        pi_histogram_merge(a, empty);
        g_assert_cmpmem(a, sizeof(*a), both, sizeof(*both));
        pi_histogram_merge(empty, both);
        g_assert_cmpmem(empty, sizeof(*empty), both, sizeof(*both));
        g_rand_free(rand);
}

/* The bounds rise by 2, 2.5 and 2, and each value belongs to the first bound not below it. */
static void test_steps(void) {
        g_assert_cmpuint(pi_step_bound(0), ==, 1);
        g_assert_cmpuint(pi_step_bound(PI_STEP(3) + 2), ==, 5000);
        g_assert_cmpuint(pi_step_bound(PI_STEP(19)), ==, UINT64_C(10000000000000000000));
        for (unsigned i = 1; i < PI_STEPS; i++) {
                uint64_t before = pi_step_bound(i - 1), bound = pi_step_bound(i);

                g_assert_cmpuint(bound / before, ==, 2);
                g_assert_cmpuint(bound % before, ==, i % 3 == 2 ? before / 2 : 0);
                g_assert_cmpuint(pi_step_of(bound), ==, i);
                g_assert_cmpuint(pi_step_of(bound + 1), ==, i + 1);
        }
        g_assert_cmpuint(pi_step_of(0), ==, 0);
        g_assert_cmpuint(pi_step_of(UINT64_MAX), ==, PI_STEPS);
}

static void test_count_up_to(void) {
        enum { N = 5000 };
        g_autoptr(PiHistogram) h = pi_histogram_new(), other = pi_histogram_new();
        g_autofree uint64_t *values = g_new(uint64_t, N);
        GRand *rand = g_rand_new_with_seed(271828);

        for (size_t i = 0; i < N; i++) {
                values[i] = random_value(rand, 64);
                pi_histogram_record(i % 2 ? h : other, values[i], 3);
        }
        pi_histogram_merge(h, other);
        for (unsigned step = 0; step < PI_STEPS; step++) {
                uint64_t count = 0;

                for (size_t i = 0; i < N; i++)
                        count += values[i] <= pi_step_bound(step) ? 3 : 0;
                g_assert_cmpuint(pi_histogram_count_up_to(h, step), ==, count);
        }
        g_rand_free(rand);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/histogram/against-sort", test_against_sort);
        g_test_add_func("/histogram/octave-edges", test_octave_edges);
        g_test_add_func("/histogram/steps", test_steps);
        g_test_add_func("/histogram/count-up-to", test_count_up_to);
        g_test_add_func("/histogram/small-values-are-exact", test_small_values_are_exact);
        g_test_add_func("/histogram/empty", test_empty);
        g_test_add_func("/histogram/one-value", test_one_value);
        g_test_add_func("/histogram/counts-weigh", test_counts_weigh);
        g_test_add_func("/histogram/saturates", test_saturates);
        g_test_add_func("/histogram/merge-is-recording-both", test_merge_is_recording_both);
        return g_test_run();
}
