/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/jobs/peers.h"

/* Gives leases of running jobs to other nodes: about 0.25 s of work at a time, by the rate at which
 * each has answered, two orders out to hide the round trip, smaller ones towards the end. What
 * comes back is verified lease by lease against its expected value; what does not is given to
 * somebody else, and what takes too long is tried by somebody else as well. For the main thread. */
typedef struct PiLender PiLender;

typedef struct PiLenderHooks {
        const GQueue *(*running)(gpointer userdata); /* PiJob */
        /* Terms a second of the workers that this node has in the job. */
        double (*rate_here)(const PiJob *job, gpointer userdata);
        /* Whether it is still to be found out what was wrong in the job. */
        gboolean (*is_judged)(const PiJob *job, gpointer userdata);
        /* A member had a lease right that cores of this node had wrong. */
        void (*settled)(PiJob *job, uint32_t lease, gpointer userdata);
        gpointer userdata;
} PiLenderHooks;

/* `peers` and `hooks` must outlive it. */
PiLender *pi_lender_new(const PiPeers *peers, const PiLenderHooks *hooks);
void pi_lender_free(PiLender *lender);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLender, pi_lender_free)

/* CPU slots of the members that are connected and, with any of them, of this node; else 0. */
uint32_t pi_lender_cpus(PiLender *lender, uint32_t own);

/* Gives leases of a running job to whoever may have some. */
void pi_lender_feed(PiLender *lender, PiJob *job);

/* No core of this node gets the lease right: has a member try it. FALSE when there is none that
 * could. */
gboolean pi_lender_rescue(PiLender *lender, PiJob *job, uint32_t lease);

/* Members came or went. */
void pi_lender_peers_changed(PiLender *lender);

/* Terms that members computed since the start, of those that are none any more, too. */
uint64_t pi_lender_terms(const PiLender *lender);

/* Puts into a row of PiPeers.members() what is known from the member's answers: its terms, and its
 * rate once that was measured. */
void pi_lender_describe(const PiLender *lender, PiMetricsNode *node);

/* The job has ended: its orders are called off. */
void pi_lender_forget(PiLender *lender, PiJob *job);
