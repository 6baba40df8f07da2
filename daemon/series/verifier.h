/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/series/range.h"

/* Terms summed and verified as one, at most: short enough that a wrong bit of weight 2^19 and up in
 * a quotient or a lane's sum is certain to be seen, see docs/numerics.md. */
#define PI_STRETCH_MAX (UINT64_C(1) << 20)

/* Where the stretch that begins at a term ends at the latest. The ends are fixed in the series, so
 * that no stretch reaches over the border of an octave, where the unit of the quotients changes. */
uint64_t pi_stretch_end(uint64_t begin);

/* Verifies ranges that follow each other: the expected value of a border serves both its sides. */
typedef struct PiVerifier {
        uint64_t term; /* the border */
        PiFixed prefix; /* expected sum of the terms before it */
} PiVerifier;

/* The first range begins at `term`. */
void pi_verifier_init(PiVerifier *v, uint64_t term);

/* Whether the terms from the border to `end` may have this sum. If so the border moves to `end`; if
 * not it stays, and the range may be summed again. Tolerance: what was allowed for. Residual: sum -
 * expected. Both may be NULL. */
bool pi_verifier_next(PiVerifier *v, const PiKernel *kernel, uint64_t end, const PiFixed *sum,
                      PiFixed *ret_tolerance, PiFixed *ret_residual);
