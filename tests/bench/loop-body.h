/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* The loop everyone writes first. In a header because it is compiled twice, each time with other
 * options. */
static inline double bench_term_by_term(uint64_t begin, uint64_t end) {
        double sum = 0, sign = begin % 2 == 0 ? 1 : -1;

        for (uint64_t i = begin; i < end; i++) {
                sum += sign / (double) (2 * i + 1);
                sign = -sign;
        }
        return sum;
}
