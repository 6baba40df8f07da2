/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Job numbers, handed out from blocks that the database was told of before: a service that is
 * killed leaves the rest of a block unused, and none is given twice. Without a block they come
 * from the clock in microseconds, which is far above any that were counted. */
#define PI_IDS_BLOCK 1000

typedef struct PiIds {
        uint64_t next;  /* none from here on was given */
        uint64_t end;   /* those below are reserved */
        uint64_t asked; /* the database has been asked to reserve those below */
} PiIds;

/* A number. *ret_from: not 0 when another block should be reserved, from that number on. */
uint64_t pi_ids_take(PiIds *ids, uint64_t now_usec, uint64_t *ret_from);

/* A block was reserved. */
void pi_ids_add(PiIds *ids, uint64_t from, uint64_t to);
