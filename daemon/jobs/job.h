/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/jobs/fault-list.h"
#include "daemon/jobs/spec.h"
#include "daemon/work/task.h"

typedef enum PiJobState {
        PI_JOB_QUEUED,
        PI_JOB_RUNNING,
        PI_JOB_DONE,
        PI_JOB_FAILED,
        PI_JOB_CANCELLED,
        _PI_JOB_STATE_MAX,
} PiJobState;

/* Where a job stands that the site's engine does, as long as it runs. */
typedef enum PiEngineState {
        PI_ENGINE_NONE,
        PI_ENGINE_WAITING, /* for the time of the next launch */
        PI_ENGINE_QUEUED,  /* at the site's scheduler */
        PI_ENGINE_LAUNCHING,
        PI_ENGINE_RUNNING,
        _PI_ENGINE_STATE_MAX,
} PiEngineState;

typedef struct PiEngineStanding {
        PiEngineState state;
        char *detail;         /* for people; NULL or "" for none */
        uint32_t launches;    /* since the service started */
        uint64_t launch_usec; /* the last one took so long to its hello */
} PiEngineStanding;

/* What a member, or a rank of an engine, has done of a job. */
typedef struct PiMemberShare {
        char *id;
        char *name;
        uint32_t cpus;
        uint64_t terms;    /* of leases that counted; so the next two */
        uint64_t leases;
        uint64_t cpu_nsec;
        uint64_t lost;     /* leases it did not answer */
        uint64_t wrong;    /* leases it had wrong */
        uint64_t late;     /* leases that somebody else had first */
        uint64_t round_trip_usec;
} PiMemberShare;

/* One request. Owned by the PiJobs it belongs to; all but the task is for the main thread. */
typedef struct PiJob {
        uint64_t id;
        uid_t owner;
        char *sender; /* unique bus name the job ends with, "" when it goes on without its caller */
        PiJobSpec spec;

        PiJobState state;
        uint64_t created_usec; /* CLOCK_REALTIME, 0 until the moment has come; so the next two */
        uint64_t started_usec;
        uint64_t finished_usec;
        uint64_t created_nsec; /* CLOCK_MONOTONIC; of no meaning in a job that was resumed */
        uint64_t started_nsec;
        uint64_t finished_nsec;
        uint64_t run_nsec;        /* while it runs: when it got its CPU slots; so the next */
        uint64_t charged_nsec;    /* CPU time its owner was charged for */
        uint64_t active_nsec;     /* time it had CPU slots, but for that since run_nsec */
        uint64_t slot_nsec;       /* the same, of each slot, added up */
        uint64_t submission_usec; /* asked for -> first lease started, 0 until then */

        PiTask *task; /* from start to finish; so the next four, which are runner.c's */
        struct PiPool *pool;
        const struct PiRunnerHooks *hooks;
        gboolean inside; /* workers are in the task, or it waits for one */
        guint settling;  /* source id: nobody is, and what is next will be decided */
        uint32_t slots; /* workers it was started on: fewer than it asked for where cores are out
                           of service */
        PiLeaseTable *leases; /* of a finished job, as long as they are kept */
        uint64_t terms_done;  /* of a finished job: summed and verified */
        guint deadline;       /* source id, 0 for none */
        gboolean leaving;     /* it runs, and was told to make room */
        uint32_t loans;       /* runs of its leases that members or an engine have; lender.c's, or
                                 contractor.c's; so the next */
        GPtrArray *members;   /* PiMemberShare, of nodes that had leases of it; NULL: none had */
        PiEngineStanding engine; /* contractor.c's */
        struct PiGuest *guest; /* it is of another node; see guest.h. NULL: it is this node's own */
        gboolean recorded;    /* the store knows of it */

        gboolean revived;       /* of an earlier service: created_nsec is not its own */
        uint32_t resumes;       /* times it went on after a restart, with something done */
        uint64_t resumed_terms; /* that it brought along the last time */
        uint64_t resumed_nsec;  /* of active_nsec, likewise */

        PiVerdict verdict;   /* the worst so far */
        PiFaultList *faults; /* at most PI_FAULTS_PER_JOB; NULL while there are none */

        double pi;        /* once done */
        GVariant *report; /* a{sv}; empty until done */
        GError *error;    /* why it failed or was cancelled, or is about to while it runs */
} PiJob;

/* Takes the spec's contents over. */
PiJob *pi_job_new(uint64_t id, uid_t owner, const char *sender, PiJobSpec *spec);
void pi_job_free(PiJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiJob, pi_job_free)

/* Whether it ends with its caller. */
gboolean pi_job_is_attached(const PiJob *job);

/* CPU time of all its leases, the time it has had CPU slots, and that of each slot added up, so
 * far; nanoseconds. */
uint64_t pi_job_cpu_nsec(const PiJob *job);
uint64_t pi_job_active_nsec(const PiJob *job);
uint64_t pi_job_slot_nsec(const PiJob *job);

/* The one way to another state: checks that the move is legal and takes the time. */
void pi_job_set_state(PiJob *job, PiJobState state);
gboolean pi_job_state_may_follow(PiJobState from, PiJobState to);

gboolean pi_job_is_finished(const PiJob *job);

/* The share of a member in the job, made when there is none yet; `ret_index` counts from 1. */
PiMemberShare *pi_job_member(PiJob *job, const char *id, uint16_t *ret_index);

/* Terms that this node has computed of it since the service started; a task is there. */
uint64_t pi_job_terms_here(const PiJob *job);

/* Share of the terms summed and verified, 0 to 1. */
double pi_job_progress(const PiJob *job);

/* Which part ran where; NULL before the start and when no longer kept. */
const PiLeaseTable *pi_job_leases(const PiJob *job);

/* "", "waiting", "queued", "launching" or "running". */
const char *pi_engine_state_to_string(PiEngineState state);

/* "queued", "running", "done", "failed" or "cancelled". */
const char *pi_job_state_to_string(PiJobState state);
