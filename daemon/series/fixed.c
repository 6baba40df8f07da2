/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/fixed.h"

#include <inttypes.h>
#include <math.h>

#define LIMBS 3

typedef unsigned __int128 Wide;

void pi_fixed_add(PiFixed *a, const PiFixed *b) {
        uint64_t carry = 0;

        for (unsigned i = 0; i < LIMBS; i++) {
                Wide t = (Wide) a->limb[i] + b->limb[i] + carry;

                a->limb[i] = (uint64_t) t;
                carry = (uint64_t) (t >> 64);
        }
}

void pi_fixed_sub(PiFixed *a, const PiFixed *b) {
        uint64_t borrow = 0;

        for (unsigned i = 0; i < LIMBS; i++) {
                Wide t = (Wide) a->limb[i] - b->limb[i] - borrow;

                a->limb[i] = (uint64_t) t;
                borrow = (uint64_t) (t >> 64) & 1;
        }
}

void pi_fixed_neg(PiFixed *a) {
        PiFixed t = PI_FIXED_ZERO;

        pi_fixed_sub(&t, a);
        *a = t;
}

void pi_fixed_abs(PiFixed *a) {
        if (pi_fixed_is_negative(a))
                pi_fixed_neg(a);
}

bool pi_fixed_is_negative(const PiFixed *a) {
        return a->limb[LIMBS - 1] >> 63;
}

bool pi_fixed_is_zero(const PiFixed *a) {
        return (a->limb[0] | a->limb[1] | a->limb[2]) == 0;
}

int pi_fixed_cmp(const PiFixed *a, const PiFixed *b) {
        int64_t x = (int64_t) a->limb[2], y = (int64_t) b->limb[2];

        if (x != y)
                return x < y ? -1 : 1;

        for (unsigned i = LIMBS - 1; i-- > 0;)
                if (a->limb[i] != b->limb[i])
                        return a->limb[i] < b->limb[i] ? -1 : 1;

        return 0;
}

void pi_fixed_add_shifted(PiFixed *a, uint64_t value, unsigned shift) {
        PiFixed t = PI_FIXED_ZERO;
        unsigned limb = shift / 64;
        Wide spread = (Wide) value << (shift % 64);

        g_assert(limb < LIMBS);

        t.limb[limb] = (uint64_t) spread;
        if (limb + 1 < LIMBS)
                t.limb[limb + 1] = (uint64_t) (spread >> 64);

        pi_fixed_add(a, &t);
}

void pi_fixed_shift_right(PiFixed *a, unsigned shift) {
        uint64_t sign = pi_fixed_is_negative(a) ? UINT64_MAX : 0;
        unsigned skip = shift / 64, bits = shift % 64;

        g_assert(skip < LIMBS);

        for (unsigned i = 0; i < LIMBS; i++) {
                uint64_t low = i + skip < LIMBS ? a->limb[i + skip] : sign;
                uint64_t high = i + skip + 1 < LIMBS ? a->limb[i + skip + 1] : sign;

                a->limb[i] = (uint64_t) ((((Wide) high << 64) | low) >> bits);
        }
}

void pi_fixed_mul_u32(PiFixed *a, uint32_t factor) {
        uint64_t carry = 0;

        for (unsigned i = 0; i < LIMBS; i++) {
                Wide t = (Wide) a->limb[i] * factor + carry;

                a->limb[i] = (uint64_t) t;
                carry = (uint64_t) (t >> 64);
        }
}

void pi_fixed_ratio(uint32_t numerator, uint64_t denominator, PiFixed *ret) {
        Wide rest = (Wide) numerator << (PI_FIXED_FRACTION_BITS - 128);
        PiFixed q;

        g_assert(numerator <= INT32_MAX);
        g_assert(denominator > 0);

        /* Long division with limbs as digits: the rest stays below the denominator. A division of
         * 128 bits is a call: one for each digit, and none for its remainder. */
        for (unsigned i = LIMBS; i-- > 0;) {
                q.limb[i] = (uint64_t) (rest / denominator);
                rest -= (Wide) q.limb[i] * denominator;
                if (i > 0)
                        rest <<= 64;
        }

        if (rest >= denominator - rest)
                pi_fixed_add_shifted(&q, 1, 0);

        *ret = q;
}

void pi_fixed_mul(const PiFixed *a, const PiFixed *b, PiFixed *ret) {
        bool negative = pi_fixed_is_negative(a) != pi_fixed_is_negative(b);
        PiFixed x = *a, y = *b, result;
        uint64_t product[2 * LIMBS + 1] = { 0 };
        const unsigned skip = PI_FIXED_FRACTION_BITS / 64, bits = PI_FIXED_FRACTION_BITS % 64;

        pi_fixed_abs(&x);
        pi_fixed_abs(&y);

        for (unsigned i = 0; i < LIMBS; i++) {
                uint64_t carry = 0;

                for (unsigned j = 0; j < LIMBS; j++) {
                        Wide t = (Wide) x.limb[i] * y.limb[j] + product[i + j] + carry;

                        product[i + j] = (uint64_t) t;
                        carry = (uint64_t) (t >> 64);
                }
                product[i + LIMBS] = carry;
        }

        for (unsigned i = 0; i < LIMBS; i++)
                result.limb[i] = product[i + skip] >> bits | product[i + skip + 1] << (64 - bits);

        /* The highest bit cut off is worth half an ulp. */
        pi_fixed_add_shifted(&result, (product[skip] >> (bits - 1)) & 1, 0);

        if (negative)
                pi_fixed_neg(&result);
        *ret = result;
}

gboolean pi_fixed_from_double(double value, PiFixed *ret) {
        PiFixed result = PI_FIXED_ZERO;
        uint64_t mantissa;
        int exponent, shift;

        if (!isfinite(value))
                return FALSE;
        if (value == 0) {
                *ret = result;
                return TRUE;
        }

        /* |value| = mantissa * 2^(exponent - 53), 2^52 <= mantissa < 2^53 */
        mantissa = (uint64_t) ldexp(frexp(fabs(value), &exponent), 53);
        shift = exponent - 53 + PI_FIXED_FRACTION_BITS;
        while (shift < 0 && (mantissa & 1) == 0) {
                mantissa >>= 1;
                shift++;
        }

        /* The top bit stays free for the sign: magnitudes are below 2^31. */
        if (shift < 0 || exponent > 191 - PI_FIXED_FRACTION_BITS)
                return FALSE;

        pi_fixed_add_shifted(&result, mantissa, (unsigned) shift);
        if (value < 0)
                pi_fixed_neg(&result);

        *ret = result;
        return TRUE;
}

double pi_fixed_to_double(const PiFixed *a) {
        PiFixed magnitude = *a, top, back = PI_FIXED_ZERO;
        unsigned length = 64 * LIMBS, cut;
        double d;

        if (pi_fixed_is_zero(a))
                return 0;

        /* -2^31 stays as it is, which read without a sign is its magnitude. */
        pi_fixed_abs(&magnitude);
        while (((magnitude.limb[(length - 1) / 64] >> ((length - 1) % 64)) & 1) == 0)
                length--;

        /* The highest 64 bits; of those cut off only matters whether any is set, to push a tie
         * off the middle: the lowest bit kept stands for them, 11 bits below the last one a
         * double has. */
        cut = length > 64 ? length - 64 : 0;
        top = magnitude;
        pi_fixed_shift_right(&top, cut);
        pi_fixed_add_shifted(&back, top.limb[0], cut);
        if (pi_fixed_cmp(&back, &magnitude) != 0)
                top.limb[0] |= 1;

        d = ldexp((double) top.limb[0], (int) cut - PI_FIXED_FRACTION_BITS);
        return pi_fixed_is_negative(a) ? -d : d;
}

char *pi_fixed_to_hex(const PiFixed *a) {
        return g_strdup_printf("%016" PRIx64 "%016" PRIx64 "%016" PRIx64,
                               a->limb[2], a->limb[1], a->limb[0]);
}

gboolean pi_fixed_from_hex(const char *text, PiFixed *ret) {
        PiFixed result = PI_FIXED_ZERO;

        /* The end of a short text is no hex digit either, so nothing behind it is read. */
        for (unsigned i = 0; i < PI_FIXED_HEX_DIGITS; i++) {
                uint64_t *limb = &result.limb[LIMBS - 1 - i / 16];
                int digit = g_ascii_xdigit_value(text[i]);

                if (digit < 0)
                        return FALSE;
                *limb = *limb << 4 | (uint64_t) digit;
        }
        if (text[PI_FIXED_HEX_DIGITS] != '\0')
                return FALSE;

        *ret = result;
        return TRUE;
}
