/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Portable C, laid out so that a compiler turns each inner loop into vector instructions of
 * whatever width it may use. The lanes are independent, hence no addition waits for the one
 * before it. */
#include "daemon/series/kernel.h"

#include <float.h>
#include <glib.h>

/* Wider intermediate results would round twice and change the bits. */
G_STATIC_ASSERT(FLT_EVAL_METHOD == 0);

#define LANES 8

static bool supported(void) {
        return true;
}

/* The nearest integer to q, plus PI_QUANTISER_BITS. */
static inline uint64_t quantise(double q) {
        union {
                double value;
                uint64_t bits;
        } sum = { .value = q + PI_QUANTISER };

        return sum.bits;
}

/* Sum of the quantised quotients of the first `n` of LANES groups from the one with this c on. All
 * lanes are computed: a short run in vectors is faster than a loop over what is left. */
static uint64_t sum_rest(double first_c, unsigned n, double scaled_numerator) {
        uint64_t lane[LANES], total = 0;

        for (unsigned j = 0; j < LANES; j++) {
                double c = first_c + 16.0 * j;

                lane[j] = quantise(scaled_numerator / (c * c - 61.0));
        }
        for (unsigned j = 0; j < n; j++)
                total += lane[j];
        return total;
}

static uint64_t sum_groups(uint64_t first_group, uint32_t n_groups, double scaled_numerator) {
        /* Through int64_t, which converts in one instruction; below 2^55 and a multiple of 8:
         * exact. */
        double first_c = (double) (int64_t) (16 * first_group + 8);
        double c[LANES];
        uint64_t lane[LANES] = { 0 };
        uint64_t total = 0;
        uint32_t whole = n_groups / LANES, rest = n_groups % LANES;

        for (unsigned j = 0; j < LANES; j++)
                c[j] = first_c + 16.0 * j;

        for (uint32_t i = 0; i < whole; i++)
                for (unsigned j = 0; j < LANES; j++) {
                        lane[j] += quantise(scaled_numerator / (c[j] * c[j] - 61.0));
                        c[j] += 16.0 * LANES;
                }

        for (unsigned j = 0; j < LANES; j++)
                total += lane[j];
        if (rest > 0)
                total += sum_rest(first_c + 16.0 * LANES * whole, rest, scaled_numerator);

        return total - n_groups * PI_QUANTISER_BITS;
}

const PiKernel pi_kernel_generic = {
        .name = "generic",
        .exact = true,
        .supported = supported,
        .sum_groups = sum_groups,
};
