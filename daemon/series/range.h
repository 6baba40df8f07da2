/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Term indices begin <= i < end; term i is (-1)^i / (2i+1). */
typedef struct PiRange {
        uint64_t begin, end;
} PiRange;

#define PI_TERMS_MAX UINT64_C(10000000000000000)

/* A group is this many consecutive terms, the first index a multiple of it: the smallest thing
 * split. */
#define PI_GROUP_TERMS 8

/* Names the contract on the bits of a sum in docs/numerics.md. Sums of two versions never mix. */
#define PI_NUMERICS_VERSION 1
