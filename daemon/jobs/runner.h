/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/work/pool.h"

/* Runs one job on the pool: leases out, failed ones again to other CPUs, the whole verified. */

typedef struct PiRunnerHooks {
        /* No worker is in the job any more. Either job->error says why it did not end well, or the
         * task is complete and verified. */
        void (*done)(PiJob *job, gpointer userdata);
        /* The same, but there is work left, and pi_runner_leave() asked for it. */
        void (*left)(PiJob *job, gpointer userdata);
        gpointer userdata;
} PiRunnerHooks;

/* Puts a task into the job, unless it has one that it goes on with, and starts it on `slots` idle
 * workers; with none it waits for what members answer. `hooks` must stay until done. */
void pi_runner_start(PiPool *pool, PiJob *job, uint32_t slots, const PiRunnerHooks *hooks);

/* To be called when there is more to do in a running job for the workers of this node than there
 * was, or when it is complete: leases came back, or others had the last of them. */
void pi_runner_poke(PiJob *job);

/* Gives a running job idle workers up to `slots` of them, as far as they have something to do. */
void pi_runner_grow(PiJob *job, uint32_t slots);

/* Has workers of this node leave a running job that has no slots of its own: members have it. */
void pi_runner_stand_back(PiJob *job);

/* Makes a running job leave its workers within a stretch; what it has summed stays. */
void pi_runner_leave(PiJob *job);

/* Makes a running job end with `error`, which it takes over; done comes within a stretch. The first
 * error stays. */
void pi_runner_stop(PiJob *job, GError *error);

/* Makes a running job end because no core got one of its leases right; PI_VERDICT_NODE or worse. */
void pi_runner_give_up(PiJob *job, uint32_t lease, PiVerdict verdict);
