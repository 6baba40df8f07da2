/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"

typedef void (*PiDeadlinePassed)(PiJob *job, GError *error, gpointer userdata);

/* Has `passed` called when the job, which must not have ended, has had its time: `usec` from now
 * on. The error, which says what to do, is the callee's. The source is job->deadline. */
void pi_deadline_arm(PiJob *job, uint64_t usec, PiDeadlinePassed passed, gpointer userdata);
