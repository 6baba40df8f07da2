/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/engine.h"
#include "daemon/jobs/job.h"
#include "daemon/settings/settings.h"

/* Has jobs of engine "mpi" done by the site's engine: all leases of a job are lent to one launch,
 * each comes back as a chunk and is verified. A launch that ends before the job does is followed by
 * another for what is missing, after a while that grows, as long as one of the last few brought
 * something. For the main thread. */
typedef struct PiContractor PiContractor;

typedef struct PiContractorHooks {
        const PiSettings *(*settings)(gpointer userdata);
        /* Terms a second of one CPU of this node. */
        double (*rate)(const PiJob *job, gpointer userdata);
        /* job->engine is another. */
        void (*changed)(PiJob *job, gpointer userdata);
        /* What an administrator should know; the job goes on. */
        void (*trouble)(PiJob *job, const char *what, gpointer userdata);
        gpointer userdata;
} PiContractorHooks;

/* `engine` and `hooks` must outlive it. */
PiContractor *pi_contractor_new(const PiEngine *engine, const PiContractorHooks *hooks);
void pi_contractor_free(PiContractor *contractor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiContractor, pi_contractor_free)

/* Begins with a job that runs, unless it is at it. */
void pi_contractor_take(PiContractor *contractor, PiJob *job);

/* The job has ended, or waits for its turn again: what was launched for it is ended. */
void pi_contractor_forget(PiContractor *contractor, PiJob *job);
