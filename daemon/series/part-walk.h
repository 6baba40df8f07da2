/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "daemon/series/range.h"

/* The parts of a run, one after the other. Gives what pi_part_range() gives, without its two
 * divisions of 128 bits, which would take as long as summing a small part does. Inline for the same
 * reason. */
typedef struct PiPartWalk {
        uint64_t terms;
        uint64_t parts;
        uint64_t part;      /* the next one */
        uint64_t group;     /* where it begins: floor(part * groups / parts) */
        uint64_t remainder; /* part * groups mod parts */
        uint64_t step;      /* floor(groups / parts) */
        uint64_t fraction;  /* groups mod parts */
        PiRange rest;       /* of the part before the next, not taken yet */
} PiPartWalk;

/* The first part that pi_part_walk_next() gives is `part` < parts. */
void pi_part_walk_init(PiPartWalk *walk, uint64_t terms, uint64_t parts, uint64_t part);

/* The next term it gives is `term` < terms, which may be within a part. */
void pi_part_walk_init_at(PiPartWalk *walk, uint64_t terms, uint64_t parts, uint64_t term);

/* The terms of the next part; not to be called after the last. */
static inline PiRange pi_part_walk_next(PiPartWalk *walk) {
        uint64_t begin = walk->group * PI_GROUP_TERMS;

        walk->group += walk->step;
        walk->remainder += walk->fraction;
        if (walk->remainder >= walk->parts) {
                walk->remainder -= walk->parts;
                walk->group++;
        }
        /* The last part has the terms that fill no group. */
        if (++walk->part == walk->parts)
                return (PiRange) { begin, walk->terms };
        return (PiRange) { begin, walk->group * PI_GROUP_TERMS };
}

/* The same, but only up to term `limit`, which is past the terms taken so far and a multiple of
 * PI_GROUP_TERMS: a part across it comes in pieces. */
static inline PiRange pi_part_walk_take(PiPartWalk *walk, uint64_t limit) {
        PiRange piece = walk->rest;

        if (piece.begin == piece.end)
                piece = pi_part_walk_next(walk);
        walk->rest.end = piece.end;
        piece.end = MIN(piece.end, limit);
        walk->rest.begin = piece.end;
        return piece;
}

/* Takes whole parts while they end by group `limit`, at most n_max of them, none from part `end` on
 * and not the last of all. `limit` is at most 2^32 groups ahead; some part must be left. Returns
 * how many, and their groups. */
static inline uint32_t pi_part_walk_take_whole(PiPartWalk *walk, uint64_t limit, uint64_t end,
                                               uint32_t *ret_groups, uint32_t n_max) {
        PiPartWalk at = *walk; /* in registers */
        uint32_t n = 0;

        end = MIN(end, at.parts - 1);
        if (at.rest.begin < at.rest.end)
                return 0;
        while (n < n_max && at.part < end) {
                bool carry = at.remainder >= at.parts - at.fraction;
                uint64_t groups = at.step + carry;

                if (at.group + groups > limit)
                        break;
                at.group += groups;
                at.remainder += at.fraction - (carry ? at.parts : 0);
                at.part++;
                ret_groups[n++] = (uint32_t) groups;
        }
        at.rest.begin = at.rest.end = at.group * PI_GROUP_TERMS;
        *walk = at;
        return n;
}

/* Whether all parts before `end` are taken. */
static inline bool pi_part_walk_done(const PiPartWalk *walk, uint64_t end) {
        return walk->part >= end && walk->rest.begin == walk->rest.end;
}

/* The next term. */
static inline uint64_t pi_part_walk_at(const PiPartWalk *walk) {
        return walk->rest.begin;
}
