/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "daemon/jobs/job.h"

#define PI_PENDING_PER_JOB 64

/* Method calls that are answered when a job has ended. */
typedef struct PiPending PiPending;

typedef enum PiPendingKind {
        PI_PENDING_RESULT, /* ComputePi, Wait: answered with how the job ended */
        PI_PENDING_CANCEL, /* Cancel: answered empty, or with AlreadyFinished if it came too late */
} PiPendingKind;

PiPending *pi_pending_new(void);
void pi_pending_free(PiPending *pending);

/* Keeps a reference on the call. Errors: PI_ERROR_QUOTA_EXCEEDED. */
gboolean pi_pending_add(PiPending *pending, sd_bus_message *call, const PiJob *job,
                        PiPendingKind kind, GError **error);

/* Answers all calls that wait for this job, which is finished. */
void pi_pending_answer(PiPending *pending, const PiJob *job);

/* Forgets the calls of a connection that left the bus. */
void pi_pending_drop_sender(PiPending *pending, const char *sender);
