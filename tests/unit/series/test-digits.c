/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/digits.h"

#include <math.h>
#include <string.h>

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "tests/unit/series/known-values.h"
#include "tests/unit/series/random.h"

static PiFixed from_double(double d) {
        PiFixed a;

        g_assert_true(pi_fixed_from_double(d, &a));
        return a;
}

static unsigned count_digits(const char *text) {
        unsigned n = 0;

        for (; *text; text++)
                n += g_ascii_isdigit(*text);
        return n;
}

/* The digits of a sum that a finished job has. */
static char *digits_of(const PiKernel *kernel, PiRange range, const PiFixed *sum) {
        PiFixed residual;

        g_assert_true(pi_verify(kernel, range, sum, &residual));
        return pi_digits_of_range(range, sum, &residual);
}

static void test_totals(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(known_digits); i++) {
                PiRange range = { .begin = 0, .end = known_digits[i].terms };
                g_autofree char *text = NULL;
                PiFixed sum;

                pi_sum_range(pi_kernel_default(), range, &sum);
                text = digits_of(pi_kernel_default(), range, &sum);

                g_test_message("%" G_GUINT64_FORMAT " terms: %s", (guint64) range.end, text);
                g_assert_true(g_str_has_prefix(known_digits[i].digits, text));
                g_assert_cmpuint(count_digits(text), >=, 20);
        }
}

/* Every total that ends with a group, from the end of the head on: the largest error that ever
 * occurs is among the first of them, where one quotient weighs most. */
static void test_every_end(void) {
        const uint64_t first = PI_HEAD_GROUPS, end = 1 << 18;
        PiFixed sum, group, residual;
        unsigned n_short = 0;
        double worst = 0;

        pi_sum_range(pi_kernel_default(), (PiRange) { .begin = 0, .end = first * 8 }, &sum);
        for (uint64_t g = first; g < end; g++) {
                PiRange all = { .begin = 0, .end = g * 8 + 8 }, last = { g * 8, g * 8 + 8 };
                g_autofree char *text = NULL;

                pi_sum_range(pi_kernel_default(), last, &group);
                pi_fixed_add(&sum, &group);
                text = digits_of(pi_kernel_default(), all, &sum);

                n_short += count_digits(text) < 20;
                pi_verify(pi_kernel_default(), all, &sum, &residual);
                worst = MAX(worst, 4 * fabs(pi_fixed_to_double(&residual)));
        }

        g_test_message("largest error of 4 * sum: %.3g; fewer than 20 certain digits: %u of %u",
                       worst, n_short, (unsigned) (end - first));
        g_assert_cmpfloat(worst, <, 1e-23);
        g_assert_cmpuint(n_short, <, (end - first) / 2000);
}

static void test_reference_totals(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(known_digits); i++) {
                PiRange range = { .begin = 0, .end = known_digits[i].terms };
                g_autofree char *text = NULL;
                PiFixed sum;

                if (range.end > 20000000)
                        continue;

                pi_sum_range(&pi_kernel_reference, range, &sum);
                text = digits_of(&pi_kernel_reference, range, &sum);

                g_assert_true(g_str_has_prefix(known_digits[i].digits, text));
                g_assert_cmpuint(count_digits(text), >=, 10);
        }
}

/* Whatever the truth within the bounds, the text is how it begins, and one more digit would not
 * do. */
static void test_certain(void) {
        const PiFixed zero = PI_FIXED_ZERO;

        for (unsigned i = 0; i < 50000; i++) {
                PiFixed sum, u, truth, t;

                random_fixed(&sum);
                pi_fixed_shift_right(&sum, 8);
                random_fixed(&u);
                pi_fixed_shift_right(&u, 8);
                pi_fixed_abs(&u);

                g_autofree char *text = pi_digits(&sum, &u);
                size_t length = strlen(text);
                g_autofree char *ends[2] = { NULL, NULL };

                truth = sum;
                pi_fixed_sub(&truth, &u);
                ends[0] = pi_digits(&truth, &zero);
                truth = sum;
                pi_fixed_add(&truth, &u);
                ends[1] = pi_digits(&truth, &zero);
                g_assert_true(g_str_has_prefix(ends[0], text));
                g_assert_true(g_str_has_prefix(ends[1], text));
                if (text[0] != '\0' && ends[0][length] == '.')
                        length++;
                if (text[0] != '\0' && ends[0][length] != '\0')
                        g_assert_cmpint(ends[0][length], !=, ends[1][length]);
                g_clear_pointer(&ends[1], g_free);

                /* Somewhere between the ends. */
                random_fixed(&t);
                pi_fixed_abs(&t);
                while (pi_fixed_cmp(&t, &u) > 0)
                        pi_fixed_shift_right(&t, 1);
                truth = sum;
                if (random_below(2) > 0)
                        pi_fixed_add(&truth, &t);
                else
                        pi_fixed_sub(&truth, &t);
                ends[1] = pi_digits(&truth, &zero);
                g_assert_true(g_str_has_prefix(ends[1], text));
                g_clear_pointer(&ends[0], g_free);
                g_clear_pointer(&ends[1], g_free);
        }
}

static void check(double sum, double uncertainty, const char *expected) {
        PiFixed a = from_double(sum), u = from_double(uncertainty);
        g_autofree char *text = pi_digits(&a, &u);

        g_assert_cmpstr(text, ==, expected);
}

static void test_known(void) {
        const PiFixed lowest = { { 0, 0, UINT64_C(1) << 63 } };
        const PiFixed one = { { 0, 0, UINT64_C(1) << 32 } };

        check(1, 0, "4.0000000000000000000000000000000000000000");
        check(0, 0, "0.0000000000000000000000000000000000000000");
        check(0.75, 0, "3.0000000000000000000000000000000000000000");
        check(-0.78125, 0, "-3.1250000000000000000000000000000000000000");
        check(0.78125, 0x1p-40, "3.12");
        check(0.8125, 0.03125, "3");
        check(0.815, 0.0001, "3.2");
        check(-0.815, 0.0001, "-3.2");

        /* Next to a border of the whole part, or of the sign, nothing is certain. */
        check(1, 0x1p-160, "");
        check(0, 0x1p-160, "");
        check(-0.5, 0x1p-160, "");
        check(0.5, 0.25, "");

        /* Ends that meet a border only just. */
        check(0.875, 0.125, "");
        check(0.875, 0.0625, "3");

        /* Out of any sense: not a digit, no overflow. */
        check(0x1p30, 0, "");
        check(-0x1p30, 0, "");
        check(0.75, 0x1p30, "");
        check(-0x1p30 - 1, 0x1p30, "");
        g_autofree char *wild = pi_digits(&lowest, &PI_FIXED_ZERO);
        g_assert_cmpstr(wild, ==, "");
        g_autofree char *vague = pi_digits(&one, &lowest);
        g_assert_cmpstr(vague, ==, "");
        check(0x1p27 + 0.125, 0, "536870912.5000000000000000000000000000000000000000");
}

static void test_error_vs_pi(void) {
        PiFixed a = pi_quarter;

        g_assert_cmpfloat(pi_error_vs_pi(&a), ==, 0);
        pi_fixed_add_shifted(&a, 1, 60);
        g_assert_cmpfloat(pi_error_vs_pi(&a), ==, 0x1p-98);

        a = from_double(1);
        g_assert_cmpfloat_with_epsilon(pi_error_vs_pi(&a), 4 - G_PI, 1e-15);

        /* -1/N + 1/(4 N^3) for even N, to all digits of a double, where 4*sum - pi in double has
         * 7. */
        pi_expected_sum((PiRange) { .begin = 0, .end = 1000000000 }, &a);
        g_assert_cmpfloat_with_epsilon(pi_error_vs_pi(&a) * 1e9, -1 + 0.25e-18, 1e-15);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/digits/known", test_known);
        g_test_add_func("/series/digits/totals", test_totals);
        g_test_add_func("/series/digits/every-end", test_every_end);
        g_test_add_func("/series/digits/reference-totals", test_reference_totals);
        g_test_add_func("/series/digits/certain", test_certain);
        g_test_add_func("/series/digits/error-vs-pi", test_error_vs_pi);

        return g_test_run();
}
