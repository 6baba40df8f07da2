/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/fixed.h"

/* From the seed of the test run, which GLib prints, so that --seed repeats a failure. */
static inline uint64_t random_u64(void) {
        return (uint64_t) (guint32) g_test_rand_int() << 32 | (guint32) g_test_rand_int();
}

/* Uniform, 0 ... limit - 1. */
static inline uint64_t random_below(uint64_t limit) {
        return random_u64() % limit;
}

/* Below 2^bits, each length in bits as likely as the next. */
static inline uint64_t random_magnitude(unsigned bits) {
        return random_u64() >> (64 - 1 - random_below(bits));
}

static inline void random_fixed(PiFixed *ret) {
        for (unsigned i = 0; i < 3; i++)
                ret->limb[i] = random_u64();
        pi_fixed_shift_right(ret, (unsigned) random_below(192));
}

#define assert_fixed_equal(a, b)                                        \
        G_STMT_START {                                                  \
                g_autofree char *_a = pi_fixed_to_hex(a);               \
                g_autofree char *_b = pi_fixed_to_hex(b);               \
                g_assert_cmpstr(_a, ==, _b);                            \
        } G_STMT_END

#define assert_fixed_hex(a, hex)                                        \
        G_STMT_START {                                                  \
                g_autofree char *_a = pi_fixed_to_hex(a);               \
                g_assert_cmpstr(_a, ==, hex);                           \
        } G_STMT_END
