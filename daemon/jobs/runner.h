/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/work/pool.h"

/* Runs one job on the pool: leases out, failed ones again to other workers, the whole verified. */

typedef struct PiRunnerHooks {
        /* A lease failed verification and goes out again, or was the last straw. */
        void (*lease_failed)(PiJob *job, uint32_t lease, gpointer userdata);
        /* No worker is in the job any more. Either job->error says why it did not end well, or the
         * task is complete and verified. */
        void (*done)(PiJob *job, gpointer userdata);
        gpointer userdata;
} PiRunnerHooks;

/* Puts a task into the job and starts it on job->spec.cpus idle workers. `hooks` must stay until
 * done. */
void pi_runner_start(PiPool *pool, PiJob *job, const PiRunnerHooks *hooks);

/* Makes a running job end with `error`, which it takes over; done comes within a stretch. The first
 * error stays. */
void pi_runner_stop(PiJob *job, GError *error);
