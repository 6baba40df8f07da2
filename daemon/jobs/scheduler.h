/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/settings/settings.h"
#include "daemon/work/pool.h"

/* Decides which jobs have the CPU slots. The next one is, in this order:
 *
 * - that of the highest priority;
 * - that of the user who has had the least CPU time lately;
 * - of a user's jobs one whose caller waits;
 * - the oldest.
 *
 * A job that does not fit holds those behind it back, or a large one would wait for ever behind
 * small ones. A running job makes room for one of a higher priority, or for one of its user whose
 * caller waits; and for another user's once it has had its time slice and its user had more CPU
 * time. It goes back into the queue and later goes on where it was.
 *
 * For the main thread. */
typedef struct PiScheduler PiScheduler;

typedef struct PiSchedulerHooks {
        void (*started)(PiJob *job, gpointer userdata);   /* running, perhaps again */
        void (*preempted)(PiJob *job, gpointer userdata); /* queued again */
        /* It has left its workers because pi_scheduler_stop() asked for it; not queued any more. */
        void (*suspended)(PiJob *job, gpointer userdata);
        /* It has left its workers for good; see PiRunnerHooks. */
        void (*done)(PiJob *job, gpointer userdata);
        /* Whether it is still to be found out what was wrong in the job: it then keeps its
         * slots. */
        gboolean (*is_judged)(const PiJob *job, gpointer userdata);
        gpointer userdata;
} PiSchedulerHooks;

/* `pool`, `hooks` and, until it gets others, `settings` must outlive it. */
PiScheduler *pi_scheduler_new(PiPool *pool, const PiSettings *settings,
                              const PiSchedulerHooks *hooks);
void pi_scheduler_free(PiScheduler *scheduler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiScheduler, pi_scheduler_free)

void pi_scheduler_set_settings(PiScheduler *scheduler, const PiSettings *settings);

/* Takes a queued job. It may start at once; `started` is told if not `quietly`. */
void pi_scheduler_add(PiScheduler *scheduler, PiJob *job, gboolean quietly);

/* Takes a job out of the queue. */
void pi_scheduler_remove(PiScheduler *scheduler, PiJob *job);

/* Starts what fits, and asks running jobs to make room. */
void pi_scheduler_admit(PiScheduler *scheduler);

/* Charges users for what their jobs used, and looks whose time slice is over: several times a
 * time slice while jobs run. */
void pi_scheduler_tick(PiScheduler *scheduler);

/* Starts nothing any more; a running job that is told so by pi_scheduler_suspend() leaves its
 * workers within a stretch. */
void pi_scheduler_stop(PiScheduler *scheduler);
void pi_scheduler_suspend(PiScheduler *scheduler, PiJob *job);

/* PiJob. */
const GQueue *pi_scheduler_running(const PiScheduler *scheduler);
const GQueue *pi_scheduler_queued(const PiScheduler *scheduler);
