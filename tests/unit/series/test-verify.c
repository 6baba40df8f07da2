/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The referee must notice every fault it can and never cry wolf. */
#include <math.h>

#include "daemon/series/expected.h"
#include "daemon/series/partition.h"
#include "daemon/series/sum.h"
#include "tests/unit/series/random.h"

static bool verify_total(uint64_t terms, const PiFixed *sum) {
        return pi_verify(pi_kernel_default(), (PiRange) { .begin = 0, .end = terms }, sum, NULL);
}

static const uint64_t small_totals[] = { 1000, 100003, 1000000, 1 << 20, 10000019 };
static const uint64_t large_totals[] = { 100000000, 1000000000, 1000000007, UINT64_C(10000000000) };

/* A program that looped over its 48 CPUs where it had 128 parts. */
static void test_parts_left_out(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(small_totals); i++) {
                uint64_t parts = MIN(128, pi_parts_max(small_totals[i]));
                PiFixed sum = PI_FIXED_ZERO, r;

                for (uint64_t k = 0; k < parts; k++) {
                        PiRange part = pi_part_range(small_totals[i], parts, k);

                        pi_sum_range(pi_kernel_default(), part, &r);
                        pi_fixed_add(&sum, &r);
                        g_assert_cmpint(verify_total(small_totals[i], &sum), ==, k == parts - 1);
                }
        }

        for (size_t i = 0; i < G_N_ELEMENTS(large_totals); i++)
                for (uint64_t n = 1; n <= 128; n++) {
                        PiFixed sum;

                        pi_expected_sum(pi_parts_range(large_totals[i], 128, 0, n), &sum);
                        g_assert_cmpint(verify_total(large_totals[i], &sum), ==, n == 128);
                }

        /* The experiment itself, with the sum really computed. */
        PiFixed sum;
        pi_sum_range(pi_kernel_default(), pi_parts_range(1000000000, 128, 0, 48), &sum);
        g_assert_false(verify_total(1000000000, &sum));
}

/* What the experiment's programs made of N terms in `parts` parts of floor(N / parts) terms
 * each. */
static PiFixed naive_total(uint64_t terms, uint64_t parts, bool restart_sign) {
        uint64_t length = terms / parts;
        PiFixed sum = PI_FIXED_ZERO, r;

        for (uint64_t k = 0; k < parts; k++) {
                pi_expected_sum((PiRange) { .begin = k * length, .end = (k + 1) * length }, &r);
                if (restart_sign && k * length % 2 == 1)
                        pi_fixed_neg(&r);
                pi_fixed_add(&sum, &r);
        }
        return sum;
}

/* A part that starts at an odd term starts with +, all of it with the wrong sign. */
static void test_sign_restarted(void) {
        const struct {
                uint64_t terms, parts;
                bool fault;
        } cases[] = {
                { 1000000, 64, true },                          /* 15625 terms each */
                { 1000000000, 512, true },                      /* 1953125 */
                { 1000000000, 128, false },                     /* 7812500: even, no harm done */
                { UINT64_C(10000000000), 1024, true },          /* 9765625 */
                { UINT64_C(10000000000), 128, false },
                { 999999, 3, true },                            /* 333333 */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                PiFixed sum = naive_total(cases[i].terms, cases[i].parts, true);

                g_assert_cmpint(verify_total(cases[i].terms, &sum), ==, !cases[i].fault);
                sum = naive_total(cases[i].terms, cases[i].parts, false);
                g_assert_true(verify_total(cases[i].terms, &sum));
        }
}

static void test_remainder_dropped(void) {
        const uint64_t parts[] = { 2, 3, 4, 7, 8, 16, 24, 32, 48, 128, 2000, 99999 };
        unsigned n_faults = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(large_totals); i++)
                for (size_t k = 0; k < G_N_ELEMENTS(parts); k++) {
                        PiFixed sum = naive_total(large_totals[i], parts[k], false);
                        bool fault = large_totals[i] % parts[k] > 0;

                        g_assert_cmpint(verify_total(large_totals[i], &sum), ==, !fault);
                        n_faults += fault;
                }
        g_assert_cmpuint(n_faults, >, 10);

        /* Down to the last term. */
        for (size_t i = 0; i < G_N_ELEMENTS(small_totals); i++) {
                PiRange range = { .begin = 0, .end = small_totals[i] - 1 };
                PiFixed sum;

                pi_sum_range(pi_kernel_default(), range, &sum);
                g_assert_true(verify_total(range.end, &sum));
                g_assert_false(verify_total(small_totals[i], &sum));
        }
}

static void random_range(uint64_t length_max, PiRange *ret) {
        uint64_t length = random_below(length_max), begin = random_magnitude(54);

        begin = MIN(begin, PI_TERMS_MAX - length);
        *ret = (PiRange) { .begin = begin, .end = begin + length };
}

static double magnitude_ratio(const PiFixed *a, const PiFixed *b) {
        return fabs(pi_fixed_to_double(a) / pi_fixed_to_double(b));
}

static void test_no_false_alarm(void) {
        double worst = 0;

        for (unsigned i = 0; i < 20000; i++) {
                PiRange range;
                PiFixed sum, residual, tolerance;

                random_range(20000, &range);
                range.begin -= range.begin % PI_GROUP_TERMS;
                pi_sum_range(pi_kernel_default(), range, &sum);
                if (!pi_verify(pi_kernel_default(), range, &sum, &residual))
                        g_error("false alarm: %u terms from %" G_GUINT64_FORMAT " off by %g",
                                (unsigned) (range.end - range.begin), (guint64) range.begin,
                                pi_fixed_to_double(&residual));

                /* Lower down what the expected value may lack is most of the tolerance. */
                if (range.begin < PI_HEAD_GROUPS * PI_GROUP_TERMS)
                        continue;
                pi_tolerance(pi_kernel_default(), range, &tolerance);
                worst = MAX(worst, magnitude_ratio(&residual, &tolerance));
        }
        g_test_message("largest residual: %.3f of its tolerance", worst);
}

static void test_reference_no_false_alarm(void) {
        double worst = 0;

        for (unsigned i = 0; i < 20000; i++) {
                PiRange range;
                PiFixed sum, residual, tolerance;

                random_range(4000, &range);
                pi_sum_range(&pi_kernel_reference, range, &sum);
                g_assert_true(pi_verify(&pi_kernel_reference, range, &sum, &residual));

                pi_tolerance(&pi_kernel_reference, range, &tolerance);
                worst = MAX(worst, magnitude_ratio(&residual, &tolerance));
        }
        g_test_message("largest residual: %.3f of its tolerance", worst);
}

/* A total of many stretches with the reference kernel: tolerances add up. */
static void test_reference_stretches(void) {
        const uint64_t terms = 10000000, stretch = 1 << 16;
        const PiRange whole = { .begin = 0, .end = terms }, second = { stretch, 2 * stretch };
        PiFixed total = PI_FIXED_ZERO, tolerance = PI_FIXED_ZERO, missing, r;

        for (uint64_t begin = 0; begin < terms; begin += stretch) {
                PiRange range = { .begin = begin, .end = MIN(begin + stretch, terms) };

                pi_sum_range(&pi_kernel_reference, range, &r);
                g_assert_true(pi_verify(&pi_kernel_reference, range, &r, NULL));
                pi_fixed_add(&total, &r);
                pi_tolerance(&pi_kernel_reference, range, &r);
                pi_fixed_add(&tolerance, &r);
        }
        g_assert_true(pi_verify_within(whole, &total, &tolerance, NULL));

        /* Without one stretch it is a different sum. */
        pi_sum_range(&pi_kernel_reference, second, &missing);
        pi_fixed_sub(&total, &missing);
        g_assert_false(pi_verify_within(whole, &total, &tolerance, NULL));
}

/* generic, with one bit of one quotient flipped. */
static struct {
        uint64_t group;
        unsigned bit;
} fault;

static uint64_t faulty_sum_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = pi_kernel_generic.sum_groups(first, n, scaled_numerator), quotient;

        if (fault.group < first || fault.group >= first + n)
                return sum;

        quotient = pi_kernel_generic.sum_groups(fault.group, 1, scaled_numerator);
        return sum - quotient + (quotient ^ UINT64_C(1) << fault.bit);
}

static const PiKernel faulty_kernel = {
        .name = "faulty",
        .exact = true,
        .sum_groups = faulty_sum_groups,
};

static void test_flipped_bit(void) {
        for (unsigned i = 0; i < 3000; i++) {
                uint64_t n = 1 + random_below(4000), first = random_magnitude(51);
                unsigned sure = 0;
                PiRange range;
                PiFixed sum;

                first = CLAMP(first, PI_HEAD_GROUPS, PI_TERMS_MAX / PI_GROUP_TERMS - n);
                range.begin = first * PI_GROUP_TERMS;
                range.end = range.begin + n * PI_GROUP_TERMS;

                /* The tolerance is below 1.26 units of the quotient a group, of a coarser octave
                 * four times that: a bit worth more than twice the tolerance cannot hide. */
                while (UINT64_C(1) << sure < 11 * n + 2)
                        sure++;

                fault.group = first + random_below(n);
                fault.bit = sure + (unsigned) random_below(64 - sure);
                pi_sum_range(&faulty_kernel, range, &sum);
                if (pi_verify(pi_kernel_default(), range, &sum, NULL))
                        g_error("missed: bit %u of group %" G_GUINT64_FORMAT " among %u",
                                fault.bit, (guint64) fault.group, (unsigned) n);
        }
}

/* One group left out, taken twice, or taken from next door, in a stretch of the longest kind. */
static void test_wrong_group(void) {
        const uint64_t n = 1 << 20;

        for (unsigned i = 0; i < 2000; i++) {
                uint64_t first = random_magnitude(51), at;
                PiRange range, one;
                PiFixed sum, r;

                first = MIN(first, PI_TERMS_MAX / PI_GROUP_TERMS - n - 1);
                at = first + random_below(n);
                range = (PiRange) { .begin = first * 8, .end = (first + n) * 8 };
                one = (PiRange) { .begin = at * 8, .end = at * 8 + 8 };

                pi_expected_sum(range, &sum);
                pi_sum_range(pi_kernel_default(), one, &r);
                g_assert_true(pi_verify(pi_kernel_default(), range, &sum, NULL));
                pi_fixed_add(&sum, &r);
                g_assert_false(pi_verify(pi_kernel_default(), range, &sum, NULL));
                pi_fixed_sub(&sum, &r);
                pi_fixed_sub(&sum, &r);
                g_assert_false(pi_verify(pi_kernel_default(), range, &sum, NULL));
        }
}

/* The bound itself passes, one ulp more does not; and nothing wild slips by wrapping round. */
static void test_limits(void) {
        PiRange range = { .begin = 1 << 20, .end = 1 << 21 };
        PiFixed expected, tolerance, sum, residual;

        pi_expected_sum(range, &expected);
        pi_tolerance(pi_kernel_default(), range, &tolerance);

        sum = expected;
        pi_fixed_add(&sum, &tolerance);
        g_assert_true(pi_verify(pi_kernel_default(), range, &sum, &residual));
        assert_fixed_equal(&residual, &tolerance);
        pi_fixed_add_shifted(&sum, 1, 0);
        g_assert_false(pi_verify(pi_kernel_default(), range, &sum, NULL));

        sum = expected;
        pi_fixed_sub(&sum, &tolerance);
        g_assert_true(pi_verify(pi_kernel_default(), range, &sum, NULL));
        pi_fixed_sub(&sum, &(PiFixed) { { 1, 0, 0 } });
        g_assert_false(pi_verify(pi_kernel_default(), range, &sum, &residual));
        g_assert_true(pi_fixed_is_negative(&residual));

        for (unsigned bit = 0; bit < 192; bit++) {
                PiFixed flip = PI_FIXED_ZERO;
                bool small;

                pi_fixed_add_shifted(&flip, 1, bit);
                sum = expected;
                for (unsigned k = 0; k < 3; k++)
                        sum.limb[k] ^= flip.limb[k];
                small = !pi_fixed_is_negative(&flip) && pi_fixed_cmp(&flip, &tolerance) <= 0;
                g_assert_cmpint(pi_verify(pi_kernel_default(), range, &sum, NULL), ==, small);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/verify/parts-left-out", test_parts_left_out);
        g_test_add_func("/series/verify/sign-restarted", test_sign_restarted);
        g_test_add_func("/series/verify/remainder-dropped", test_remainder_dropped);
        g_test_add_func("/series/verify/no-false-alarm", test_no_false_alarm);
        g_test_add_func("/series/verify/reference-no-false-alarm", test_reference_no_false_alarm);
        g_test_add_func("/series/verify/reference-stretches", test_reference_stretches);
        g_test_add_func("/series/verify/flipped-bit", test_flipped_bit);
        g_test_add_func("/series/verify/wrong-group", test_wrong_group);
        g_test_add_func("/series/verify/limits", test_limits);

        return g_test_run();
}
