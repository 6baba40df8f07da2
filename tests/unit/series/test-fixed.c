/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/fixed.h"

#include <math.h>
#include <string.h>

#include "tests/unit/series/known-values.h"
#include "tests/unit/series/random.h"

#define ROUNDS 20000

typedef __int128 Int128;

static PiFixed from_hex(const char *hex) {
        PiFixed a;

        g_assert_true(pi_fixed_from_hex(hex, &a));
        return a;
}

/* Sign extended to 192 bits, in ulps. */
static PiFixed from_int128(Int128 v) {
        return (PiFixed) { { (uint64_t) v, (uint64_t) (v >> 64), v < 0 ? UINT64_MAX : 0 } };
}

static Int128 random_int128(void) {
        Int128 v = (Int128) ((unsigned __int128) random_u64() << 64 | random_u64());

        return v >> (2 + random_below(126));
}

static void test_against_int128(void) {
        for (unsigned i = 0; i < ROUNDS; i++) {
                Int128 x = random_int128(), y = random_int128();
                PiFixed a = from_int128(x), b = from_int128(y), r;
                unsigned shift = (unsigned) random_below(128);
                uint32_t factor = (uint32_t) random_magnitude(30);
                PiFixed expected;

                r = a;
                pi_fixed_add(&r, &b);
                expected = from_int128(x + y);
                assert_fixed_equal(&r, &expected);

                r = a;
                pi_fixed_sub(&r, &b);
                expected = from_int128(x - y);
                assert_fixed_equal(&r, &expected);

                r = a;
                pi_fixed_neg(&r);
                expected = from_int128(-x);
                assert_fixed_equal(&r, &expected);

                r = a;
                pi_fixed_abs(&r);
                expected = from_int128(x < 0 ? -x : x);
                assert_fixed_equal(&r, &expected);

                r = a;
                pi_fixed_shift_right(&r, shift);
                expected = from_int128(x >> shift);
                assert_fixed_equal(&r, &expected);

                r = from_int128(x >> 32);
                pi_fixed_mul_u32(&r, factor);
                expected = from_int128((x >> 32) * factor);
                assert_fixed_equal(&r, &expected);

                g_assert_cmpint(pi_fixed_cmp(&a, &b), ==, x < y ? -1 : x > y);
                g_assert_cmpint(pi_fixed_is_negative(&a), ==, x < 0);
                g_assert_cmpint(pi_fixed_is_zero(&a), ==, x == 0);
        }
}

static void test_add_shifted(void) {
        for (unsigned i = 0; i < ROUNDS; i++) {
                uint64_t value = random_u64();
                unsigned shift = (unsigned) random_below(192);
                PiFixed a, doubled = { { value, 0, 0 } };

                random_fixed(&a);
                PiFixed sum = a;
                pi_fixed_add_shifted(&sum, value, shift);

                /* Doubling `shift` times is the same thing. */
                for (unsigned k = 0; k < shift; k++) {
                        PiFixed t = doubled;

                        pi_fixed_add(&doubled, &t);
                }
                pi_fixed_add(&a, &doubled);
                assert_fixed_equal(&sum, &a);
        }
}

/* All 192 bits: laws that a lost carry breaks. */
static void test_laws(void) {
        for (unsigned i = 0; i < ROUNDS; i++) {
                PiFixed a, b, r;

                random_fixed(&a);
                random_fixed(&b);

                r = a;
                pi_fixed_add(&r, &b);
                pi_fixed_sub(&r, &a);
                assert_fixed_equal(&r, &b);

                r = a;
                pi_fixed_neg(&r);
                pi_fixed_add(&r, &a);
                g_assert_true(pi_fixed_is_zero(&r));

                g_assert_cmpint(pi_fixed_cmp(&a, &b), ==, -pi_fixed_cmp(&b, &a));
                g_assert_cmpint(pi_fixed_cmp(&a, &a), ==, 0);
        }

        /* Carries through all limbs, and the wrap. */
        PiFixed top = from_hex("7fffffffffffffffffffffffffffffffffffffffffffffff");
        PiFixed bottom = from_hex("800000000000000000000000000000000000000000000000");
        pi_fixed_add_shifted(&top, 1, 0);
        assert_fixed_equal(&top, &bottom);
        pi_fixed_abs(&bottom);
        assert_fixed_equal(&top, &bottom);
        g_assert_true(pi_fixed_is_negative(&bottom));
        g_assert_cmpint(pi_fixed_cmp(&bottom, &PI_FIXED_ZERO), <, 0);
}

static void test_ratio(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(known_ratios); i++) {
                PiFixed r;

                pi_fixed_ratio(known_ratios[i].numerator, known_ratios[i].denominator, &r);
                assert_fixed_hex(&r, known_ratios[i].hex);
        }

        /* |q d - n| <= d/2 ulp, with q d taken exactly modulo 2^192. */
        for (unsigned i = 0; i < ROUNDS; i++) {
                uint32_t n = (uint32_t) random_magnitude(31);
                uint32_t d = (uint32_t) random_magnitude(31) | 1;
                PiFixed q, low, high, whole = PI_FIXED_ZERO;

                pi_fixed_ratio(n, d, &q);
                pi_fixed_mul_u32(&q, d);
                pi_fixed_add_shifted(&whole, n, PI_FIXED_FRACTION_BITS);
                pi_fixed_sub(&q, &whole);
                high = (PiFixed) { { d / 2, 0, 0 } };
                low = high;
                pi_fixed_neg(&low);
                g_assert_cmpint(pi_fixed_cmp(&q, &low), >=, 0);
                g_assert_cmpint(pi_fixed_cmp(&q, &high), <=, 0);
        }
}

static void test_mul(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(known_products); i++) {
                PiFixed a = from_hex(known_products[i].a), b = from_hex(known_products[i].b), r;

                pi_fixed_mul(&a, &b, &r);
                assert_fixed_hex(&r, known_products[i].product);
                pi_fixed_mul(&b, &a, &b);
                assert_fixed_hex(&b, known_products[i].product);
        }

        for (unsigned i = 0; i < ROUNDS; i++) {
                const PiFixed one = { { 0, 0, UINT64_C(1) << 32 } };
                const PiFixed half = { { 0, 0, UINT64_C(1) << 31 } };
                PiFixed a, r;
                bool odd;

                random_fixed(&a);
                pi_fixed_mul(&a, &one, &r);
                assert_fixed_equal(&r, &a);

                /* Halving rounds the magnitude up: doubling gives a, or one ulp more. */
                odd = a.limb[0] & 1;
                pi_fixed_abs(&a);
                if (pi_fixed_is_negative(&a))
                        continue;
                pi_fixed_mul(&a, &half, &r);
                pi_fixed_mul_u32(&r, 2);
                pi_fixed_sub(&r, &a);
                g_assert_cmpuint(r.limb[0], ==, odd);
                g_assert_cmpuint(r.limb[1] | r.limb[2], ==, 0);
        }
}

static void test_double(void) {
        PiFixed a, before = { { 1, 2, 3 } };

        for (size_t i = 0; i < G_N_ELEMENTS(known_doubles); i++) {
                a = from_hex(known_doubles[i].hex);
                g_assert_cmpfloat(pi_fixed_to_double(&a), ==, known_doubles[i].nearest);
        }

        for (unsigned i = 0; i < ROUNDS; i++) {
                /* The mantissa's last bit is worth at least one ulp. */
                double d = ldexp((double) (random_u64() >> 11), (int) random_below(137) - 160);

                if (random_below(2) > 0)
                        d = -d;
                g_assert_true(pi_fixed_from_double(d, &a));
                g_assert_cmpfloat(pi_fixed_to_double(&a), ==, d);
        }

        const double refused[] = { INFINITY, -INFINITY, NAN, 0x1p31, -0x1p32, 0x1p-161, 0x1.8p-160,
                                   0x1.0000000000001p-110, 0x1p-1074, 0x1.fffffffffffffp1023 };
        a = before;
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
                g_assert_false(pi_fixed_from_double(refused[i], &a));
                assert_fixed_equal(&a, &before);
        }

        g_assert_true(pi_fixed_from_double(-0.0, &a));
        g_assert_true(pi_fixed_is_zero(&a));
        g_assert_true(pi_fixed_from_double(-0x1p-160, &a));
        assert_fixed_hex(&a, "ffffffffffffffffffffffffffffffffffffffffffffffff");
        g_assert_true(pi_fixed_from_double(-1.5, &a));
        assert_fixed_hex(&a, "fffffffe8000000000000000000000000000000000000000");
        g_assert_true(pi_fixed_from_double(0x1.fffffffffffffp30, &a));
        assert_fixed_hex(&a, "7ffffffffffffc0000000000000000000000000000000000");
}

static void test_hex(void) {
        PiFixed a = { { 0x0123456789abcdefu, 0xfedcba9876543210u, 0x00ff00ff00ff00ffu } }, b;
        const char *text = "00ff00ff00ff00fffedcba98765432100123456789abcdef";
        g_autofree char *upper = g_ascii_strup(text, -1);

        assert_fixed_hex(&a, text);
        g_assert_true(pi_fixed_from_hex(text, &b));
        assert_fixed_equal(&a, &b);
        g_assert_true(pi_fixed_from_hex(upper, &b));
        assert_fixed_equal(&a, &b);

        for (unsigned i = 0; i < ROUNDS; i++) {
                random_fixed(&a);
                g_autofree char *hex = pi_fixed_to_hex(&a);

                g_assert_cmpuint(strlen(hex), ==, PI_FIXED_HEX_DIGITS);
                g_assert_true(pi_fixed_from_hex(hex, &b));
                assert_fixed_equal(&a, &b);
        }
}

static void test_hex_refused(void) {
        const char *text = "00ff00ff00ff00fffedcba98765432100123456789abcdef";
        const char *bad = "g/:@`G \t\n+-.x";
        PiFixed before = { { 1, 2, 3 } }, a = before;

        for (size_t n = 0; n < PI_FIXED_HEX_DIGITS; n++) {
                /* A copy of just that size, so that a sanitizer sees a read past its end. */
                g_autofree char *cut = g_strndup(text, n);

                g_assert_false(pi_fixed_from_hex(cut, &a));
        }

        for (size_t n = 0; n < PI_FIXED_HEX_DIGITS; n++)
                for (const char *c = bad; *c; c++) {
                        g_autofree char *wrong = g_strdup(text);

                        wrong[n] = *c;
                        g_assert_false(pi_fixed_from_hex(wrong, &a));
                }

        const char *more[] = { "0", " ", "\n", "g" };
        for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
                g_autofree char *after = g_strconcat(text, more[i], NULL);
                g_autofree char *ahead = g_strconcat(more[i], text, NULL);

                g_assert_false(pi_fixed_from_hex(after, &a));
                g_assert_false(pi_fixed_from_hex(ahead, &a));
        }

        g_assert_false(pi_fixed_from_hex("0x00ff00ff00ff00fffedcba98765432100123456789abcd", &a));
        assert_fixed_equal(&a, &before);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/fixed/int128", test_against_int128);
        g_test_add_func("/series/fixed/add-shifted", test_add_shifted);
        g_test_add_func("/series/fixed/laws", test_laws);
        g_test_add_func("/series/fixed/ratio", test_ratio);
        g_test_add_func("/series/fixed/mul", test_mul);
        g_test_add_func("/series/fixed/double", test_double);
        g_test_add_func("/series/fixed/hex", test_hex);
        g_test_add_func("/series/fixed/hex-refused", test_hex_refused);

        return g_test_run();
}
