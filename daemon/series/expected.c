/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sum of the first n terms is pi/4 - T(n), with the tail
 *         T(n) = (-1)^n (x/2) (1 - y + 5y^2 - 61y^3 + 1385y^4 - ...),    x = 1/(2n), y = x^2,
 * whose coefficients are the Euler numbers. Cut after five of them it is off by less than the
 * sixth term, (50521/2) x^11. docs/numerics.md proves this and every bound below. */
#include "daemon/series/expected.h"

#include <pthread.h>

#include "daemon/series/sum.h"

/* From here on five Euler terms give 1e-31; below, the terms are added one by one. */
#define DIRECT_TERMS 1000

/* From here on what is cut is below half an ulp: 25261 / 2^176. */
#define EXACT_TAIL_TERMS (UINT64_C(1) << 15)

/* floor(2^160 pi/4 + 1/2) */
const PiFixed pi_quarter = { {
        UINT64_C(0x80dc1cd129024e09), UINT64_C(0x2168c234c4c6628b), UINT64_C(0x00000000c90fdaa2)
} };

/* Sums of the first k terms, one division a term: shares nothing with the table of the head groups,
 * which it referees. Made once, on first use, then constant. */
static PiFixed direct[DIRECT_TERMS + 1];

static void build_direct(void) {
        for (uint64_t i = 0; i < DIRECT_TERMS; i++) {
                PiFixed t;

                pi_fixed_ratio(1, 2 * i + 1, &t);
                if (i % 2 == 1)
                        pi_fixed_neg(&t);
                direct[i + 1] = direct[i];
                pi_fixed_add(&direct[i + 1], &t);
        }
}

/* How many of the five terms of T(n) are worth computing: those left out are below 0.39 ulp. */
static unsigned tail_terms(uint64_t n) {
        static const struct {
                uint64_t from;
                unsigned terms;
        } needed[] = {
                { UINT64_C(1) << 33, 2 },
                { UINT64_C(1) << 23, 3 },
                { UINT64_C(1) << 18, 4 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
                if (n >= needed[i].from)
                        return needed[i].terms;
        return 5;
}

/* T(n), n >= DIRECT_TERMS, within 2 ulp and the first Euler term left out. */
static void tail(uint64_t n, PiFixed *ret) {
        static const uint32_t euler[] = { 1, 1, 5, 61, 1385 };
        unsigned m = tail_terms(n) - 1;
        PiFixed x, y, p;

        pi_fixed_ratio(1, 2 * n, &x);
        pi_fixed_mul(&x, &x, &y);

        /* Horner's rule with alternating signs: p = E - y p, the first time with a whole p. */
        p = y;
        pi_fixed_mul_u32(&p, euler[m]);
        while (true) {
                pi_fixed_neg(&p);
                pi_fixed_add_shifted(&p, euler[--m], PI_FIXED_FRACTION_BITS);
                if (m == 0)
                        break;
                pi_fixed_mul(&p, &y, &p);
        }

        pi_fixed_mul(&p, &x, &p);
        pi_fixed_shift_right(&p, 1);
        if (n % 2 == 1)
                pi_fixed_neg(&p);
        *ret = p;
}

void pi_expected_prefix(uint64_t n, PiFixed *ret) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        PiFixed t;

        if (n < DIRECT_TERMS) {
                pthread_once(&once, build_direct);
                *ret = direct[n];
                return;
        }

        tail(n, &t);
        *ret = pi_quarter;
        pi_fixed_sub(ret, &t);
}

void pi_expected_sum(PiRange range, PiFixed *ret) {
        PiFixed before;

        g_assert(range.begin <= range.end && range.end <= PI_TERMS_MAX);

        pi_expected_prefix(range.begin, &before);
        pi_expected_prefix(range.end, ret);
        pi_fixed_sub(ret, &before);
}

/* *a *= factor for a >= 0 and 0 <= factor <= 1, rounded up. */
static void mul_up(PiFixed *a, const PiFixed *factor) {
        pi_fixed_mul(a, factor, a);
        pi_fixed_add_shifted(a, 1, 0);
}

/* *bound += a bound on the error of pi_expected_prefix(). */
static void add_prefix_bound(uint64_t n, PiFixed *bound) {
        PiFixed x, y, term;

        /* Half an ulp for each term but the first, which is 1. */
        if (n < DIRECT_TERMS) {
                pi_fixed_add_shifted(bound, n / 2, 0);
                return;
        }

        /* 2 of the tail, 1/2 of pi/4 and up to 1/2 of what is cut. */
        pi_fixed_add_shifted(bound, 3, 0);
        if (n >= EXACT_TAIL_TERMS)
                return;

        pi_fixed_ratio(1, 2 * n, &x);
        pi_fixed_add_shifted(&x, 1, 0);
        y = x;
        mul_up(&y, &x);

        /* (50521/2) x^11, rounded up. */
        term = x;
        pi_fixed_mul_u32(&term, 25261);
        for (unsigned i = 0; i < 5; i++)
                mul_up(&term, &y);
        pi_fixed_add(bound, &term);
}

void pi_expected_uncertainty(PiRange range, PiFixed *ret) {
        PiFixed bound = PI_FIXED_ZERO;

        g_assert(range.begin <= range.end && range.end <= PI_TERMS_MAX);

        add_prefix_bound(range.begin, &bound);
        add_prefix_bound(range.end, &bound);
        *ret = bound;
}

/* *bound += what body groups first <= g < end can be off by. */
static void add_body_bound(uint64_t first, uint64_t end, PiFixed *bound) {
        while (first < end) {
                unsigned octave = 63 - (unsigned) __builtin_clzll(first);
                uint64_t octave_end = MIN(end, UINT64_C(2) << octave);

                pi_fixed_add_shifted(bound, PI_BODY_BOUND(octave_end - first),
                                     PI_FIXED_FRACTION_BITS - PI_OCTAVE_SCALE(octave));
                first = octave_end;
        }
}

/* Bound on |sum - true sum| for exact kernels. */
static void exact_bound(PiRange range, PiFixed *bound) {
        uint64_t first = range.begin / PI_GROUP_TERMS, end = range.end / PI_GROUP_TERMS;

        /* Half an ulp for each of the four divisions of a head group, and for each single term. */
        if (first < PI_HEAD_GROUPS) {
                uint64_t head_end = MIN(end, PI_HEAD_GROUPS);

                pi_fixed_add_shifted(bound, 2 * (head_end - first), 0);
                first = head_end;
        }
        pi_fixed_add_shifted(bound, (range.end % PI_GROUP_TERMS + 1) / 2, 0);

        if (first < end)
                add_body_bound(first, end, bound);
}

/* Bound on |sum - true sum| for n terms added one after the other in double: k n 2^-53 / (2
 * begin + 1). */
static void reference_bound(PiRange range, PiFixed *bound) {
        uint64_t n = range.end - range.begin;
        PiFixed relative = PI_FIXED_ZERO;
        uint32_t k_16ths;

        if (n == 0)
                return;

        /* Two roundings a term; three where 2i+1 itself is rounded. They grow by (1 + 2^-53)^n. */
        k_16ths = range.end <= UINT64_C(1) << 52 ? 33 : 49;
        if (n > UINT64_C(1) << 45)
                k_16ths *= 4;

        pi_fixed_add_shifted(&relative, n, PI_FIXED_FRACTION_BITS - 53);
        pi_fixed_ratio(1, 2 * range.begin + 1, bound);
        pi_fixed_add_shifted(bound, 1, 0);
        pi_fixed_mul(bound, &relative, bound);
        pi_fixed_add_shifted(bound, 1, 0);
        pi_fixed_mul_u32(bound, k_16ths);
        pi_fixed_shift_right(bound, 4);
        pi_fixed_add_shifted(bound, 1, 0);
}

void pi_tolerance(const PiKernel *kernel, PiRange range, PiFixed *ret) {
        PiFixed bound = PI_FIXED_ZERO, slack;

        g_assert(range.begin <= range.end && range.end <= PI_TERMS_MAX);

        if (kernel->exact)
                exact_bound(range, &bound);
        else
                reference_bound(range, &bound);

        pi_expected_uncertainty(range, &slack);
        pi_fixed_add(&bound, &slack);
        *ret = bound;
}

bool pi_is_within(const PiFixed *residual, const PiFixed *tolerance) {
        PiFixed limit = *tolerance;

        if (pi_fixed_cmp(residual, &limit) > 0)
                return false;
        pi_fixed_neg(&limit);
        return pi_fixed_cmp(residual, &limit) >= 0;
}

bool pi_verify_within(PiRange range, const PiFixed *sum, const PiFixed *tolerance,
                      PiFixed *ret_residual) {
        PiFixed expected, residual = *sum;

        pi_expected_sum(range, &expected);
        pi_fixed_sub(&residual, &expected);
        if (ret_residual)
                *ret_residual = residual;
        return pi_is_within(&residual, tolerance);
}

bool pi_verify(const PiKernel *kernel, PiRange range, const PiFixed *sum, PiFixed *ret_residual) {
        PiFixed tolerance;

        pi_tolerance(kernel, range, &tolerance);
        return pi_verify_within(range, sum, &tolerance, ret_residual);
}
