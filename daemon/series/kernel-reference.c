/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plain loop everyone writes first, kept for comparison: term by term in double, one
 * addition after the other. The only care taken is the sign of the first term. */
#include "daemon/series/kernel.h"

static bool supported(void) {
        return true;
}

static void sum_terms(PiRange range, PiFixed *ret) {
        double sum = 0, sign = range.begin % 2 == 0 ? 1.0 : -1.0;

        for (uint64_t i = range.begin; i < range.end; i++) {
                sum += sign / (double) (2 * i + 1);
                sign = -sign;
        }

        /* Terms are above 2^-55, so each is a multiple of 2^-107, and so is every rounded sum of
         * them. */
        bool exact = pi_fixed_from_double(sum, ret);
        g_assert(exact);
}

const PiKernel pi_kernel_reference = {
        .name = "reference",
        .exact = false,
        .supported = supported,
        .sum_terms = sum_terms,
};
