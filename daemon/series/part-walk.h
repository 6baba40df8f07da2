/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/range.h"

/* The parts of a run, one after the other. Gives what pi_part_range() gives, without its two
 * divisions of 128 bits, which would take as long as summing a small part does. */
typedef struct PiPartWalk {
        uint64_t terms;
        uint64_t parts;
        uint64_t part;      /* the next one */
        uint64_t group;     /* where it begins: floor(part * groups / parts) */
        uint64_t remainder; /* part * groups mod parts */
        uint64_t step;      /* floor(groups / parts) */
        uint64_t fraction;  /* groups mod parts */
} PiPartWalk;

/* The first part that pi_part_walk_next() gives is `part` < parts. */
void pi_part_walk_init(PiPartWalk *walk, uint64_t terms, uint64_t parts, uint64_t part);

/* The terms of the next part; not to be called after the last. */
PiRange pi_part_walk_next(PiPartWalk *walk);
