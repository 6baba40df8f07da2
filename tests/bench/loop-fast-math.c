/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

/* Two terms a turn, as whoever hopes for a vectorised loop writes it. */
double bench_fast_math_loop(uint64_t terms) {
        double sum = 0;

        for (uint64_t i = 0; i < terms / 2; i++) {
                double d = 4.0 * (double) i + 1;
                sum += 1 / d - 1 / (d + 2);
        }
        return sum;
}
