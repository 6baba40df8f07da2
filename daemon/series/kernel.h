/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <float.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/range.h"

/* The most groups in one call of sum_groups(): 2^13 quotients below 2^51 keep the sum below
 * 2^64. */
#define PI_BLOCK_GROUPS 8192

/* 1.5 * 2^52: added to a double in [0, 2^51], it leaves the nearest integer in the low bits. */
#define PI_QUANTISER 0x1.8p52
#define PI_QUANTISER_BITS UINT64_C(0x4338000000000000)

/* 2^n for a normal double; ldexp() is a call, and this is done for every part. */
static inline double pi_power_of_two(int n) {
        union {
                uint64_t bits;
                double value;
        } power = { .bits = (uint64_t) (DBL_MAX_EXP - 1 + n) << (DBL_MANT_DIG - 1) };

        return power.value;
}

/* A way to sum terms. Exact kernels give the bits of docs/numerics.md and have sum_groups; the
 * others have sum_terms. */
typedef struct PiKernel {
        const char *name;
        bool exact;

        /* Whether this CPU has the instructions. */
        bool (*supported)(void);

        /* Sum, modulo 2^64, of the quantised quotients of n_groups body groups (at least 1, at most
         * PI_BLOCK_GROUPS), all in one octave o. For group g, with c = 16g + 8 and each operation
         * rounded once to the nearest double:
         *         q = scaled_numerator / (c * c - 61),    scaled_numerator = 2^(59 + 2o)
         *         bits(q + PI_QUANTISER) - PI_QUANTISER_BITS */
        uint64_t (*sum_groups)(uint64_t first_group, uint32_t n_groups, double scaled_numerator);

        /* The same for n pieces that follow each other, piece i of n_groups[i], in one octave and
         * together at most PI_BLOCK_GROUPS: one sum each. For kernels that are faster so than
         * piece by piece; else NULL. */
        void (*sum_pieces)(uint64_t first_group, const uint32_t *n_groups, uint32_t n,
                           uint64_t *ret_sums);

        /* Sum of the terms of a range. */
        void (*sum_terms)(PiRange range, PiFixed *ret);
} PiKernel;

extern const PiKernel pi_kernel_avx512;
extern const PiKernel pi_kernel_avx2;
extern const PiKernel pi_kernel_neon;
extern const PiKernel pi_kernel_generic;
extern const PiKernel pi_kernel_reference;

/* The fastest exact kernel this CPU supports; never NULL. */
const PiKernel *pi_kernel_default(void);

#define PI_KERNELS_MAX 8

/* The kernels of this architecture, supported or not: exact ones first, fastest first, ended by
 * NULL. A file for each architecture: kernels-*.c. */
extern const PiKernel *const pi_kernels_known[];

/* NULL if the name is unknown or this CPU does not support the kernel. */
const PiKernel *pi_kernel_find(const char *name);

/* The supported kernels, fastest first, ended by NULL. */
const PiKernel *const *pi_kernels(void);
