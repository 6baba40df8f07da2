/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AVX-512 kernel in instructions that every CPU has: its arithmetic, not its speed. */
#include "tests/unit/series/lanes.h"

#include <math.h>

#define LANES 8
#define DIVIDED 1
#define ITERATED 3

typedef double Vector __attribute__((vector_size(8 * LANES)));

static inline Vector fused_add(Vector a, Vector b, Vector c) {
        for (unsigned i = 0; i < LANES; i++)
                c[i] = fma(a[i], b[i], c[i]);
        return c;
}

static inline Vector fused_sub(Vector a, Vector b, Vector c) {
        return fused_add(-a, b, c);
}

#include "daemon/series/kernel-vector.h"

static bool supported(void) {
        return true;
}

const PiKernel lanes_8_kernel = {
        .name = "lanes-8",
        .exact = true,
        .supported = supported,
        .sum_groups = sum_groups,
        .sum_pieces = sum_pieces,
};
