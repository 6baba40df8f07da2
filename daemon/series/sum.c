/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/sum.h"

#include <pthread.h>

/* Of 128 groups each, they fill a block. */
#define BATCH_PIECES 64

/* Sums of the first k head groups. Made once, on first use, then constant. */
static PiFixed head[PI_HEAD_GROUPS + 1];

static void build_head(void) {
        PiFixed sum = PI_FIXED_ZERO;

        for (uint64_t g = 0; g < PI_HEAD_GROUPS; g++) {
                uint64_t d = 2 * PI_GROUP_TERMS * g + 1;

                /* 1/d - 1/(d+2) = 2/(d(d+2)) */
                for (unsigned pair = 0; pair < PI_GROUP_TERMS / 2; pair++, d += 4) {
                        PiFixed t;

                        pi_fixed_ratio(2, d * (d + 2), &t);
                        pi_fixed_add(&sum, &t);
                }
                head[g + 1] = sum;
        }
}

static void add_head(uint64_t first, uint64_t end, PiFixed *sum) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, build_head);
        pi_fixed_add(sum, &head[end]);
        pi_fixed_sub(sum, &head[first]);
}

/* Adds whole groups first <= g < end, PI_HEAD_GROUPS <= first. */
static void add_body(const PiKernel *kernel, uint64_t first, uint64_t end, PiFixed *sum) {
        while (first < end) {
                unsigned octave = 63 - (unsigned) __builtin_clzll(first);
                unsigned scale = PI_OCTAVE_SCALE(octave);
                double scaled_numerator = pi_power_of_two(3 + (int) scale);
                uint64_t octave_end = MIN(end, UINT64_C(2) << octave);

                while (first < octave_end) {
                        uint32_t n = (uint32_t) MIN(octave_end - first, PI_BLOCK_GROUPS);

                        pi_fixed_add_shifted(sum, kernel->sum_groups(first, n, scaled_numerator),
                                             PI_FIXED_FRACTION_BITS - scale);
                        first += n;
                }
        }
}

/* Adds single terms. */
static void add_terms(uint64_t begin, uint64_t end, PiFixed *sum) {
        for (uint64_t i = begin; i < end; i++) {
                PiFixed t;

                pi_fixed_ratio(1, 2 * i + 1, &t);
                if (i % 2 == 0)
                        pi_fixed_add(sum, &t);
                else
                        pi_fixed_sub(sum, &t);
        }
}

void pi_sum_range(const PiKernel *kernel, PiRange range, PiFixed *ret) {
        uint64_t first = range.begin / PI_GROUP_TERMS, end = range.end / PI_GROUP_TERMS;
        PiFixed sum = PI_FIXED_ZERO;

        g_assert(range.begin <= range.end && range.end <= PI_TERMS_MAX);

        if (kernel->sum_terms) {
                kernel->sum_terms(range, ret);
                return;
        }

        g_assert(range.begin % PI_GROUP_TERMS == 0);

        if (first < PI_HEAD_GROUPS) {
                uint64_t head_end = MIN(end, PI_HEAD_GROUPS);

                add_head(first, head_end, &sum);
                first = head_end;
        }

        add_body(kernel, first, end, &sum);
        add_terms(end * PI_GROUP_TERMS, range.end, &sum);

        *ret = sum;
}

/* As many whole parts of body groups as go into a call of kernel->sum_pieces; FALSE for none. */
static bool add_batch(const PiKernel *kernel, PiPartWalk *walk, uint64_t limit, uint64_t end,
                      PiFixed *sum) {
        uint64_t first = pi_part_walk_at(walk) / PI_GROUP_TERMS, total = 0;
        uint32_t n_groups[BATCH_PIECES], n;
        uint64_t sums[BATCH_PIECES];
        unsigned octave;

        if (!kernel->sum_pieces || first < PI_HEAD_GROUPS)
                return false;
        octave = 63 - (unsigned) __builtin_clzll(first);
        limit = MIN(limit / PI_GROUP_TERMS, UINT64_C(2) << octave);
        n = pi_part_walk_take_whole(walk, MIN(limit, first + PI_BLOCK_GROUPS), end, n_groups,
                                    BATCH_PIECES);
        if (n == 0)
                return false;
        kernel->sum_pieces(first, n_groups, n, sums);
        for (uint32_t i = 0; i < n; i++)
                total += sums[i];
        pi_fixed_add_shifted(sum, total, PI_FIXED_FRACTION_BITS - PI_OCTAVE_SCALE(octave));
        return true;
}

void pi_sum_parts(const PiKernel *kernel, PiPartWalk *walk, uint64_t limit, uint64_t end,
                  PiFixed *ret) {
        PiFixed sum = PI_FIXED_ZERO, piece;

        while (pi_part_walk_at(walk) < limit && !pi_part_walk_done(walk, end)) {
                if (add_batch(kernel, walk, limit, end, &sum))
                        continue;
                pi_sum_range(kernel, pi_part_walk_take(walk, limit), &piece);
                pi_fixed_add(&sum, &piece);
        }
        *ret = sum;
}
