/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/series/range.h"

/* What a range must sum to, known without summing it: about a microsecond for any range with
 * begin <= end <= PI_TERMS_MAX. The proofs are in docs/numerics.md. */

/* Bound on the error of the sum of n body groups of one octave, in units 2^-s of its quotients:
 * multiplication, subtraction, division and the cut of the rational function take less than 769 *
 * 2^-61 of a quotient below 2^51, the quantisation 1/2. */
#define PI_BODY_BOUND(n) (((n) * (769 + 512) + 1023) / 1024)

/* pi/4 to the nearest ulp. */
extern const PiFixed pi_quarter;

/* The sum of the first n terms, n <= PI_TERMS_MAX. */
void pi_expected_prefix(uint64_t n, PiFixed *ret);

/* The sum of the terms of a range, to within pi_expected_uncertainty(). */
void pi_expected_sum(PiRange range, PiFixed *ret);

/* Bound on |pi_expected_sum() - true sum|: below 2.5e-32 for every range; no more than 500 ulp
 * for each end below 1000, and 3 ulp for each above 2^15. */
void pi_expected_uncertainty(PiRange range, PiFixed *ret);

/* Bound on |pi_sum_range() - pi_expected_sum()| for a range summed by this kernel. For exact
 * kernels it also holds when the range was summed in pieces cut at multiples of PI_GROUP_TERMS.
 * For others each piece has its own tolerance, and a total has the sum of the tolerances of its
 * pieces. */
void pi_tolerance(const PiKernel *kernel, PiRange range, PiFixed *ret);

/* Whether |residual| <= tolerance. */
bool pi_is_within(const PiFixed *residual, const PiFixed *tolerance);

/* Whether |sum - expected| <= tolerance. Residual: sum - expected; may be NULL. */
bool pi_verify_within(PiRange range, const PiFixed *sum, const PiFixed *tolerance,
                      PiFixed *ret_residual);

/* pi_verify_within() with the tolerance of a range that this kernel summed in one piece (exact
 * kernels: in any pieces). */
bool pi_verify(const PiKernel *kernel, PiRange range, const PiFixed *sum, PiFixed *ret_residual);
