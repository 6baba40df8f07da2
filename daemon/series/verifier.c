/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/verifier.h"

#include <math.h>

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"

uint64_t pi_stretch_end(uint64_t begin) {
        uint64_t end = PI_HEAD_GROUPS * PI_GROUP_TERMS;

        if (begin >= PI_STRETCH_MAX)
                return (begin | (PI_STRETCH_MAX - 1)) + 1;
        while (end <= begin)
                end *= 2;
        return end;
}

/* The expected sum of the terms before n. Far out the third and fifth power of x = 1/(2n) in T(n) =
 * (x - x^3 + 5x^5 ...) / 2 come from doubles, in a fifth of the time: it stays within 1/8 of the
 * unit 2^-s of the quotients at n. */
static void border_sum(uint64_t n, PiFixed *ret) {
        int s = PI_OCTAVE_SCALE(63 - __builtin_clzll(n / PI_GROUP_TERMS | 1));
        double x = 0.5 / (double) n, powers = x * x * x * (1 - 5 * x * x) / 2;
        PiFixed tail;

        if (n < PI_STRETCH_MAX) {
                pi_expected_prefix(n, ret);
                return;
        }
        pi_fixed_ratio(1, 4 * n, &tail);
        pi_fixed_neg(&tail);
        pi_fixed_add_shifted(&tail, (uint64_t) ldexp(powers, s + 4),
                             (unsigned) (PI_FIXED_FRACTION_BITS - s - 4));
        if (n % 2 == 1)
                pi_fixed_neg(&tail);
        *ret = pi_quarter;
        pi_fixed_add(ret, &tail);
}

/* pi_tolerance() and a unit for the borders; for the stretches of large sums in a short way, by the
 * unit of the octave that the range begins in, which is the largest. */
static void border_tolerance(const PiKernel *kernel, PiRange range, PiFixed *ret) {
        uint64_t first = range.begin / PI_GROUP_TERMS, end = range.end / PI_GROUP_TERMS;
        unsigned octave = 63 - (unsigned) __builtin_clzll(MAX(first, PI_HEAD_GROUPS));
        unsigned shift = PI_FIXED_FRACTION_BITS - PI_OCTAVE_SCALE(octave);

        if (kernel->exact && range.begin >= PI_STRETCH_MAX) {
                /* The second unit is for the expected value and single terms: 10 ulp at most. */
                *ret = PI_FIXED_ZERO;
                pi_fixed_add_shifted(ret, PI_BODY_BOUND(end - first) + 2, shift);
                return;
        }
        pi_tolerance(kernel, range, ret);
        if (range.end >= PI_STRETCH_MAX)
                pi_fixed_add_shifted(ret, 1, shift);
}

void pi_verifier_init(PiVerifier *v, uint64_t term) {
        v->term = term;
        border_sum(term, &v->prefix);
}

bool pi_verifier_next(PiVerifier *v, const PiKernel *kernel, uint64_t end, const PiFixed *sum,
                      PiFixed *ret_tolerance, PiFixed *ret_residual) {
        PiFixed prefix, tolerance, residual = *sum;

        border_sum(end, &prefix);
        border_tolerance(kernel, (PiRange) { v->term, end }, &tolerance);
        pi_fixed_add(&residual, &v->prefix);
        pi_fixed_sub(&residual, &prefix);
        if (ret_tolerance)
                *ret_tolerance = tolerance;
        if (ret_residual)
                *ret_residual = residual;
        if (!pi_is_within(&residual, &tolerance))
                return false;
        *v = (PiVerifier) { end, prefix };
        return true;
}
