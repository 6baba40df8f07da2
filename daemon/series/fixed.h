/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A number of 192 bits in two's complement with 160 fraction bits: the value is limbs * 2^-160,
 * least significant limb first. Range -2^31 <= value < 2^31. Addition and subtraction are exact
 * and wrap, so a sum does not depend on its order. The unit 2^-160 (about 6.8e-49) is called one
 * ulp. */
typedef struct PiFixed {
        uint64_t limb[3];
} PiFixed;

#define PI_FIXED_FRACTION_BITS 160
#define PI_FIXED_HEX_DIGITS 48
#define PI_FIXED_ZERO ((PiFixed) { { 0, 0, 0 } })

/* *a += b, *a -= b, *a = -*a, *a = |*a|. The smallest number has no positive twin and stays as
 * it is. */
void pi_fixed_add(PiFixed *a, const PiFixed *b);
void pi_fixed_sub(PiFixed *a, const PiFixed *b);
void pi_fixed_neg(PiFixed *a);
void pi_fixed_abs(PiFixed *a);

bool pi_fixed_is_negative(const PiFixed *a);
bool pi_fixed_is_zero(const PiFixed *a);

/* Signed order: negative, zero or positive, as memcmp(). */
int pi_fixed_cmp(const PiFixed *a, const PiFixed *b);

/* *a += value * 2^shift ulp; bits beyond the top are dropped. Shift 0 ... 191. */
void pi_fixed_add_shifted(PiFixed *a, uint64_t value, unsigned shift);

/* Arithmetic shift right, 0 ... 191 bits, rounding towards minus infinity. */
void pi_fixed_shift_right(PiFixed *a, unsigned shift);

/* *a *= factor; exact, wraps. */
void pi_fixed_mul_u32(PiFixed *a, uint32_t factor);

/* numerator / denominator to the nearest ulp (half an ulp goes up). Numerator below 2^31,
 * denominator not 0. */
void pi_fixed_ratio(uint32_t numerator, uint64_t denominator, PiFixed *ret);

/* a * b, the magnitude to the nearest ulp; wraps when the product is out of range. */
void pi_fixed_mul(const PiFixed *a, const PiFixed *b, PiFixed *ret);

/* Exact conversion. FALSE, with *ret untouched, when the value is not finite, out of range, or
 * has bits below one ulp. */
gboolean pi_fixed_from_double(double value, PiFixed *ret);

/* To the nearest double, ties to even. */
double pi_fixed_to_double(const PiFixed *a);

/* 48 lower-case hex digits, most significant first; the caller frees it with g_free(). */
char *pi_fixed_to_hex(const PiFixed *a);

/* Strict: exactly 48 hex digits of either case and nothing else. FALSE, with *ret untouched,
 * otherwise. */
gboolean pi_fixed_from_hex(const char *text, PiFixed *ret);
