/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/job-record.h"

#include "daemon/jobs/nodes.h"
#include "daemon/series/partition.h"
#include "daemon/work/clock.h"
#include "daemon/work/pool.h"
#include "dbus/error.h"

/* Of a whole cluster. */
#define CPUS_MAX (PI_WORKERS_MAX * (PI_PEERS_MAX + 1))

static void set(char **field, const char *text) {
        g_free(*field);
        *field = g_strdup(text);
}

PiJobRecord *pi_job_to_record(const PiJob *job) {
        PiJobRecord *r = pi_job_record_new();
        gboolean ended = pi_job_is_finished(job) && job->error;

        r->id = job->id;
        r->owner = job->owner;
        r->attached = pi_job_is_attached(job);
        set(&r->state, pi_job_state_to_string(job->state));
        set(&r->verdict, pi_verdict_to_string(job->verdict));
        set(&r->label, job->spec.label);
        r->terms = job->spec.terms;
        r->parts = job->spec.parts;
        r->cpus = job->spec.cpus;
        set(&r->kernel, job->spec.kernel->name);
        r->priority = job->spec.priority;
        r->numerics = PI_NUMERICS_VERSION;
        r->deadline_usec = job->spec.deadline_usec;
        r->created_usec = job->created_usec;
        r->started_usec = job->started_usec;
        r->finished_usec = job->finished_usec;
        set(&r->error_name, ended ? pi_error_name((PiError) job->error->code) : "");
        set(&r->error_message, ended ? job->error->message : "");
        r->pi = job->pi;
        g_variant_unref(r->report);
        r->report = g_variant_ref(job->report);
        r->cluster = job->spec.cluster;
        g_free(r->nodes);
        r->nodes = pi_job_nodes_to_text(job->spec.nodes);
        r->cpus_most = job->spec.cpus_most;
        set(&r->engine, pi_engine_kind_to_string(job->spec.engine));
        return r;
}

void pi_job_record_lose(PiJobRecord *r) {
        g_autofree char *message = g_strdup_printf(
                "Job %" G_GUINT64_FORMAT " was lost with the service, which ended before it was "
                "done: %s",
                r->id,
                r->attached ? "ask again, or use SubmitJob (pictl submit) for a job that goes on "
                              "after a restart"
                            : "what the store has of it is no job that can be asked for");

        set(&r->state, pi_job_state_to_string(PI_JOB_FAILED));
        set(&r->error_name, pi_error_name(PI_ERROR_NODE_LOST));
        set(&r->error_message, message);
        r->finished_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
}

PiCheckpoint *pi_job_to_checkpoint(const PiJob *job) {
        PiCheckpoint *c;

        if (!job->task)
                return NULL;
        c = pi_checkpoint_new();
        c->job = job->id;
        c->numerics = PI_NUMERICS_VERSION;
        c->saved_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000;
        c->started_usec = job->started_usec;
        c->compute_usec = pi_job_active_nsec(job) / 1000;
        c->slot_usec = pi_job_slot_nsec(job) / 1000;
        c->submission_usec = job->submission_usec;
        c->resumes = job->resumes;
        set(&c->verdict, pi_verdict_to_string(job->verdict));
        c->snapshot = pi_task_snapshot(job->task);
        return c;
}

static PiVerdict verdict_from_string(const char *text) {
        for (PiVerdict v = PI_VERDICT_NONE; v < _PI_VERDICT_MAX; v++)
                if (g_str_equal(text, pi_verdict_to_string(v)))
                        return v;
        return PI_VERDICT_NONE;
}

/* The store is a file, which others can write: nothing that the options would not let through. */
static gboolean is_sound(const PiJobRecord *r) {
        return r->id > 0 && r->terms >= 1 && r->terms <= PI_TERMS_MAX && r->parts >= 1 &&
               r->parts <= pi_parts_max(r->terms) && r->cpus >= 1 &&
               r->deadline_usec <= PI_DEADLINE_USEC_MAX && r->priority >= -PI_PRIORITY_LIMIT &&
               r->priority <= PI_PRIORITY_LIMIT;
}

static gboolean go_on(PiJob *job, const PiCheckpoint *c, uint32_t n_workers) {
        g_autoptr(PiTask) task = NULL;

        if (c->numerics != PI_NUMERICS_VERSION)
                return FALSE;
        task = pi_task_new(job->spec.kernel, job->spec.terms, job->spec.parts, n_workers);
        if (!pi_task_restore(task, c->snapshot))
                return FALSE;
        job->task = g_steal_pointer(&task);
        job->started_usec = c->started_usec;
        job->active_nsec = job->resumed_nsec = c->compute_usec * 1000;
        job->slot_nsec = c->slot_usec * 1000;
        job->submission_usec = c->submission_usec;
        job->verdict = verdict_from_string(c->verdict);
        job->resumed_terms = pi_task_terms_done(job->task);
        return TRUE;
}

PiJob *pi_job_from_record(const PiJobRecord *r, const PiCheckpoint *c, const PiKernel *kernel,
                          uint32_t n_workers, gboolean *ret_discarded) {
        const PiKernel *found = pi_kernel_find(r->kernel);
        PiJobSpec spec = {
                .terms = r->terms,
                .parts = r->parts,
                /* Also those that nobody has now: somebody may again. */
                .cpus = (uint32_t) MIN(MIN(r->cpus, CPUS_MAX), r->parts),
                .cpus_most = (uint32_t) MIN(MIN(MAX(r->cpus, r->cpus_most), CPUS_MAX), r->parts),
                /* Every exact kernel gives the same bits. */
                .kernel = found ? found : kernel,
                .deadline_usec = r->deadline_usec,
                .priority = r->priority,
        };
        PiJob *job;

        *ret_discarded = FALSE;
        if (!is_sound(r) || !pi_engine_kind_from_string(r->engine, &spec.engine) ||
            !pi_job_nodes_from_text(r->nodes, &spec.nodes))
                return NULL;
        spec.elsewhere = spec.engine != PI_ENGINE_LOCAL;
        spec.cluster = r->cluster && spec.kernel->exact && !spec.elsewhere;
        spec.label = g_strdup(r->label);
        job = pi_job_new(r->id, r->owner, "", &spec);
        job->created_usec = r->created_usec;
        job->recorded = TRUE;
        if (c)
                *ret_discarded = !go_on(job, c, n_workers);
        /* One that had only waited was not interrupted. */
        if (c || r->started_usec > 0)
                job->resumes = (c ? c->resumes : 0) + 1;
        job->revived = TRUE;
        return job;
}

static void insert_outcome(GVariantDict *d, const PiJobRecord *r) {
        if (r->error_name[0] != '\0') {
                g_variant_dict_insert(d, "error_name", "s", r->error_name);
                g_variant_dict_insert(d, "error_message", "s", r->error_message);
        } else if (g_str_equal(r->state, pi_job_state_to_string(PI_JOB_DONE))) {
                g_variant_dict_insert(d, "pi", "d", r->pi);
                g_variant_dict_insert_value(d, "report", r->report);
        }
}

GVariant *pi_job_record_to_variant(const PiJobRecord *r, gboolean whole) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "id", "t", r->id);
        g_variant_dict_insert(&d, "state", "s", r->state);
        g_variant_dict_insert(&d, "verdict", "s", r->verdict);
        g_variant_dict_insert(&d, "label", "s", r->label);
        g_variant_dict_insert(&d, "owner", "u", r->owner);
        g_variant_dict_insert(&d, "terms", "t", r->terms);
        g_variant_dict_insert(&d, "parts", "t", r->parts);
        g_variant_dict_insert(&d, "kernel", "s", r->kernel);
        g_variant_dict_insert(&d, "created_usec", "t", r->created_usec);
        g_variant_dict_insert(&d, "started_usec", "t", r->started_usec);
        g_variant_dict_insert(&d, "finished_usec", "t", r->finished_usec);
        if (whole) {
                g_variant_dict_insert(&d, "cpus", "u", r->cpus);
                g_variant_dict_insert(&d, "engine", "s", r->engine);
                g_variant_dict_insert(&d, "priority", "i", r->priority);
                g_variant_dict_insert(&d, "deadline_usec", "t", r->deadline_usec);
                g_variant_dict_insert(&d, "attached", "b", r->attached);
        }
        insert_outcome(&d, r);
        return g_variant_dict_end(&d);
}
