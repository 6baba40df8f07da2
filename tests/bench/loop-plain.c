/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

double bench_plain_loop(uint64_t terms) {
        double sum = 0, sign = 1;

        for (uint64_t i = 0; i < terms; i++) {
                sum += sign / (double) (2 * i + 1);
                sign = -sign;
        }
        return sum;
}
