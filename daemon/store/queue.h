/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/request.h"

/* Requests in the order they came, with no more of them than needed: what a newer one of the same
 * job replaces is not written at all. Knows nothing of threads. */
typedef struct PiQueue PiQueue;

PiQueue *pi_queue_new(void);
void pi_queue_free(PiQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiQueue, pi_queue_free)

/* Takes a request over. Returns how many changes were given up because there are more than
 * PI_STORE_QUEUE_MAX: finished jobs, then calibrations, the oldest first. */
unsigned pi_queue_push(PiQueue *queue, PiRequest *request);

/* All up to the `max_changes`th change, as a list. */
PiRequest *pi_queue_take(PiQueue *queue, unsigned max_changes);

/* Puts a list back in front; what has been replaced since is freed. Returns as pi_queue_push(). */
unsigned pi_queue_put_back(PiQueue *queue, PiRequest *first);

/* While nothing can be written: the asks, and for each change with somebody to be told an answer
 * with this error, as a list. An ask about jobs gets those of the changes before it that it would
 * find, had they been written. */
PiRequest *pi_queue_take_waiting(PiQueue *queue, const GError *error);
bool pi_queue_has_waiting(const PiQueue *queue);

/* The oldest, NULL for none. */
const PiRequest *pi_queue_first(const PiQueue *queue);
bool pi_queue_has_urgent(const PiQueue *queue);
unsigned pi_queue_changes(const PiQueue *queue);
