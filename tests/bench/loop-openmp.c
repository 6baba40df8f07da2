/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loops.h"

/* What one writes with OpenMP: no sign is carried over, and all threads and lanes add up on their
 * own. */
double bench_loop_openmp(uint64_t begin, uint64_t end, int threads) {
        double sum = 0;

#pragma omp parallel for simd reduction(+ : sum) num_threads(threads) schedule(static)
        for (int64_t i = (int64_t) begin; i < (int64_t) end; i++)
                sum += (i % 2 == 0 ? 1.0 : -1.0) / (double) (2 * i + 1);
        return sum;
}

int bench_loop_has_openmp(void) {
        return 1;
}
