/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/fixed.h"
#include "daemon/series/range.h"

#define PI_DIGITS_DECIMALS_MAX 40

/* Decimal text of 4*sum when the true sum is known to lie within `uncertainty` (not negative) of
 * `sum`: the digits that both ends of that interval share, each end cut (not rounded) to at most
 * PI_DIGITS_DECIMALS_MAX decimals; so every digit printed is a digit of the true value.
 * "3.1415926", "3" when no decimal is certain, "" when not even the whole part or the sign is.
 * Freed with g_free(). */
char *pi_digits(const PiFixed *sum, const PiFixed *uncertainty);

/* The digits of the true sum of the terms of a range, which is known to the bound of the expected
 * value: `residual` is how far `sum` is from that one. */
char *pi_digits_of_range(PiRange range, const PiFixed *sum, const PiFixed *residual);

/* 4*sum - pi, the difference taken before rounding to double. */
double pi_error_vs_pi(const PiFixed *sum);
