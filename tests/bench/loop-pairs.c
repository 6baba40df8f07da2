/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

#define BLOCK_PAIRS (1 << 20)

/* 1/d - 1/(d + 2) = 2/(d (d + 2)): half the divisions of bench_loop_two_terms(), and nothing but
 * the division counts. */
double bench_loop_pairs(uint64_t begin, uint64_t end) {
        double sum = 0;

        for (uint64_t pair = begin / 2; pair < end / 2; pair += BLOCK_PAIRS) {
                int n = end / 2 - pair < BLOCK_PAIRS ? (int) (end / 2 - pair) : BLOCK_PAIRS;
                double first = 4.0 * (double) pair + 1, block = 0;

                for (int i = 0; i < n; i++) {
                        double d = first + 4.0 * i;

                        block += 2 / (d * (d + 2));
                }
                sum += block;
        }
        return sum;
}
