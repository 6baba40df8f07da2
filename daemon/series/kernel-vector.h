/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vector kernels, once for all instruction sets: a file that includes this has defined
 *         LANES              doubles in a vector
 *         DIVIDED, ITERATED  vectors a turn whose reciprocals are divided and iterated
 *         fused_add(), fused_sub()  a * b + c and c - a * b, rounded once, in each lane
 *
 * Scaled by the octave o, c' = c 2^-(29+o) and w = c'^2 - 61', the quotient of a group is 2/w.
 * Every step to it is that of the contract times a power of two, so it rounds alike.
 *
 * A division keeps the divider of a core busy for several turns of its multipliers, which are idle
 * meanwhile. So only some of the reciprocals 1/w are divided. The others start from a straight
 * line, right to 2^-28, and take two steps of Newton's iteration r += r (1 - w r). The second one
 * rounds to the double nearest 1/w, which is what a division gives: P. Markstein, "Computation of
 * elementary functions on the IBM RISC System/6000 processor", IBM J. Res. Dev. 34 (1990).
 * docs/numerics.md proves it for these w. */
#pragma once

#include <string.h>

#include "daemon/series/kernel.h"

typedef double Doubles __attribute__((vector_size(8 * LANES)));
typedef uint64_t Integers __attribute__((vector_size(8 * LANES)));

#define TURN (DIVIDED + ITERATED)
#define TURN_GROUPS (TURN * LANES)

/* A line is right to 2^-28 over 2^(o-14) groups of octave o. In octaves where that is not many,
 * every reciprocal is divided. */
#define LINE_OCTAVE 14
#define LINE_GROUPS_MIN 256

/* From this octave on c is above 2^30, half of the last place of c^2 is more than 61, and the
 * subtraction changes nothing. */
#define FAR_OCTAVE 26

/* Added to a reciprocal, leaves twice its value, rounded to an integer, in the low bits. */
#define HALF_QUANTISER (PI_QUANTISER / 2)
#define HALF_QUANTISER_BITS (PI_QUANTISER_BITS - (UINT64_C(1) << 52))

/* Where a run of groups begins, and how far it is to the next group. */
typedef struct Place {
        double c;      /* c' */
        double c_step; /* 16' */
        double r;      /* the line */
        double r_step;
        double shift; /* 61' */
} Place;

static inline Doubles all(double x) {
        return x - (Doubles) {};
}

/* x, x + step, x + 2 step ... */
static inline Doubles lanes(double x, double step) {
        Doubles index;

        for (unsigned i = 0; i < LANES; i++)
                index[i] = i;
        return all(x) + all(step) * index;
}

static inline uint64_t lanes_sum(Integers v) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < LANES; i++)
                sum += v[i];
        return sum;
}

/* Which of the groups from index `first` of a turn on are among its first n. */
static inline Integers among(unsigned first, uint32_t n) {
        static const uint64_t yes[2 * TURN_GROUPS] = { [0 ... TURN_GROUPS - 1] = UINT64_MAX };
        Integers mask;

        memcpy(&mask, &yes[TURN_GROUPS - n + first], sizeof(mask));
        return mask;
}

static inline Integers quantise(Doubles reciprocal) {
        return (Integers) (reciprocal + all(HALF_QUANTISER));
}

static inline Doubles refine(Doubles r, Doubles w) {
        return fused_add(r, fused_sub(w, r, all(1.0)), r);
}

/* x + i steps of a vector each; adding 0 would be an instruction. */
static inline Doubles ahead(Doubles x, double step, unsigned i) {
        return i == 0 ? x : x + all(i * LANES * step);
}

/* The quantised reciprocals of vector i of a turn that begins at c. The line is at r for the first
 * vector that is iterated. */
static inline Integers reciprocals(const Place *p, Doubles c, Doubles r, unsigned i, bool far,
                                   unsigned divided) {
        Doubles w = ahead(c, p->c_step, i);

        w = far ? w * w : w * w - all(p->shift);
        if (i < divided)
                return quantise(1.0 / w);
        return quantise(refine(refine(ahead(r, p->r_step, i - divided), w), w));
}

/* Sum of the bits of n groups from c on, where the line is at r. Inlined, so that `far` and
 * `divided` are constants. */
static inline __attribute__((always_inline)) uint64_t sum_run(const Place *p, Doubles c, Doubles r,
                                                              uint32_t n, bool far,
                                                              unsigned divided) {
        Integers sum = {};
        uint32_t left;

        r += all(divided * LANES * p->r_step);
        for (left = n; left >= TURN_GROUPS; left -= TURN_GROUPS) {
#pragma GCC unroll 16
                for (unsigned i = 0; i < TURN; i++)
                        sum += reciprocals(p, c, r, i, far, divided);
                c += all(TURN_GROUPS * p->c_step);
                r += all(TURN_GROUPS * p->r_step);
        }
        if (left > 0) {
#pragma GCC unroll 16
                for (unsigned i = 0; i < TURN; i++)
                        sum += reciprocals(p, c, r, i, far, divided) & among(i * LANES, left);
        }
        return lanes_sum(sum);
}

/* Draws the line nearest to 1/w over the next n groups. From the middle m, with x = (c' - m) / m
 * and |x| <= h, m^2 / c'^2 = 1 - 2x + 3x^2 - ..., and the line is 1 - 2x + 3h^2/2. */
static Doubles draw_line(Place *p, double c, uint32_t n) {
        double reach = 0.5 * n * p->c_step, m_inverse = 1 / (c + reach);
        double h = reach * m_inverse, top = m_inverse * m_inverse;

        p->r_step = -2 * p->c_step * m_inverse * top;
        return lanes(top * (1 + 2 * h + 1.5 * h * h), p->r_step);
}

static inline __attribute__((always_inline)) void sum_all(Place *p, const uint32_t *n_groups,
                                                          uint32_t n, uint32_t line_groups,
                                                          bool far, unsigned divided,
                                                          uint64_t *ret) {
        Doubles c = lanes(p->c, p->c_step), r = {};
        uint32_t line_left = 0;

        for (uint32_t i = 0; i < n; i++) {
                uint64_t sum = -(uint64_t) n_groups[i] * HALF_QUANTISER_BITS;

                for (uint32_t left = n_groups[i], run; left > 0; left -= run, line_left -= run) {
                        Doubles c_run = c, r_run;

                        if (line_left == 0) {
                                line_left = line_groups;
                                r = draw_line(p, c[0], line_left);
                        }
                        run = MIN(left, line_left);
                        /* Before the run, so that the next one need not wait for its own start. */
                        r_run = r;
                        c += all(run * p->c_step);
                        r += all(run * p->r_step);
                        sum += sum_run(p, c_run, r_run, run, far, divided);
                }
                ret[i] = sum;
        }
}

static void sum_pieces(uint64_t first_group, const uint32_t *n_groups, uint32_t n, uint64_t *ret) {
        unsigned octave = 63 - (unsigned) __builtin_clzll(first_group);
        uint32_t line_groups = UINT32_C(1) << MIN(octave - LINE_OCTAVE, 13);
        double scale = pi_power_of_two(-29 - (int) octave);
        Place p = {
                .c = (double) (int64_t) (16 * first_group + 8) * scale,
                .c_step = 16 * scale,
                .shift = 61 * scale * scale,
        };

        if (octave >= FAR_OCTAVE)
                sum_all(&p, n_groups, n, line_groups, true, DIVIDED, ret);
        else if (line_groups >= LINE_GROUPS_MIN)
                sum_all(&p, n_groups, n, line_groups, false, DIVIDED, ret);
        else
                sum_all(&p, n_groups, n, PI_BLOCK_GROUPS, false, TURN, ret);
}

static uint64_t sum_groups(uint64_t first_group, uint32_t n_groups, double scaled_numerator) {
        uint64_t sum;

        /* The octave of the first group says the same. */
        (void) scaled_numerator;
        sum_pieces(first_group, &n_groups, 1, &sum);
        return sum;
}
