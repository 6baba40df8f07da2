/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/jobs.h"
#include "daemon/jobs/peers.h"

/* Leases of another node's job, run here: scheduled beside the node's own jobs, with the leases of
 * each other node counted as those of one user. */
typedef struct PiGuest PiGuest;

#define PI_GUESTS_MAX 256

/* `node`: id of the coordinator. `answered` is called exactly once, from the main loop. Errors:
 * PI_ERROR_INVALID_OPTION for an order that is no run of leases of such a job, or names a kernel
 * this CPU lacks; PI_ERROR_QUEUE_FULL; PI_ERROR_SHUTTING_DOWN. */
PiGuest *pi_guest_run(PiJobs *jobs, const char *node, const PiLeaseOrder *order,
                      PiLeaseAnswered answered, gpointer userdata, GError **error);

/* Makes it end with PI_ERROR_CANCELLED, which is its answer. */
void pi_guest_cancel(PiGuest *guest);
