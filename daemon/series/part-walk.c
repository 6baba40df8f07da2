/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/part-walk.h"

#include <glib.h>

void pi_part_walk_init(PiPartWalk *walk, uint64_t terms, uint64_t parts, uint64_t part) {
        uint64_t groups = terms / PI_GROUP_TERMS;
        unsigned __int128 product = (unsigned __int128) part * groups;

        *walk = (PiPartWalk) {
                .terms = terms,
                .parts = parts,
                .part = part,
                .group = (uint64_t) (product / parts),
                .remainder = (uint64_t) (product % parts),
                .step = groups / parts,
                .fraction = groups % parts,
        };
        walk->rest.begin = walk->rest.end = walk->group * PI_GROUP_TERMS;
}

PiRange pi_part_walk_next(PiPartWalk *walk) {
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

PiRange pi_part_walk_take(PiPartWalk *walk, uint64_t limit) {
        PiRange piece = walk->rest;

        if (piece.begin == piece.end)
                piece = pi_part_walk_next(walk);
        walk->rest.end = piece.end;
        piece.end = MIN(piece.end, limit);
        walk->rest.begin = piece.end;
        return piece;
}
