/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Eight doubles a vector. Intel's cores take 16 cycles to divide them, and iterate three vectors
 * meanwhile. */
#include <immintrin.h>

#define LANES 8
#define DIVIDED 1
#define ITERATED 3

static inline __m512d fused_add(__m512d a, __m512d b, __m512d c) {
        return _mm512_fmadd_pd(a, b, c);
}

static inline __m512d fused_sub(__m512d a, __m512d b, __m512d c) {
        return _mm512_fnmadd_pd(a, b, c);
}

#include "daemon/series/kernel-vector.h"

static bool supported(void) {
        return __builtin_cpu_supports("avx512f");
}

const PiKernel pi_kernel_avx512 = {
        .name = "avx512",
        .exact = true,
        .supported = supported,
        .sum_groups = sum_groups,
        .sum_pieces = sum_pieces,
};
