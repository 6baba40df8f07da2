/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/engine/contract.h"
#include "daemon/mpi/world.h"
#include "daemon/series/kernel.h"

/* What rank 0 does besides summing: cuts the ranges that are ordered into chunks, grants them,
 * verifies each sum that comes back, tells it once, and gives to others what a rank has wrong, has
 * left, or is very late with. */
typedef struct PiHead PiHead;

typedef void (*PiHeadTell)(const PiContractLine *line, gpointer userdata);

/* Ranges that may wait to be granted. */
#define PI_HEAD_RANGES_MAX 65536

/* `chunk`: the most terms of a grant, a multiple of a group's; 0: what the first order has, in some
 * thirty chunks for each rank. */
PiHead *pi_head_new(PiWorld *world, const PiKernel *kernel, uint64_t chunk, PiHeadTell tell,
                    gpointer userdata);
void pi_head_free(PiHead *head);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiHead, pi_head_free)

/* More ranges (PiRange). Errors: PI_ERROR_INVALID_OPTION when too many wait. */
gboolean pi_head_order(PiHead *head, const GArray *ranges, GError **error);

/* A message of a rank. */
void pi_head_receive(PiHead *head, uint32_t from, const PiMessage *message);

/* Grants what there is; to be called again and again. */
void pi_head_step(PiHead *head);

/* All ranks are here, there was an order, and all that was ordered is told. */
gboolean pi_head_is_complete(const PiHead *head);

/* Nobody is left to be granted anything. */
gboolean pi_head_is_stuck(const PiHead *head);

/* Tells the end, and all ranks to stop. `what`: why it is not complete, or NULL. */
void pi_head_end(PiHead *head, const char *what);
