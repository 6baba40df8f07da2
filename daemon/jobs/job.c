/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/job.h"

#include "daemon/work/clock.h"

static const char *const state_names[_PI_JOB_STATE_MAX] = {
        [PI_JOB_QUEUED] = "queued",
        [PI_JOB_RUNNING] = "running",
        [PI_JOB_DONE] = "done",
        [PI_JOB_FAILED] = "failed",
        [PI_JOB_CANCELLED] = "cancelled",
};

static const bool legal_moves[_PI_JOB_STATE_MAX][_PI_JOB_STATE_MAX] = {
        [PI_JOB_QUEUED] = { [PI_JOB_RUNNING] = true,
                            [PI_JOB_FAILED] = true,
                            [PI_JOB_CANCELLED] = true },
        [PI_JOB_RUNNING] = { [PI_JOB_DONE] = true,
                             [PI_JOB_FAILED] = true,
                             [PI_JOB_CANCELLED] = true },
};

PiJob *pi_job_new(uint64_t id, uid_t owner, const char *sender, PiJobSpec *spec) {
        PiJob *job = g_new0(PiJob, 1);

        job->id = id;
        job->owner = owner;
        job->sender = g_strdup(sender);
        job->spec = *spec;
        *spec = (PiJobSpec) {};
        job->created_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
        job->created_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        job->report = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
        return job;
}

void pi_job_free(PiJob *job) {
        if (!job)
                return;
        g_clear_handle_id(&job->deadline, g_source_remove);
        pi_task_free(job->task);
        pi_lease_table_free(job->leases);
        pi_fault_list_free(job->faults);
        pi_job_spec_clear(&job->spec);
        g_variant_unref(job->report);
        g_clear_error(&job->error);
        g_free(job->sender);
        g_free(job);
}

gboolean pi_job_state_may_follow(PiJobState from, PiJobState to) {
        return from < _PI_JOB_STATE_MAX && to < _PI_JOB_STATE_MAX && legal_moves[from][to];
}

void pi_job_set_state(PiJob *job, PiJobState state) {
        g_return_if_fail(pi_job_state_may_follow(job->state, state));

        job->state = state;
        if (state == PI_JOB_RUNNING) {
                job->started_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
                job->started_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        } else {
                job->finished_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
                job->finished_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        }
}

gboolean pi_job_is_finished(const PiJob *job) {
        return job->state == PI_JOB_DONE || job->state == PI_JOB_FAILED ||
               job->state == PI_JOB_CANCELLED;
}

double pi_job_progress(const PiJob *job) {
        uint64_t done = job->task ? pi_task_terms_done(job->task) : job->terms_done;

        return (double) done / (double) job->spec.terms;
}

const PiLeaseTable *pi_job_leases(const PiJob *job) {
        return job->task ? job->task->leases : job->leases;
}

const char *pi_job_state_to_string(PiJobState state) {
        g_return_val_if_fail(state < _PI_JOB_STATE_MAX, state_names[PI_JOB_FAILED]);
        return state_names[state];
}
