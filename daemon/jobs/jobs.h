/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/cores.h"
#include "daemon/jobs/job.h"
#include "daemon/metrics/node.h"
#include "daemon/settings/settings.h"
#include "daemon/store/store.h"
#include "daemon/work/pool.h"

#define PI_JOBS_FINISHED_KEPT 64 /* as objects; the store has more */
#define PI_JOBS_LEASES_KEPT 8 /* finished jobs that can still tell which part ran where */
#define PI_HISTORY_MAX 1000
#define PI_FAULTS_LISTED_MAX PI_FAULTS_KEPT

/* All jobs of the node: takes them in, has them scheduled, ends them, keeps the last finished ones,
 * and brings the unfinished through a restart. For the main thread. */
typedef struct PiJobs PiJobs;

/* Told of every change. A job is valid from added to removed. */
typedef struct PiJobsListener {
        void (*added)(PiJob *job, gpointer userdata); /* queued, or running already */
        void (*state_changed)(PiJob *job, gpointer userdata);
        void (*progressed)(PiJob *job, gpointer userdata); /* at most ten times a second */
        void (*removed)(PiJob *job, gpointer userdata);
        /* See PiCoresHooks. */
        void (*judged)(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata);
        void (*core_news)(uint32_t cpu, PiCoreNews news, gpointer userdata);
        void (*fault_injected)(uint32_t cpu, const PiFaultOrder *order, gpointer userdata);

        /* After it was added: a job of an earlier service goes on. Discarded: its checkpoint was
         * no good, and it starts anew. */
        void (*resumed)(PiJob *job, gboolean discarded, gpointer userdata);
        /* A job of an earlier service failed with it, because its caller is lost. */
        void (*lost)(const PiJobRecord *record, gpointer userdata);
        /* After its state changed: it is queued again, to make room for others. */
        void (*preempted)(PiJob *job, gpointer userdata);
        /* job->engine is another. */
        void (*engine_changed)(PiJob *job, gpointer userdata);
        /* A launch failed, or a rank of one was wrong; the job goes on. */
        void (*engine_trouble)(PiJob *job, const char *what, gpointer userdata);
        /* It goes on when the service is up again; job->error says so to those who wait. */
        void (*suspended)(PiJob *job, gpointer userdata);

        /* See PiStoreHooks. */
        void (*store_changed)(const GError *error, gpointer userdata);
        void (*store_set_aside)(const GError *what, gpointer userdata);
        /* `restart`: some of what is new waits for one. */
        void (*settings_changed)(gboolean restart, gpointer userdata);
        /* The baselines were measured again. */
        void (*calibrated)(gpointer userdata);
} PiJobsListener;

typedef struct PiNode {
        const char *id;
        const char *name;
        const PiKernel *kernel; /* of jobs that name none */
        gboolean fault_injection; /* pi_jobs_inject() is allowed */
} PiNode;

/* Measures the baselines, which takes some 10 ms a kernel. Takes the settings over. The pool and
 * the strings of `node` must outlive it. */
PiJobs *pi_jobs_new(PiPool *pool, const PiNode *node, PiSettings *settings);

/* The pool must be freed first, or idle. */
void pi_jobs_free(PiJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiJobs, pi_jobs_free)

/* Functions the listener has not may be NULL. */
void pi_jobs_add_listener(PiJobs *jobs, const PiJobsListener *listener, gpointer userdata);

/* Opens the store in a directory, NULL for one in memory, and goes on with what an earlier service
 * left there. Once, after the listeners were added and before the first job. Without it nothing is
 * kept. */
void pi_jobs_open_store(PiJobs *jobs, const char *directory);

/* For what is read from it; NULL before it was opened. */
PiStore *pi_jobs_store(PiJobs *jobs);

/* Lets members of a cluster have leases of jobs. `peers` must outlive it. Once; before the store is
 * opened when the node is in a cluster by then: jobs that go on look for their nodes. */
struct PiPeers;
void pi_jobs_set_peers(PiJobs *jobs, const struct PiPeers *peers);

/* Has jobs of engine "mpi" done by `engine`, which must outlive it. Once, before the store is
 * opened. */
struct PiEngine;
void pi_jobs_set_engine(PiJobs *jobs, const struct PiEngine *engine);

/* For the figures: why the firewall does not do what it ought to; NULL: it does. */
void pi_jobs_note_firewall(PiJobs *jobs, const GError *error);

/* Members came or went, or may be given leases again. */
void pi_jobs_peers_changed(PiJobs *jobs);

/* What this node has to offer: CPU slots, terms a second with all of them that are in service, and
 * the kernel of jobs that name none. */
uint32_t pi_jobs_cpus(const PiJobs *jobs);
double pi_jobs_terms_per_second(const PiJobs *jobs);
const char *pi_jobs_kernel(const PiJobs *jobs);

/* Takes the settings over. Limits count for jobs to come. */
void pi_jobs_apply_settings(PiJobs *jobs, PiSettings *settings);

/* Checks a request and queues or starts it. `sender`: unique bus name the job ends with, "" for
 * none. Errors: PI_ERROR_INVALID_TERMS, PI_ERROR_INVALID_OPTION, PI_ERROR_QUOTA_EXCEEDED,
 * PI_ERROR_QUEUE_FULL, PI_ERROR_SHUTTING_DOWN. */
PiJob *pi_jobs_submit(PiJobs *jobs, uid_t owner, const char *sender, uint64_t terms,
                      GVariant *options, GError **error);

/* Has a job that goes on without its caller written to the store; `done` is told when a restart
 * cannot make it undone, or why it can. */
void pi_jobs_record(PiJobs *jobs, PiJob *job, PiStoreDone done, gpointer userdata);

/* Makes a job that is not finished end with `error`, which it takes over: a queued one at once, a
 * running one within a stretch of its workers. */
void pi_jobs_end(PiJobs *jobs, PiJob *job, GError *error);

/* Takes nothing in any more, ends the jobs whose callers wait with PI_ERROR_SHUTTING_DOWN, and has
 * the others put away. Over when no job runs. */
void pi_jobs_shut_down(PiJobs *jobs);

/* Jobs queued and running. */
uint32_t pi_jobs_n_queued(const PiJobs *jobs);
uint32_t pi_jobs_n_running(const PiJobs *jobs);

/* NULL if there is none of that id any more. */
PiJob *pi_jobs_find(PiJobs *jobs, uint64_t id);

/* All jobs kept, PiJob, oldest first. */
const GList *pi_jobs_list(const PiJobs *jobs);

/* The running job of a task, NULL if there is none. */
PiJob *pi_jobs_find_by_task(PiJobs *jobs, const PiTask *task);

/* The last faults, newest first, at most PI_FAULTS_LISTED_MAX, a floating aa{sv}. */
GVariant *pi_jobs_list_faults(const PiJobs *jobs, uint32_t limit);

/* Puts a core back into service. Errors: PI_ERROR_INVALID_OPTION. */
gboolean pi_jobs_restore_core(PiJobs *jobs, uint32_t cpu, GError **error);

/* Fails with PI_ERROR_FAULT_INJECTION_DISABLED unless the node is for tests and rehearsals. */
gboolean pi_jobs_may_inject(const PiJobs *jobs, GError **error);

/* Makes a core do wrong as the options, an a{sv}, say. Errors: as pi_jobs_may_inject(),
 * PI_ERROR_INVALID_OPTION. */
gboolean pi_jobs_inject(PiJobs *jobs, uint32_t cpu, GVariant *options, GError **error);

/* Measures the baselines again, which takes some 10 ms a kernel in a thread of its own; the
 * listeners are told when it is done. Errors: PI_ERROR_FAILED while jobs run or it is being
 * done. */
gboolean pi_jobs_calibrate(PiJobs *jobs, GError **error);

/* Rows kernel s, terms_per_second d; a floating aa{sv}. */
GVariant *pi_jobs_baselines(const PiJobs *jobs);

/* What this node's service uses, for other nodes: costs little, and nothing while nobody asks. */
void pi_jobs_usage(PiJobs *jobs, PiNodeUsage *ret);

/* The answer of GetMetrics, a floating a{sv}. */
GVariant *pi_jobs_metrics(PiJobs *jobs);
