/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/sum.h"

#include <math.h>

#include "daemon/series/digits.h"
#include "daemon/series/expected.h"
#include "daemon/series/partition.h"
#include "tests/unit/series/known-values.h"
#include "tests/unit/series/random.h"

static PiFixed sum_of(const PiKernel *kernel, uint64_t begin, uint64_t end) {
        PiFixed r;

        pi_sum_range(kernel, (PiRange) { .begin = begin, .end = end }, &r);
        return r;
}

/* Bits from another implementation of the contract. */
static void test_known_bits(void) {
        for (const PiKernel *const *k = pi_kernels(); *k; k++) {
                if (!(*k)->exact)
                        continue;

                for (size_t i = 0; i < G_N_ELEMENTS(known_sums); i++) {
                        PiFixed r = sum_of(*k, known_sums[i].begin, known_sums[i].end);

                        assert_fixed_hex(&r, known_sums[i].hex);
                }
        }
}

/* Sums the range in random pieces, in random order, with a random exact kernel each. */
static PiFixed sum_in_pieces(uint64_t begin, uint64_t end, unsigned n_cuts) {
        g_autofree uint64_t *cut = g_new(uint64_t, n_cuts + 2);
        const PiKernel *const *kernels = pi_kernels();
        PiFixed total = PI_FIXED_ZERO;
        unsigned n_exact = 0;

        while (kernels[n_exact]->exact)
                n_exact++;

        cut[0] = begin;
        cut[n_cuts + 1] = end;
        for (unsigned i = 1; i <= n_cuts; i++)
                cut[i] = begin + random_below((end - begin) / 8 + 1) * 8;

        for (unsigned i = 1; i <= n_cuts; i++)
                for (unsigned j = i; j > 1 && cut[j] < cut[j - 1]; j--) {
                        uint64_t t = cut[j];

                        cut[j] = cut[j - 1];
                        cut[j - 1] = t;
                }

        /* Two passes, odd pieces and then even ones. */
        for (unsigned pass = 0; pass < 2; pass++)
                for (unsigned i = pass; i <= n_cuts; i += 2) {
                        PiFixed r = sum_of(kernels[random_below(n_exact)], cut[i], cut[i + 1]);

                        pi_fixed_add(&total, &r);
                }

        return total;
}

static void test_any_split(void) {
        const uint64_t head = PI_HEAD_GROUPS * PI_GROUP_TERMS;

        for (unsigned i = 0; i < 600; i++) {
                uint64_t length = random_magnitude(20);
                uint64_t begin = random_magnitude(53) / 8 * 8, end;
                PiFixed whole, pieces;

                /* A third of them over the end of the head, a third over the end of an octave. */
                if (i % 3 == 1)
                        begin = head - MIN(head, length / 16 * 8);
                else if (i % 3 == 2)
                        begin = (head << (1 + random_below(35))) - MIN(head, length / 16 * 8);
                begin = MIN(begin, PI_TERMS_MAX - length / 8 * 8);
                end = MIN(begin + length, PI_TERMS_MAX);

                whole = sum_of(pi_kernel_default(), begin, end);
                pieces = sum_in_pieces(begin, end, (unsigned) random_below(30));
                assert_fixed_equal(&whole, &pieces);
        }
}

static void test_largest(void) {
        const uint64_t begin = PI_TERMS_MAX - (1 << 20);
        PiFixed whole = sum_of(pi_kernel_default(), begin, PI_TERMS_MAX);
        PiFixed pieces = sum_in_pieces(begin, PI_TERMS_MAX, 100);

        assert_fixed_equal(&whole, &pieces);
        g_assert_true(pi_verify(pi_kernel_default(),
                                (PiRange) { .begin = begin, .end = PI_TERMS_MAX }, &whole, NULL));
}

/* Part by part is the sum of the whole, wherever the stretches end. */
static void test_parts(void) {
        for (unsigned i = 0; i < 300; i++) {
                uint64_t terms = i % 3 == 0 ? PI_TERMS_MAX - random_below(9)
                                            : 1 + random_magnitude(36);
                uint64_t parts = 1 + random_below(pi_parts_max(terms));
                uint64_t first, end, begin;
                PiPartWalk walk;

                /* Short parts in large numbers, or few. */
                parts = MAX(parts, MIN(terms / 100000 + 1, pi_parts_max(terms)));
                first = i % 2 ? parts - MIN(parts, 300) : random_below(parts);
                end = first + 1 + random_below(400);
                end = MIN(end, parts);
                pi_part_walk_init(&walk, terms, parts, first);
                begin = pi_part_walk_at(&walk);

                for (const PiKernel *const *k = pi_kernels(); (*k)->exact; k++) {
                        PiFixed total = PI_FIXED_ZERO, whole;

                        pi_part_walk_init(&walk, terms, parts, first);
                        while (!pi_part_walk_done(&walk, end)) {
                                uint64_t at = pi_part_walk_at(&walk);
                                PiFixed sum;

                                pi_sum_parts(*k, &walk, (at / 8 + 1 + random_below(9999)) * 8, end,
                                             &sum);
                                g_assert_cmpuint(pi_part_walk_at(&walk), >, at);
                                pi_fixed_add(&total, &sum);
                        }
                        whole = sum_of(*k, begin, pi_part_walk_at(&walk));
                        assert_fixed_equal(&total, &whole);
                }
        }
}

static void test_empty(void) {
        const uint64_t at[] = { 0, 8, 1 << 17, UINT64_C(1) << 40, PI_TERMS_MAX };

        for (size_t i = 0; i < G_N_ELEMENTS(at); i++)
                for (const PiKernel *const *k = pi_kernels(); *k; k++) {
                        PiFixed r = sum_of(*k, at[i], at[i]);

                        g_assert_true(pi_fixed_is_zero(&r));
                }
}

/* The total error, as docs/numerics.md states it. */
static void test_total(void) {
        const uint64_t terms[] = {
                UINT64_C(1) << 20, 1000000007, UINT64_C(1) << 30, UINT64_C(1) << 32
        };

        for (size_t i = 0; i < G_N_ELEMENTS(terms); i++) {
                PiRange range = { .begin = 0, .end = terms[i] };
                PiFixed sum = sum_of(pi_kernel_default(), 0, terms[i]), residual, tolerance;
                double error;

                g_assert_true(pi_verify(pi_kernel_default(), range, &sum, &residual));
                pi_tolerance(pi_kernel_default(), range, &tolerance);
                error = 4 * pi_fixed_to_double(&residual);
                g_test_message("%" G_GUINT64_FORMAT " terms: 4 * sum is off by %.3g, bound %.3g",
                               (guint64) terms[i], error, 4 * pi_fixed_to_double(&tolerance));
                g_assert_cmpfloat(fabs(error), <, 1e-23);

                /* What the series itself lacks: 1/N - 1/(4 N^3). */
                g_assert_cmpfloat_with_epsilon(pi_error_vs_pi(&sum) * (double) terms[i],
                                               terms[i] % 2 == 0 ? -1 : 1, 1e-6);
        }
}

/* A sum with the reference kernel shows what the exact one avoids. */
static void test_reference_total(void) {
        PiRange range = { .begin = 0, .end = 1 << 26 };
        PiFixed sum = sum_of(&pi_kernel_reference, 0, 1 << 26), residual;

        g_assert_true(pi_verify(&pi_kernel_reference, range, &sum, &residual));
        g_test_message("2^26 terms with the reference kernel: off by %.3g",
                       4 * pi_fixed_to_double(&residual));
        g_assert_cmpfloat(fabs(pi_fixed_to_double(&residual)), >, 1e-16);
        g_assert_false(pi_verify(pi_kernel_default(), range, &sum, NULL));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/sum/known-bits", test_known_bits);
        g_test_add_func("/series/sum/any-split", test_any_split);
        g_test_add_func("/series/sum/largest", test_largest);
        g_test_add_func("/series/sum/parts", test_parts);
        g_test_add_func("/series/sum/empty", test_empty);
        g_test_add_func("/series/sum/total", test_total);
        g_test_add_func("/series/sum/reference-total", test_reference_total);

        return g_test_run();
}
