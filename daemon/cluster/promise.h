/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"

/* Somebody has asked for something, and is told once how it ended: in the main loop, never within
 * the call. */
typedef struct PiPromise PiPromise;

PiPromise *pi_promise_new(PiCluster *cluster, PiClusterDone done, gpointer userdata);
/* With a text, which may be NULL, or with an error, which it takes over. Ends the promise. */
void pi_promise_answer(PiPromise *promise, const char *text, GError *error);
/* For the end of the cluster: who has not been told is told now. */
void pi_promises_end(PiCluster *cluster);
