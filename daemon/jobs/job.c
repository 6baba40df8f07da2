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

static const char *const engine_state_names[_PI_ENGINE_STATE_MAX] = {
        [PI_ENGINE_NONE] = "",
        [PI_ENGINE_WAITING] = "waiting",
        [PI_ENGINE_QUEUED] = "queued",
        [PI_ENGINE_LAUNCHING] = "launching",
        [PI_ENGINE_RUNNING] = "running",
};

static const bool legal_moves[_PI_JOB_STATE_MAX][_PI_JOB_STATE_MAX] = {
        [PI_JOB_QUEUED] = { [PI_JOB_RUNNING] = true,
                            [PI_JOB_FAILED] = true,
                            [PI_JOB_CANCELLED] = true },
        /* Back into the queue to make room for others. */
        [PI_JOB_RUNNING] = { [PI_JOB_QUEUED] = true,
                             [PI_JOB_DONE] = true,
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

static void member_share_free(gpointer p) {
        PiMemberShare *share = p;

        g_free(share->id);
        g_free(share->name);
        g_free(share);
}

PiMemberShare *pi_job_member(PiJob *job, const char *id, uint16_t *ret_index) {
        PiMemberShare *share;

        if (!job->members)
                job->members = g_ptr_array_new_with_free_func(member_share_free);
        for (guint i = 0; i < job->members->len; i++) {
                share = job->members->pdata[i];
                if (g_str_equal(share->id, id)) {
                        *ret_index = (uint16_t) (i + 1);
                        return share;
                }
        }
        share = g_new0(PiMemberShare, 1);
        share->id = g_strdup(id);
        share->name = g_strdup(id);
        g_ptr_array_add(job->members, share);
        *ret_index = (uint16_t) job->members->len;
        return share;
}

void pi_job_free(PiJob *job) {
        if (!job)
                return;
        g_clear_handle_id(&job->deadline, g_source_remove);
        g_clear_handle_id(&job->settling, g_source_remove);
        g_clear_pointer(&job->members, g_ptr_array_unref);
        pi_task_free(job->task);
        pi_lease_table_free(job->leases);
        pi_fault_list_free(job->faults);
        pi_job_spec_clear(&job->spec);
        g_variant_unref(job->report);
        g_clear_error(&job->error);
        g_free(job->sender);
        g_free(job->engine.detail);
        g_free(job);
}

gboolean pi_job_state_may_follow(PiJobState from, PiJobState to) {
        return from < _PI_JOB_STATE_MAX && to < _PI_JOB_STATE_MAX && legal_moves[from][to];
}

static uint64_t running_nsec(const PiJob *job) {
        return job->state == PI_JOB_RUNNING ? pi_clock_nsec(CLOCK_MONOTONIC) - job->run_nsec : 0;
}

/* Rounded up: 0 is for a job that never started. */
static uint64_t submission_usec(const PiJob *job) {
        uint64_t first = job->task ? atomic_load(&job->task->first_start_nsec) : 0;

        if (first == 0)
                return 0;
        if (!job->revived)
                return (job->task->created_nsec + first - job->created_nsec + 999) / 1000;
        /* Asked for in another life of the service, or of the machine: only the dates tell. */
        return job->started_usec > job->created_usec ? job->started_usec - job->created_usec : 1;
}

void pi_job_set_state(PiJob *job, PiJobState state) {
        g_return_if_fail(pi_job_state_may_follow(job->state, state));

        if (job->state == PI_JOB_RUNNING) {
                uint64_t nsec = running_nsec(job);

                job->active_nsec += nsec;
                job->slot_nsec += job->slots * nsec;
                if (job->submission_usec == 0)
                        job->submission_usec = submission_usec(job);
        }
        job->state = state;
        if (state == PI_JOB_RUNNING) {
                job->run_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
                job->charged_nsec = pi_job_cpu_nsec(job);
                if (job->started_usec > 0)
                        return;
                job->started_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
                job->started_nsec = job->run_nsec;
        } else if (state != PI_JOB_QUEUED) {
                job->finished_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
                job->finished_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        }
}

gboolean pi_job_is_attached(const PiJob *job) {
        return job->sender[0] != '\0';
}

uint64_t pi_job_cpu_nsec(const PiJob *job) {
        return job->task ? pi_task_cpu_nsec(job->task) : 0;
}

uint64_t pi_job_active_nsec(const PiJob *job) {
        return job->active_nsec + running_nsec(job);
}

uint64_t pi_job_slot_nsec(const PiJob *job) {
        return job->slot_nsec + job->slots * running_nsec(job);
}

gboolean pi_job_is_finished(const PiJob *job) {
        return job->state == PI_JOB_DONE || job->state == PI_JOB_FAILED ||
               job->state == PI_JOB_CANCELLED;
}

uint64_t pi_job_terms_here(const PiJob *job) {
        uint64_t done = pi_task_terms_done(job->task),
                 others = job->task->elsewhere.terms + job->resumed_terms;

        /* What a worker had of a lease may go, when a member had all of it first. */
        return done > others ? done - others : 0;
}

double pi_job_progress(const PiJob *job) {
        uint64_t done = job->task ? pi_task_terms_done(job->task) : job->terms_done;

        /* A lease that two nodes are at counts twice until the second knows. */
        return MIN((double) done / (double) job->spec.terms, 1);
}

const PiLeaseTable *pi_job_leases(const PiJob *job) {
        return job->task ? job->task->leases : job->leases;
}

const char *pi_engine_state_to_string(PiEngineState state) {
        return engine_state_names[state];
}

const char *pi_job_state_to_string(PiJobState state) {
        g_return_val_if_fail(state < _PI_JOB_STATE_MAX, state_names[PI_JOB_FAILED]);
        return state_names[state];
}
