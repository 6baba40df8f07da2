/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"

/* How fast the workers of this node are at its jobs: others may be at these CPUs, too. A job that
 * has just begun is believed to be done as the one before, when that is not long ago. */
typedef struct PiOwnRate {
        const PiKernel *kernel; /* NULL: nothing was measured */
        double per_slot;        /* terms a second */
        uint64_t measured_nsec; /* CLOCK_MONOTONIC */
} PiOwnRate;

/* Terms a second of those that are in the job. `baseline`: of one thread that has its CPU for
 * itself. */
double pi_own_rate(PiOwnRate *own, const PiJob *job, double baseline, uint64_t now_nsec);
