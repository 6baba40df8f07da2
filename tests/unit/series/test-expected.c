/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/expected.h"

#include "tests/unit/series/known-values.h"
#include "tests/unit/series/random.h"

/* |a - b| <= limit + ulps */
static void assert_near(const PiFixed *a, const PiFixed *b, const PiFixed *limit, uint64_t ulps) {
        PiFixed difference = *a, room = *limit;

        pi_fixed_sub(&difference, b);
        pi_fixed_abs(&difference);
        pi_fixed_add_shifted(&room, ulps, 0);
        if (pi_fixed_cmp(&difference, &room) <= 0)
                return;

        g_error("differs by %g, limit %g",
                pi_fixed_to_double(&difference), pi_fixed_to_double(&room));
}

/* 2^-shift */
static PiFixed power(unsigned shift) {
        PiFixed r = PI_FIXED_ZERO;

        pi_fixed_add_shifted(&r, 1, PI_FIXED_FRACTION_BITS - shift);
        return r;
}

static void test_true_sums(void) {
        const PiFixed small = power(105);

        for (size_t i = 0; i < G_N_ELEMENTS(true_sums); i++) {
                PiRange range = { .begin = true_sums[i].begin, .end = true_sums[i].end };
                PiFixed expected, truth, uncertainty;

                g_assert_true(pi_fixed_from_hex(true_sums[i].hex, &truth));
                pi_expected_sum(range, &expected);
                pi_expected_uncertainty(range, &uncertainty);
                g_assert_cmpint(pi_fixed_cmp(&uncertainty, &small), <, 0);

                /* The constant is rounded too. */
                assert_near(&expected, &truth, &uncertainty, 1);
        }
}

/* Sums of neighbours add up, whichever way each end is computed. */
static void test_additive(void) {
        for (unsigned i = 0; i < 20000; i++) {
                uint64_t end = random_magnitude(53), middle, begin;
                PiFixed whole, left, right, limit, u;

                end = MIN(end, PI_TERMS_MAX);
                middle = random_below(end + 1);
                begin = random_below(middle + 1);

                pi_expected_sum((PiRange) { .begin = begin, .end = end }, &whole);
                pi_expected_sum((PiRange) { .begin = begin, .end = middle }, &left);
                pi_expected_sum((PiRange) { .begin = middle, .end = end }, &right);
                pi_fixed_add(&left, &right);

                limit = PI_FIXED_ZERO;
                pi_expected_uncertainty((PiRange) { .begin = begin, .end = end }, &u);
                pi_fixed_add(&limit, &u);
                pi_expected_uncertainty((PiRange) { .begin = begin, .end = middle }, &u);
                pi_fixed_add(&limit, &u);
                pi_expected_uncertainty((PiRange) { .begin = middle, .end = end }, &u);
                pi_fixed_add(&limit, &u);
                assert_near(&whole, &left, &limit, 0);
        }
}

/* One term at a time, over the border at 1000 and far up. */
static void test_single_terms(void) {
        for (uint64_t i = 0; i < 40000; i++) {
                uint64_t n = i < 3000 ? i : random_below(PI_TERMS_MAX);
                PiRange range = { .begin = n, .end = n + 1 };
                PiFixed expected, term, uncertainty;

                pi_fixed_ratio(1, 2 * n + 1, &term);
                if (n % 2 == 1)
                        pi_fixed_neg(&term);
                pi_expected_sum(range, &expected);
                pi_expected_uncertainty(range, &uncertainty);
                assert_near(&expected, &term, &uncertainty, 1);
        }
}

static void test_uncertainty(void) {
        const uint64_t ends[] = { 1000, 1001, 1500, 32767, 32768, 1000000, PI_TERMS_MAX };
        const PiFixed tiny = power(157), small = power(105);
        PiFixed u;

        /* Nothing to round: 1. */
        pi_expected_uncertainty((PiRange) { .begin = 0, .end = 1 }, &u);
        g_assert_true(pi_fixed_is_zero(&u));

        for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
                pi_expected_uncertainty((PiRange) { .begin = 0, .end = ends[i] }, &u);
                g_assert_cmpint(pi_fixed_cmp(&u, &PI_FIXED_ZERO), >, 0);
                g_assert_cmpint(pi_fixed_cmp(&u, ends[i] < 32768 ? &small : &tiny), <, 0);
        }
}

/* A range in pieces has no less tolerance than the whole, and none has less than what is not
 * known. */
static void test_tolerance(void) {
        const PiKernel *exact = pi_kernel_default();

        for (unsigned i = 0; i < 5000; i++) {
                uint64_t begin = random_magnitude(52) / 8 * 8;
                uint64_t middle = begin + random_magnitude(40) / 8 * 8;
                uint64_t end = middle + random_magnitude(40);
                PiFixed whole, left, right, uncertainty;

                pi_tolerance(exact, (PiRange) { .begin = begin, .end = end }, &whole);
                pi_tolerance(exact, (PiRange) { .begin = begin, .end = middle }, &left);
                pi_tolerance(exact, (PiRange) { .begin = middle, .end = end }, &right);
                pi_expected_uncertainty((PiRange) { .begin = begin, .end = end }, &uncertainty);
                g_assert_cmpint(pi_fixed_cmp(&whole, &uncertainty), >=, 0);
                pi_fixed_add(&left, &right);
                g_assert_cmpint(pi_fixed_cmp(&left, &whole), >=, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/expected/true-sums", test_true_sums);
        g_test_add_func("/series/expected/additive", test_additive);
        g_test_add_func("/series/expected/single-terms", test_single_terms);
        g_test_add_func("/series/expected/uncertainty", test_uncertainty);
        g_test_add_func("/series/expected/tolerance", test_tolerance);

        return g_test_run();
}
