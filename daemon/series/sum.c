/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/sum.h"

#include <float.h>
#include <pthread.h>

/* Of 128 groups each they fill a block. */
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

/* 2^n for a normal double; ldexp() is a call, and this is done for every part. */
static double power_of_two(unsigned n) {
        union {
                uint64_t bits;
                double value;
        } power = { .bits = (uint64_t) (DBL_MAX_EXP - 1 + n) << (DBL_MANT_DIG - 1) };

        return power.value;
}

/* Adds whole groups first <= g < end, PI_HEAD_GROUPS <= first. */
static void add_body(const PiKernel *kernel, uint64_t first, uint64_t end, PiFixed *sum) {
        while (first < end) {
                unsigned octave = 63 - (unsigned) __builtin_clzll(first);
                unsigned scale = PI_OCTAVE_SCALE(octave);
                double scaled_numerator = power_of_two(3 + scale);
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

/* Pieces of body groups of one octave that follow each other, for kernel->sum_pieces. */
typedef struct Batch {
        uint32_t n_groups[BATCH_PIECES];
        uint32_t n;
        uint64_t first; /* group */
        uint64_t next;
        uint64_t end; /* of the groups that still belong to it */
} Batch;

static void batch_begin(Batch *batch, uint64_t first) {
        uint64_t octave_end = UINT64_C(2) << (63 - __builtin_clzll(first | PI_HEAD_GROUPS));

        batch->n = 0;
        batch->first = batch->next = first;
        batch->end = MIN(octave_end, first + PI_BLOCK_GROUPS);
}

static void batch_sum(const Batch *batch, const PiKernel *kernel, PiFixed *sum) {
        unsigned octave = 63 - (unsigned) __builtin_clzll(batch->first);
        uint64_t sums[BATCH_PIECES], total = 0;

        if (batch->n == 0)
                return;
        kernel->sum_pieces(batch->first, batch->n_groups, batch->n, sums);
        for (uint32_t i = 0; i < batch->n; i++)
                total += sums[i];
        pi_fixed_add_shifted(sum, total, PI_FIXED_FRACTION_BITS - PI_OCTAVE_SCALE(octave));
}

/* Whether the piece can be in a batch at all, and is among the groups of this one. */
static bool batch_add(Batch *batch, PiRange piece) {
        uint64_t end = piece.end / PI_GROUP_TERMS;

        if (batch->n == BATCH_PIECES || end > batch->end || batch->first < PI_HEAD_GROUPS ||
            piece.end % PI_GROUP_TERMS != 0)
                return false;
        batch->n_groups[batch->n++] = (uint32_t) (end - batch->next);
        batch->next = end;
        return true;
}

void pi_sum_parts(const PiKernel *kernel, PiPartWalk *walk, uint64_t limit, uint64_t end,
                  PiFixed *ret) {
        PiPartWalk at = *walk; /* in registers */
        PiFixed sum = PI_FIXED_ZERO;
        Batch batch;

        batch_begin(&batch, pi_part_walk_at(&at) / PI_GROUP_TERMS);
        while (pi_part_walk_at(&at) < limit && !pi_part_walk_done(&at, end)) {
                PiRange piece = pi_part_walk_take(&at, limit);
                PiFixed single;

                if (kernel->sum_pieces && batch_add(&batch, piece))
                        continue;
                batch_sum(&batch, kernel, &sum);
                batch_begin(&batch, piece.begin / PI_GROUP_TERMS);
                if (kernel->sum_pieces && batch_add(&batch, piece))
                        continue;
                pi_sum_range(kernel, piece, &single);
                pi_fixed_add(&sum, &single);
                batch_begin(&batch, piece.end / PI_GROUP_TERMS);
        }
        batch_sum(&batch, kernel, &sum);
        *walk = at;
        *ret = sum;
}
