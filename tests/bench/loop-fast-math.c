/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

#define BLOCK_PAIRS (1 << 20)

/* Two terms a turn in blocks counted by an int, which is what it takes to have it vectorised. */
double bench_fast_math_loop(uint64_t terms) {
        double sum = 0;

        for (uint64_t pair = 0; pair < terms / 2; pair += BLOCK_PAIRS) {
                double first = 4.0 * (double) pair + 1, block = 0;

                for (int i = 0; i < BLOCK_PAIRS; i++) {
                        double d = first + 4.0 * i;
                        block += 1 / d - 1 / (d + 2);
                }
                sum += block;
        }
        return sum;
}
