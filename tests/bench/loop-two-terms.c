/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

#define BLOCK_PAIRS (1 << 20)

/* The same two divisions for two terms, without a sign, in blocks counted by an int: an int becomes
 * a double in one vector instruction, 64 bits do not before AVX-512. Both gcc 12 and clang 14 make
 * two vdivpd of it for as many pairs as a vector holds. */
double bench_loop_two_terms(uint64_t begin, uint64_t end) {
        double sum = 0;

        for (uint64_t pair = begin / 2; pair < end / 2; pair += BLOCK_PAIRS) {
                int n = end / 2 - pair < BLOCK_PAIRS ? (int) (end / 2 - pair) : BLOCK_PAIRS;
                double first = 4.0 * (double) pair + 1, block = 0;

                for (int i = 0; i < n; i++) {
                        double d = first + 4.0 * i;

                        block += 1 / d - 1 / (d + 2);
                }
                sum += block;
        }
        return sum;
}
