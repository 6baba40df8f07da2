/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/job.h"
#include "daemon/work/pool.h"

#define PI_JOBS_FINISHED_KEPT 1000
#define PI_JOBS_LEASES_KEPT 32 /* finished jobs that can still tell which part ran where */
#define PI_HISTORY_MAX 1000

/* All jobs of the node: takes them in, queues them, gives them CPU slots first come first served,
 * ends them, and keeps the last finished ones. For the main thread. */
typedef struct PiJobs PiJobs;

/* Told of every change. A job is valid from added to removed. */
typedef struct PiJobsListener {
        void (*added)(PiJob *job, gpointer userdata); /* queued, or running already */
        void (*state_changed)(PiJob *job, gpointer userdata);
        void (*progressed)(PiJob *job, gpointer userdata); /* at most ten times a second */
        void (*lease_failed)(PiJob *job, uint32_t lease, gpointer userdata);
        void (*removed)(PiJob *job, gpointer userdata);
} PiJobsListener;

typedef struct PiNode {
        const char *id;
        const char *name;
        const PiKernel *kernel; /* of jobs that name none */
} PiNode;

/* Measures the baselines, which takes some 10 ms a kernel. The pool and the strings of `node` must
 * outlive it. */
PiJobs *pi_jobs_new(PiPool *pool, const PiNode *node);

/* The pool must be freed first, or idle. */
void pi_jobs_free(PiJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiJobs, pi_jobs_free)

/* Functions the listener has not may be NULL. */
void pi_jobs_add_listener(PiJobs *jobs, const PiJobsListener *listener, gpointer userdata);

/* Checks a request and queues or starts it. `sender`: unique bus name the job ends with, "" for
 * none. Errors: PI_ERROR_INVALID_TERMS, PI_ERROR_INVALID_OPTION, PI_ERROR_QUOTA_EXCEEDED,
 * PI_ERROR_QUEUE_FULL, PI_ERROR_SHUTTING_DOWN. */
PiJob *pi_jobs_submit(PiJobs *jobs, uid_t owner, const char *sender, uint64_t terms,
                      GVariant *options, GError **error);

/* Makes a job that is not finished end with `error`, which it takes over: a queued one at once, a
 * running one within a stretch of its workers. */
void pi_jobs_end(PiJobs *jobs, PiJob *job, GError *error);

/* Takes nothing in any more and ends all jobs with PI_ERROR_SHUTTING_DOWN. */
void pi_jobs_shut_down(PiJobs *jobs);

/* Jobs queued and running. */
uint32_t pi_jobs_n_queued(const PiJobs *jobs);
uint32_t pi_jobs_n_running(const PiJobs *jobs);

/* NULL if there is none of that id any more. */
PiJob *pi_jobs_find(PiJobs *jobs, uint64_t id);

/* All jobs kept, PiJob, oldest first. */
const GList *pi_jobs_list(const PiJobs *jobs);

/* At most `limit` finished jobs, newest first, a floating aa{sv}. */
GVariant *pi_jobs_history(PiJobs *jobs, uint32_t limit);

/* The answer of GetMetrics, a floating a{sv}. */
GVariant *pi_jobs_metrics(PiJobs *jobs);
