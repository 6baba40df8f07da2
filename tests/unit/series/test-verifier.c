/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stretch by stretch: every fault of the promised size is seen, and nothing else. */
#include "daemon/series/verifier.h"

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "tests/unit/series/random.h"

/* Bits of a quotient, or of the sum of a lane, that cannot flip unseen. */
#define LOWEST_SURE_BIT 19

#ifdef __OPTIMIZE__
#define RANGES 1000000
#else
#define RANGES 100000
#endif

static unsigned octave_of_term(uint64_t term) {
        uint64_t group = MAX(term / PI_GROUP_TERMS, PI_HEAD_GROUPS);

        return 63 - (unsigned) __builtin_clzll(group);
}

static void test_stretch_ends(void) {
        const uint64_t head = PI_HEAD_GROUPS * PI_GROUP_TERMS;

        g_assert_cmpuint(pi_stretch_end(0), ==, head);
        g_assert_cmpuint(pi_stretch_end(head - 1), ==, head);
        g_assert_cmpuint(pi_stretch_end(head), ==, 2 * head);
        g_assert_cmpuint(pi_stretch_end(PI_STRETCH_MAX), ==, 2 * PI_STRETCH_MAX);
        g_assert_cmpuint(pi_stretch_end(PI_STRETCH_MAX - 1), ==, PI_STRETCH_MAX);
        for (unsigned i = 0; i < 100000; i++) {
                uint64_t begin = random_magnitude(54) % PI_TERMS_MAX, end = pi_stretch_end(begin);

                g_assert_cmpuint(end, >, begin);
                g_assert_cmpuint(end - begin, <=, PI_STRETCH_MAX);
                g_assert_cmpuint(end % PI_GROUP_TERMS, ==, 0);
                if (begin >= head)
                        g_assert_cmpuint(octave_of_term(begin), ==, octave_of_term(end - 1));
        }
}

/* A whole stretch somewhere, the expected value for its sum: no kernel can be nearer. */
static PiRange random_stretch(PiVerifier *v, PiFixed *sum) {
        uint64_t at = random_magnitude(54) % PI_TERMS_MAX;
        PiRange range;

        at = CLAMP(at, PI_HEAD_GROUPS * PI_GROUP_TERMS, PI_TERMS_MAX - PI_STRETCH_MAX);
        range.end = pi_stretch_end(at);
        range.begin = range.end / 2;
        if (range.end > PI_STRETCH_MAX)
                range.begin = range.end - PI_STRETCH_MAX;
        pi_verifier_init(v, range.begin);
        pi_expected_sum(range, sum);
        return range;
}

/* +- 2^bit units of the quotients, on top of the largest error that passes: what a flip does at
 * worst, from either side. */
static void check_flip(unsigned bit, bool up) {
        PiVerifier v;
        PiFixed sum, tolerance, residual, flip = PI_FIXED_ZERO;
        PiRange range = random_stretch(&v, &sum);
        PiVerifier again = v;
        unsigned s = PI_OCTAVE_SCALE(octave_of_term(range.begin));

        g_assert_true(pi_verifier_next(&again, pi_kernel_default(), range.end, &sum, &tolerance,
                                       &residual));
        pi_fixed_sub(&sum, &residual);
        pi_fixed_add_shifted(&flip, 1, bit + PI_FIXED_FRACTION_BITS - s);
        if (!up) {
                pi_fixed_neg(&flip);
                pi_fixed_add(&sum, &tolerance);
        } else
                pi_fixed_sub(&sum, &tolerance);
        again = v;
        g_assert_true(pi_verifier_next(&again, pi_kernel_default(), range.end, &sum, NULL, NULL));
        pi_fixed_add(&sum, &flip);
        if (pi_verifier_next(&v, pi_kernel_default(), range.end, &sum, NULL, NULL))
                g_error("missed: bit %u in the stretch from %" G_GUINT64_FORMAT, bit,
                        (guint64) range.begin);
        g_assert_cmpuint(v.term, ==, range.begin);
}

static void test_every_flip(void) {
        for (unsigned round = 0; round < 2000; round++)
                for (unsigned bit = LOWEST_SURE_BIT; bit < 64; bit++)
                        check_flip(bit, round % 2);
}

/* The same in sums really computed: one bit of one quotient, or of the sum of one block. */
static void test_real_flips(void) {
        for (unsigned round = 0; round < 300; round++) {
                PiVerifier v;
                PiFixed sum, flip = PI_FIXED_ZERO;
                PiRange range = random_stretch(&v, &sum);
                unsigned s = PI_OCTAVE_SCALE(octave_of_term(range.begin));
                unsigned bit = LOWEST_SURE_BIT + (unsigned) random_below(64 - LOWEST_SURE_BIT);
                PiVerifier right = v;

                pi_sum_range(pi_kernel_default(), range, &sum);
                g_assert_true(pi_verifier_next(&right, pi_kernel_default(), range.end, &sum, NULL,
                                               NULL));
                g_assert_cmpuint(right.term, ==, range.end);
                pi_fixed_add_shifted(&flip, 1, bit + PI_FIXED_FRACTION_BITS - s);
                if (round % 2)
                        pi_fixed_neg(&flip);
                pi_fixed_add(&sum, &flip);
                g_assert_false(pi_verifier_next(&v, pi_kernel_default(), range.end, &sum, NULL,
                                                NULL));
        }
}

/* Ranges one after the other from a random place, as a worker goes along. */
static void test_no_false_alarm(void) {
        for (unsigned i = 0; i < RANGES;) {
                uint64_t at = random_magnitude(54) % PI_TERMS_MAX / 8 * 8;
                PiVerifier v;

                pi_verifier_init(&v, at);
                for (unsigned k = 0; k < 16 && at < PI_TERMS_MAX; k++, i++) {
                        uint64_t end = at + 8 * (1 + random_below(500));
                        PiFixed sum, residual;

                        end = MIN(end, pi_stretch_end(at));
                        end = MIN(end, PI_TERMS_MAX);
                        pi_sum_range(pi_kernel_default(), (PiRange) { at, end }, &sum);
                        if (!pi_verifier_next(&v, pi_kernel_default(), end, &sum, NULL, &residual))
                                g_error("false alarm: terms %" G_GUINT64_FORMAT
                                        " to %" G_GUINT64_FORMAT " off by %g",
                                        (guint64) at, (guint64) end,
                                        pi_fixed_to_double(&residual));
                        at = end;
                }
        }
        g_test_message("%d ranges", RANGES);
}

/* The last term of a job may be any, odd ones too. */
static void test_any_end(void) {
        for (unsigned i = 0; i < 20000; i++) {
                uint64_t begin = random_magnitude(54) % (PI_TERMS_MAX - 1000) / 8 * 8;
                uint64_t end = begin + 1 + random_below(999);
                PiVerifier v;
                PiFixed sum, term = PI_FIXED_ZERO;

                end = MIN(end, pi_stretch_end(begin));
                pi_verifier_init(&v, begin);
                pi_sum_range(pi_kernel_default(), (PiRange) { begin, end }, &sum);
                pi_fixed_ratio(1, 2 * end + 1, &term);
                pi_fixed_add(&sum, &term);
                g_assert_false(pi_verifier_next(&v, pi_kernel_default(), end, &sum, NULL, NULL));
                pi_fixed_sub(&sum, &term);
                g_assert_true(pi_verifier_next(&v, pi_kernel_default(), end, &sum, NULL, NULL));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/series/verifier/stretch-ends", test_stretch_ends);
        g_test_add_func("/series/verifier/every-flip", test_every_flip);
        g_test_add_func("/series/verifier/real-flips", test_real_flips);
        g_test_add_func("/series/verifier/no-false-alarm", test_no_false_alarm);
        g_test_add_func("/series/verifier/any-end", test_any_end);
        return g_test_run();
}
