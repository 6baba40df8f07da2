/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/part-walk.h"

#include "daemon/series/partition.h"

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

void pi_part_walk_init_at(PiPartWalk *walk, uint64_t terms, uint64_t parts, uint64_t term) {
        pi_part_walk_init(walk, terms, parts, pi_part_of_term(terms, parts, term));
        if (term == pi_part_walk_at(walk))
                return;
        walk->rest = pi_part_walk_next(walk);
        walk->rest.begin = term;
}
