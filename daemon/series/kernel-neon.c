/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two doubles a vector; every AArch64 has it. */
#include <arm_neon.h>

#define LANES 2
#define DIVIDED 1
#define ITERATED 2

static inline float64x2_t fused_add(float64x2_t a, float64x2_t b, float64x2_t c) {
        return vfmaq_f64(c, a, b);
}

static inline float64x2_t fused_sub(float64x2_t a, float64x2_t b, float64x2_t c) {
        return vfmsq_f64(c, a, b);
}

#include "daemon/series/kernel-vector.h"

static bool supported(void) {
        return true;
}

const PiKernel pi_kernel_neon = {
        .name = "neon",
        .exact = true,
        .supported = supported,
        .sum_groups = sum_groups,
        .sum_pieces = sum_pieces,
};
