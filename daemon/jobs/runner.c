/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/runner.h"

#include "daemon/series/expected.h"
#include "dbus/error.h"

/* Each lease was verified by itself. What this adds: that they are all there, once each, and that
 * the sum of their sums is the sum of the whole. */
static void verify_whole(PiJob *job) {
        PiRange whole = pi_task_range(job->task);
        PiFixed sum, tolerance;

        pi_task_sum(job->task, &sum, &tolerance);
        if (pi_task_terms_done(job->task) != whole.end - whole.begin)
                g_set_error(&job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "Job %" G_GUINT64_FORMAT " summed %" G_GUINT64_FORMAT
                            " of %" G_GUINT64_FORMAT " terms: the result was thrown away",
                            job->id, pi_task_terms_done(job->task), whole.end - whole.begin);
        else if (!pi_verify_within(whole, &sum, &tolerance, NULL))
                g_set_error(&job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "Job %" G_GUINT64_FORMAT
                            ": the sum is not the expected one although every lease "
                            "was: the result was thrown away",
                            job->id);
}

static GError *not_verified(const PiJob *job, uint32_t index, PiVerdict verdict) {
        const PiLeaseTable *leases = job->task->leases;
        const PiLease *lease = &leases->lease[index];
        g_autoptr(GString) cpus = g_string_new(NULL);
        uint8_t failures = atomic_load(&lease->failures);

        for (uint8_t i = 0; i < failures; i++)
                g_string_append_printf(cpus, "%s%u", i ? ", " : "",
                                       atomic_load(&lease->failed_on[i]));
        return g_error_new(PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                           "Job %" G_GUINT64_FORMAT ": parts %" G_GUINT64_FORMAT
                           " to %" G_GUINT64_FORMAT
                           " failed verification on every CPU they were tried on (%s)%s: the "
                           "result was thrown away",
                           job->id, pi_lease_first_part(leases, index),
                           pi_lease_first_part(leases, index + 1) - 1, cpus->str,
                           verdict == PI_VERDICT_SOFTWARE ? ", by the same bits" : "");
}

static uint32_t first_missing(const PiTask *task) {
        uint32_t i = 0;

        while (atomic_load(&task->leases->lease[i].state) == PI_LEASE_VERIFIED)
                i++;
        return i;
}

static void workers_left(PiTask *task, gpointer userdata);

/* Nobody of this node is in the job: decides what is next. */
static void settle(PiJob *job) {
        PiTask *task = job->task;

        if (!job->error && pi_task_leases_missing(task) > 0) {
                if (job->leaving) {
                        job->leaving = FALSE;
                        job->hooks->left(job, job->hooks->userdata);
                        return;
                }
                pi_task_rearm(task);
                /* Without slots of its own it is left to members, as long as one has some of it. */
                if ((job->slots > 0 || job->loans == 0) &&
                    pi_pool_start_elsewhere(job->pool, task, workers_left, job)) {
                        job->inside = TRUE;
                        (void) pi_pool_join(job->pool, task, job->slots);
                        return;
                }
                if (job->loans > 0)
                        return;
                job->error = not_verified(job, first_missing(task), PI_VERDICT_NODE);
        }
        job->leaving = FALSE;
        if (!job->error)
                verify_whole(job);
        job->hooks->done(job, job->hooks->userdata);
}

static void workers_left(PiTask *task, gpointer userdata) {
        PiJob *job = userdata;

        job->inside = FALSE;
        settle(job);
}

static gboolean settle_now(gpointer userdata) {
        PiJob *job = userdata;

        job->settling = 0;
        settle(job);
        return G_SOURCE_REMOVE;
}

/* Not at once: who asks for the end of a job is told of it later, as when workers are in it. */
static void settle_soon(PiJob *job) {
        if (!job->inside && job->settling == 0)
                job->settling = g_idle_add_full(G_PRIORITY_DEFAULT, settle_now, job, NULL);
}

void pi_runner_start(PiPool *pool, PiJob *job, uint32_t slots, const PiRunnerHooks *hooks) {
        job->pool = pool;
        job->hooks = hooks;
        job->slots = slots;
        if (job->task)
                pi_task_rearm(job->task);
        else
                job->task = pi_task_new(job->spec.kernel, job->spec.terms, job->spec.parts,
                                        pi_pool_size(pool));
        job->inside = slots > 0;
        if (slots > 0)
                pi_pool_start(pool, job->task, slots, workers_left, job);
}

void pi_runner_poke(PiJob *job) {
        if (job->inside)
                (void) pi_pool_join(job->pool, job->task, job->slots);
        settle_soon(job);
}

void pi_runner_grow(PiJob *job, uint32_t slots) {
        if (job->inside && !job->leaving && !job->error)
                job->slots = MAX(job->slots, pi_pool_join(job->pool, job->task, slots));
}

void pi_runner_stand_back(PiJob *job) {
        if (job->inside)
                pi_pool_cancel(job->pool, job->task);
}

void pi_runner_leave(PiJob *job) {
        job->leaving = TRUE;
        pi_pool_cancel(job->pool, job->task);
        settle_soon(job);
}

void pi_runner_stop(PiJob *job, GError *error) {
        if (job->error) {
                g_error_free(error);
                return;
        }
        job->error = error;
        pi_pool_cancel(job->pool, job->task);
        settle_soon(job);
}

void pi_runner_give_up(PiJob *job, uint32_t lease, PiVerdict verdict) {
        pi_runner_stop(job, not_verified(job, lease, verdict));
}
