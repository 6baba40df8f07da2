/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/partition.h"

#include <glib.h>

typedef unsigned __int128 Wide;

uint64_t pi_parts_max(uint64_t terms) {
        return MAX(terms / PI_GROUP_TERMS, 1);
}

/* The first term of a part; for part == parts, the end. */
static uint64_t part_begin(uint64_t terms, uint64_t parts, uint64_t part) {
        uint64_t groups = terms / PI_GROUP_TERMS;

        if (part == parts)
                return terms;

        /* The product reaches 1.6e30 and needs 101 bits. */
        return (uint64_t) ((Wide) part * groups / parts) * PI_GROUP_TERMS;
}

PiRange pi_parts_range(uint64_t terms, uint64_t parts, uint64_t first_part, uint64_t n_parts) {
        g_assert(terms > 0 && terms <= PI_TERMS_MAX);
        g_assert(parts > 0 && parts <= pi_parts_max(terms));
        g_assert(first_part <= parts && n_parts <= parts - first_part);

        return (PiRange) {
                .begin = part_begin(terms, parts, first_part),
                .end = part_begin(terms, parts, first_part + n_parts),
        };
}

PiRange pi_part_range(uint64_t terms, uint64_t parts, uint64_t part) {
        g_assert(part < parts);

        return pi_parts_range(terms, parts, part, 1);
}

uint64_t pi_part_of_term(uint64_t terms, uint64_t parts, uint64_t term) {
        uint64_t groups = terms / PI_GROUP_TERMS, group = term / PI_GROUP_TERMS;

        g_assert(terms <= PI_TERMS_MAX && term < terms);
        g_assert(parts > 0 && parts <= pi_parts_max(terms));

        if (group >= groups)
                return parts - 1;

        /* The largest k with floor(k * groups / parts) <= group, that is k * groups < (group +
         * 1) * parts. */
        return (uint64_t) (((Wide) (group + 1) * parts - 1) / groups);
}
