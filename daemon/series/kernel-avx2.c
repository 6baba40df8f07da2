/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four doubles a vector, with fused multiplication and addition. As many divisions as iterations:
 * AMD's Zen 3 divides four doubles in the time it takes to iterate eight. */
#include <immintrin.h>

#define LANES 4
#define DIVIDED 2
#define ITERATED 2

static inline __m256d fused_add(__m256d a, __m256d b, __m256d c) {
        return _mm256_fmadd_pd(a, b, c);
}

static inline __m256d fused_sub(__m256d a, __m256d b, __m256d c) {
        return _mm256_fnmadd_pd(a, b, c);
}

#include "daemon/series/kernel-vector.h"

static bool supported(void) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const PiKernel pi_kernel_avx2 = {
        .name = "avx2",
        .exact = true,
        .supported = supported,
        .sum_groups = sum_groups,
        .sum_pieces = sum_pieces,
};
