/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/runner.h"

#include "daemon/series/expected.h"
#include "dbus/error.h"

static void tell_failed_leases(PiJob *job) {
        const PiLeaseTable *leases = job->task->leases;

        for (uint32_t i = 0; i < leases->n; i++)
                if (atomic_load(&leases->lease[i].state) == PI_LEASE_FAILED)
                        job->hooks->lease_failed(job, i, job->hooks->userdata);
}

/* Each lease was verified by itself. What this adds: that they are all there, once each, and that
 * the sum of their sums is the sum of the whole. */
static void verify_whole(PiJob *job) {
        PiRange whole = { 0, job->spec.terms };
        PiFixed sum, tolerance;

        pi_task_sum(job->task, &sum, &tolerance);
        if (pi_task_terms_done(job->task) != job->spec.terms)
                g_set_error(&job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "Job %" G_GUINT64_FORMAT " summed %" G_GUINT64_FORMAT
                            " of %" G_GUINT64_FORMAT " terms: the result was thrown away",
                            job->id, pi_task_terms_done(job->task), job->spec.terms);
        else if (!pi_verify_within(whole, &sum, &tolerance, NULL))
                g_set_error(&job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "Job %" G_GUINT64_FORMAT
                            ": the sum is not the expected one although every lease "
                            "was: the result was thrown away",
                            job->id);
}

static void give_up(PiJob *job) {
        const PiLeaseTable *leases = job->task->leases;

        for (uint32_t i = 0; i < leases->n; i++) {
                const PiLease *lease = &leases->lease[i];

                if (atomic_load(&lease->state) != PI_LEASE_FAILED)
                        continue;
                g_set_error(&job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "Job %" G_GUINT64_FORMAT ": parts %" G_GUINT64_FORMAT
                            " to %" G_GUINT64_FORMAT " failed verification %d times, last on CPU "
                                                     "%u: the result was thrown away",
                            job->id, pi_lease_first_part(leases, i),
                            pi_lease_first_part(leases, i + 1) - 1, PI_LEASE_ATTEMPTS_MAX,
                            atomic_load(&lease->cpu));
                return;
        }
}

static void workers_left(PiTask *task, gpointer userdata) {
        PiJob *job = userdata;
        uint32_t avoid;

        if (!job->error && pi_task_leases_missing(task) > 0) {
                tell_failed_leases(job);
                if (pi_task_retry(task, &avoid)) {
                        pi_pool_start_elsewhere(job->pool, task, avoid, workers_left, job);
                        return;
                }
                give_up(job);
        }
        if (!job->error)
                verify_whole(job);
        job->hooks->done(job, job->hooks->userdata);
}

void pi_runner_start(PiPool *pool, PiJob *job, const PiRunnerHooks *hooks) {
        job->pool = pool;
        job->hooks = hooks;
        job->task = pi_task_new(job->spec.kernel, job->spec.terms, job->spec.parts,
                                pi_pool_size(pool));
        pi_pool_start(pool, job->task, job->spec.cpus, workers_left, job);
}

void pi_runner_stop(PiJob *job, GError *error) {
        if (job->error) {
                g_error_free(error);
                return;
        }
        job->error = error;
        pi_pool_cancel(job->pool, job->task);
}
