/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/kernel.h"

#include <math.h>

#include "daemon/series/sum.h"
#include "tests/unit/series/lanes.h"
#include "tests/unit/series/random.h"

#define GROUPS_MAX (PI_TERMS_MAX / PI_GROUP_TERMS)

static unsigned octave_of(uint64_t group) {
        unsigned octave = 0;

        while (group >>= 1)
                octave++;
        return octave;
}

static uint64_t random_group(void) {
        uint64_t g = random_magnitude(51) % GROUPS_MAX;

        return MAX(g, PI_HEAD_GROUPS);
}

static uint64_t call(const PiKernel *kernel, uint64_t first, uint32_t n) {
        return kernel->sum_groups(first, n, ldexp(8, (int) PI_OCTAVE_SCALE(octave_of(first))));
}

/* The exact kernels of this CPU, and those whose instructions it may lack. */
static const PiKernel *exact_kernel(unsigned i) {
        const PiKernel *const *k = pi_kernels();

        for (; *k && (*k)->exact; k++)
                if (i-- == 0)
                        return *k;
        return i == 0 ? &lanes_8_kernel : i == 1 ? &lanes_2_kernel : NULL;
}

/* The definition in kernel.h, one group, rounded step by step through memory. */
static uint64_t quotient(uint64_t group) {
        volatile double c = (double) (16 * group + 8), z = c * c, w = z - 61.0;
        volatile double q = ldexp(8, (int) PI_OCTAVE_SCALE(octave_of(group))) / w;
        union {
                double value;
                uint64_t bits;
        } quantised = { .value = q + PI_QUANTISER };

        return quantised.bits - PI_QUANTISER_BITS;
}

static void test_table(void) {
        const PiKernel *const *kernels = pi_kernels();
        const PiKernel *fastest = pi_kernel_default();
        unsigned n = 0;

        g_assert_true(fastest->exact);
        g_assert_true(fastest->supported());

        for (; kernels[n]; n++) {
                const PiKernel *k = kernels[n];

                g_assert_true(k->supported());
                g_assert_true(pi_kernel_find(k->name) == k);
                g_assert_true(k->exact == (k->sum_groups != NULL));
                g_assert_true(k->exact == (k->sum_terms == NULL));
                for (unsigned i = 0; i < n; i++)
                        g_assert_cmpstr(kernels[i]->name, !=, k->name);
        }
        g_assert_cmpuint(n, >=, 2);

        g_assert_true(pi_kernel_find("generic") == &pi_kernel_generic);
        g_assert_true(pi_kernel_find("reference") == &pi_kernel_reference);
        g_assert_null(pi_kernel_find("abacus"));
        g_assert_null(pi_kernel_find(""));
        g_assert_null(pi_kernel_find("Generic"));
}

static void test_quotients(void) {
        for (unsigned i = 0; i < 200000; i++) {
                uint64_t g = random_group(), q = quotient(g);

                g_assert_cmpuint(q, >=, UINT64_C(1) << 49);
                g_assert_cmpuint(q, <, UINT64_C(1) << 51);
                g_assert_cmpuint(call(&pi_kernel_generic, g, 1), ==, q);
        }

        /* The ends of every octave, where the bounds are tightest. */
        for (unsigned o = PI_HEAD_OCTAVE; o <= 50; o++)
                for (unsigned i = 0; i < 16; i++) {
                        uint64_t low = (UINT64_C(1) << o) + i, high = (UINT64_C(2) << o) - 1 - i;

                        g_assert_cmpuint(quotient(low), <, UINT64_C(1) << 51);
                        g_assert_cmpuint(quotient(high), >=, UINT64_C(1) << 49);
                        g_assert_cmpuint(call(&pi_kernel_generic, low, 1), ==, quotient(low));
                        g_assert_cmpuint(call(&pi_kernel_generic, high, 1), ==, quotient(high));
                }
}

/* A full block does not pass 2^64 even where quotients are largest. */
static void test_block_fits(void) {
        for (unsigned o = PI_HEAD_OCTAVE; o <= 50; o++) {
                uint64_t first = UINT64_C(1) << o;
                unsigned __int128 sum = 0;

                for (uint32_t i = 0; i < PI_BLOCK_GROUPS; i++)
                        sum += quotient(first + i);
                g_assert_true(sum >> 64 == 0);
                for (unsigned i = 0; exact_kernel(i); i++)
                        g_assert_cmpuint(call(exact_kernel(i), first, PI_BLOCK_GROUPS), ==,
                                         (uint64_t) sum);
        }
}

static void check_kernels(uint64_t first, uint32_t n) {
        uint64_t expected = 0;

        for (uint32_t i = 0; i < n; i++)
                expected += quotient(first + i);

        for (unsigned i = 0; exact_kernel(i); i++)
                if (call(exact_kernel(i), first, n) != expected)
                        g_error("kernel %s: wrong bits for %u groups from %" G_GUINT64_FORMAT,
                                exact_kernel(i)->name, n, (guint64) first);
}

/* Every length that leaves a rest for vectors of any width, everywhere. */
static void test_same_bits(void) {
        for (uint32_t n = 1; n <= 200; n++)
                for (unsigned i = 0; i < 20; i++) {
                        uint64_t first = random_group();
                        uint64_t octave_end = UINT64_C(2) << octave_of(first);

                        check_kernels(MIN(first, octave_end - n), n);
                        check_kernels(octave_end - n, n);
                }

        for (unsigned i = 0; i < 200; i++) {
                uint64_t first = random_group();
                uint64_t octave_end = UINT64_C(2) << octave_of(first);

                uint64_t n = 1 + random_below(PI_BLOCK_GROUPS);

                check_kernels(first, (uint32_t) MIN(octave_end - first, n));
        }
}

/* Pieces of every size, over the borders of whatever a kernel does for a stretch of groups. */
static void test_pieces(void) {
        for (unsigned round = 0; round < 400; round++) {
                uint32_t n_groups[PI_BLOCK_GROUPS / 16], longest = 1 + (uint32_t) random_below(400);
                uint64_t sums[G_N_ELEMENTS(n_groups)], first = random_group();
                uint64_t end = MIN(first + PI_BLOCK_GROUPS, UINT64_C(2) << octave_of(first));
                uint32_t n = 0;

                for (uint64_t at = first; at < end && n < G_N_ELEMENTS(n_groups); n++) {
                        uint64_t length = 1 + random_below(longest);

                        n_groups[n] = (uint32_t) MIN(length, end - at);
                        at += n_groups[n];
                }
                for (unsigned i = 0; exact_kernel(i); i++) {
                        const PiKernel *k = exact_kernel(i);
                        uint64_t at = first;

                        if (!k->sum_pieces)
                                continue;
                        k->sum_pieces(first, n_groups, n, sums);
                        for (uint32_t piece = 0; piece < n; at += n_groups[piece++])
                                g_assert_cmpuint(sums[piece], ==,
                                                 call(&pi_kernel_generic, at, n_groups[piece]));
                }
        }
}

/* The one divisor whose reciprocal Newton's iteration may round wrongly has only ones in its
 * significand. It would be just below a power of two, and no group has it. */
static void test_no_divisor_of_ones(void) {
        for (int k = 37; k <= 108; k++) {
                uint64_t root = (uint64_t) sqrt(ldexp(1, k)), below = root / 16;

                for (uint64_t g = below - MIN(below, 4); g <= below + 4; g++) {
                        volatile double c = (double) (16 * g + 8), z = c * c, w = z - 61.0;
                        int exponent;

                        g_assert_cmpfloat(frexp(w, &exponent), !=, 1 - 0x1p-53);
                }
        }
}

/* The reference kernel adds what its name says, from either sign. */
static void test_reference(void) {
        const uint64_t begin[] = { 0, 1, 2, 7, 1000, 999999937, PI_TERMS_MAX - 1000 };

        for (size_t k = 0; k < G_N_ELEMENTS(begin); k++) {
                volatile double sum = 0;
                PiFixed r, expected;

                for (uint64_t i = begin[k]; i < begin[k] + 1000; i++)
                        sum += (i % 2 == 0 ? 1.0 : -1.0) / (double) (2 * i + 1);
                g_assert_true(pi_fixed_from_double(sum, &expected));
                pi_sum_range(&pi_kernel_reference,
                             (PiRange) { .begin = begin[k], .end = begin[k] + 1000 }, &r);
                assert_fixed_equal(&r, &expected);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/kernel/table", test_table);
        g_test_add_func("/series/kernel/quotients", test_quotients);
        g_test_add_func("/series/kernel/block-fits", test_block_fits);
        g_test_add_func("/series/kernel/same-bits", test_same_bits);
        g_test_add_func("/series/kernel/pieces", test_pieces);
        g_test_add_func("/series/kernel/no-divisor-of-ones", test_no_divisor_of_ones);
        g_test_add_func("/series/kernel/reference", test_reference);

        return g_test_run();
}
