/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/contractor.h"
#include "daemon/jobs/jobs.h"
#include "daemon/jobs/lender.h"
#include "daemon/jobs/measure.h"
#include "daemon/jobs/own-rate.h"
#include "daemon/jobs/quota.h"
#include "daemon/jobs/saver.h"
#include "daemon/jobs/scheduler.h"

/* Shared by jobs.c, which owns it, jobs-node.c and guest.c. */

#define LISTENERS_MAX 8

typedef struct Listener {
        const PiJobsListener *calls;
        gpointer userdata;
} Listener;

struct PiJobs {
        PiPool *pool;
        PiNode node;
        PiSettings *settings;
        PiQuota *quota;
        PiBaselines *baselines;
        PiMeasure *measure;
        PiCores *cores;
        PiCoresHooks cores_hooks;
        PiScheduler *scheduler;
        PiSchedulerHooks scheduler_hooks;
        PiSaver *saver; /* NULL: nothing is kept */
        PiSaverHooks saver_hooks;
        const PiPeers *peers; /* NULL: there are none, and no lender */
        PiLender *lender;
        PiLenderHooks lender_hooks;
        PiOwnRate own_rate; /* for it */
        PiContractor *contractor; /* NULL: there is no engine but the local one */
        PiContractorHooks contractor_hooks;
        Listener listener[LISTENERS_MAX];
        gsize n_listeners;

        GHashTable *by_id; /* &job->id -> PiJob, owns it */
        GQueue all;        /* PiJob, oldest first */
        GQueue finished;   /* PiJob, first finished first */
        GQueue guests;     /* PiJob, leases of other nodes' jobs: in none of the above */
        uint64_t last_guest; /* their numbers come down from UINT64_MAX */
        PiMetricsGuests guests_ended; /* since the start: done and terms */
        char *firewall_error; /* NULL while it works, or there is nothing to guard */
        uint64_t last_id;  /* while nothing is kept */
        uint64_t resumed;
        uint64_t preempted;
        uint64_t terms_here;  /* that this node computed of its jobs over the cluster, ended ones */
        uint64_t terms_told; /* the same, of all of them, when it was told last */
        gboolean shutting_down;

        guint progress_timer; /* while jobs run */
        guint progresses;
};

/* Tells all listeners that have the call. */
#define TELL(jobs, call, ...)                                                                     \
        for (gsize i_ = 0; i_ < (jobs)->n_listeners; i_++)                                        \
                if ((jobs)->listener[i_].calls->call)                                             \
                        (jobs)->listener[i_].calls->call(__VA_ARGS__, (jobs)->listener[i_].userdata)


/* The hooks of the cores. */
extern const PiCoresHooks pi_jobs_cores_hooks;

/* The members of the cluster, for GetMetrics, to be freed with g_free(): see PiPeers.members().
 * NULL when nobody can tell. */
PiMetricsNode *pi_jobs_list_members(PiJobs *jobs, size_t *ret_n);

/* While jobs or guests run something is done ten times a second. */
void pi_jobs_start_timer(PiJobs *jobs);
