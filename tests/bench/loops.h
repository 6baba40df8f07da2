/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* What the kernels are measured beside: the same plain loop twice, sum of (-1)^i / (2i + 1) for i
 * below `terms`. */

/* Compiled as any program is, with -O2. */
double bench_plain_loop(uint64_t terms);

/* Compiled for this very CPU with -O3 -ffast-math; its sum is off by what that costs. Terms a
 * multiple of 2^21. */
double bench_fast_math_loop(uint64_t terms);
