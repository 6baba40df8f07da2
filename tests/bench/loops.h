/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* The loops that people write, which the kernels are measured beside: each gives the sum of
 * (-1)^i / (2i + 1) over begin <= i < end in doubles. Both ends even. "Fast" is -O3 -march=native
 * -ffast-math. */

/* (a) Term by term, as any program is compiled: -O2. */
double bench_loop_plain(uint64_t begin, uint64_t end);

/* (b) The very same lines, fast. */
double bench_loop_plain_fast(uint64_t begin, uint64_t end);

/* (b') Two terms a turn, written so that a compiler can vectorise it; fast. */
double bench_loop_two_terms(uint64_t begin, uint64_t end);

/* (f) The best loop known that a compiler vectorises: two terms with one division; fast. */
double bench_loop_pairs(uint64_t begin, uint64_t end);

/* (c) OpenMP's reduction on this many threads; fast. */
double bench_loop_openmp(uint64_t begin, uint64_t end, int threads);

/* FALSE where the compiler has no OpenMP: then bench_loop_openmp() must not be called. */
int bench_loop_has_openmp(void);
