/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/journal.h"

#include "daemon/events.h"
#include "daemon/jobs/record.h"
#include "dbus/error.h"

#define LONG_JOB_NSEC UINT64_C(1000000000)

/* Whether one more record of a job may be written. */
static bool take(PiJournalBudget *b) {
        gint64 now = g_get_monotonic_time();

        if (!b)
                return true;
        if (b->filled_usec == 0)
                b->left = PI_JOURNAL_BURST;
        else
                b->left += (double) (now - b->filled_usec) * PI_JOURNAL_PER_SECOND / 1e6;
        b->left = MIN(b->left, PI_JOURNAL_BURST);
        b->filled_usec = now;
        if (b->left < 1)
                return false;
        b->left--;
        return true;
}

static void begin(PiRecord *r, const PiJob *job, PiRecordLevel level, const char *event,
                  PiJournalBudget *budget) {
        if (level < PI_RECORD_INFO && !take(budget))
                level = PI_RECORD_INFO;
        pi_record_begin(r, level, event);
        pi_record_add_job(r, job);
}

/* A job may start more than once: it makes room for others, and goes on after a restart. */
static void started(const PiJob *job, PiJournalBudget *budget) {
        bool again = job->active_nsec > 0;
        PiRecord r;

        begin(&r, job, pi_job_is_attached(job) || again ? PI_RECORD_INFO : PI_RECORD_NOTICE,
              PI_EVENT_JOB_STARTED, budget);
        pi_record_add(&r, "PI_SLOTS", "%u", job->slots);
        pi_record_add(&r, "MESSAGE", "Job %" G_GUINT64_FORMAT " %s on %u CPU slot%s", job->id,
                      again ? "goes on" : "has started", job->slots, job->slots == 1 ? "" : "s");
        pi_record_write(&r);
}

/* A job that need not wait has started before its listeners hear of it. */
static void added(PiJob *job, gpointer userdata) {
        PiRecord r;

        if (!pi_job_is_attached(job) && job->resumes == 0) {
                begin(&r, job, PI_RECORD_NOTICE, PI_EVENT_JOB_QUEUED, userdata);
                pi_record_add(&r, "MESSAGE",
                              "Job %" G_GUINT64_FORMAT " was submitted by user %u: %"
                              G_GUINT64_FORMAT " terms", job->id, job->owner, job->spec.terms);
                pi_record_write(&r);
        }
        if (job->state == PI_JOB_RUNNING)
                started(job, userdata);
}

static void done(const PiJob *job, PiJournalBudget *budget) {
        uint64_t nsec = job->active_nsec;
        bool routine = pi_job_is_attached(job) && nsec < LONG_JOB_NSEC;
        PiRecord r;

        begin(&r, job, routine ? PI_RECORD_INFO : PI_RECORD_NOTICE, PI_EVENT_JOB_DONE, budget);
        pi_record_add(&r, "MESSAGE",
                      "Job %" G_GUINT64_FORMAT " done and verified: %" G_GUINT64_FORMAT
                      " terms in %.3f s", job->id, job->spec.terms, (double) nsec / 1e9);
        pi_record_write(&r);
}

static void ended(const PiJob *job, PiRecordLevel level, const char *event,
                  PiJournalBudget *budget) {
        PiRecord r;

        begin(&r, job, level, event, budget);
        pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) job->error->code));
        pi_record_add(&r, "MESSAGE", "%s", job->error->message);
        pi_record_write(&r);
}

static void state_changed(PiJob *job, gpointer userdata) {
        switch (job->state) {
        case PI_JOB_RUNNING:
                started(job, userdata);
                break;
        case PI_JOB_DONE:
                done(job, userdata);
                break;
        case PI_JOB_FAILED:
                /* Nothing went wrong when the service is stopped. */
                ended(job, g_error_matches(job->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN)
                                        ? PI_RECORD_NOTICE : PI_RECORD_WARNING,
                      PI_EVENT_JOB_FAILED, userdata);
                break;
        case PI_JOB_CANCELLED:
                ended(job, PI_RECORD_NOTICE, PI_EVENT_JOB_CANCELLED, userdata);
                break;
        case PI_JOB_QUEUED:
        case _PI_JOB_STATE_MAX:
                break;
        }
}

static void resumed(PiJob *job, gboolean discarded, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_JOB_RESUMED);
        pi_record_add_job(&r, job);
        pi_record_add(&r, "PI_RESUMES", "%u", job->resumes);
        pi_record_add(&r, "PI_RESUMED_TERMS", "%" G_GUINT64_FORMAT, job->resumed_terms);
        if (discarded)
                pi_record_add(&r, "MESSAGE",
                              "Job %" G_GUINT64_FORMAT " begins again after a restart of the "
                              "service: its checkpoint does not fit this version of it", job->id);
        else
                pi_record_add(&r, "MESSAGE",
                              "Job %" G_GUINT64_FORMAT " goes on after a restart of the service: %"
                              G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " terms are done", job->id,
                              job->resumed_terms, job->spec.terms);
        pi_record_write(&r);
}

static void suspended(PiJob *job, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_JOB_SUSPENDED);
        pi_record_add_job(&r, job);
        pi_record_add(&r, "MESSAGE",
                      "Job %" G_GUINT64_FORMAT " is put away at %.1f %%: it goes on when the "
                      "service is up again", job->id, 100 * pi_job_progress(job));
        pi_record_write(&r);
}

static void engine_trouble(PiJob *job, const char *what, gpointer userdata) {
        PiRecord r;

        begin(&r, job, PI_RECORD_WARNING, PI_EVENT_ENGINE_TROUBLE, userdata);
        pi_record_add(&r, "MESSAGE", "Job %" G_GUINT64_FORMAT ", engine %s: %s", job->id,
                      pi_engine_kind_to_string(job->spec.engine), what);
        pi_record_write(&r);
}

/* As often as jobs take turns. */
static void preempted(PiJob *job, gpointer userdata) {
        PiRecord r;

        begin(&r, job, PI_RECORD_INFO, PI_EVENT_JOB_PREEMPTED, userdata);
        pi_record_add(&r, "MESSAGE",
                      "Job %" G_GUINT64_FORMAT " made room for another at %.1f %%", job->id,
                      100 * pi_job_progress(job));
        pi_record_write(&r);
}

static void lost(const PiJobRecord *job, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_WARNING, PI_EVENT_JOB_LOST);
        pi_record_add_stored_job(&r, job);
        pi_record_add(&r, "PI_ERROR", "%s", job->error_name);
        pi_record_add(&r, "MESSAGE", "%s", job->error_message);
        pi_record_write(&r);
}

static void store_changed(const GError *error, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, error ? PI_RECORD_ERROR : PI_RECORD_NOTICE,
                        error ? PI_EVENT_STORE_DEGRADED : PI_EVENT_STORE_RECOVERED);
        if (error) {
                pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) error->code));
                pi_record_add(&r, "MESSAGE",
                              "Computing without checkpoints: %s", error->message);
        } else
                pi_record_add(&r, "MESSAGE", "The store works again, and jobs have checkpoints");
        pi_record_write(&r);
}

static void store_set_aside(const GError *what, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_ERROR, PI_EVENT_STORE_SET_ASIDE);
        pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) what->code));
        pi_record_add(&r, "MESSAGE", "%s", what->message);
        pi_record_write(&r);
}

static void settings_changed(gboolean restart, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_RELOADED);
        pi_record_add(&r, "MESSAGE", "The settings were read again%s",
                      restart ? ": those of [Service] and [Cluster] take a restart" : "");
        pi_record_write(&r);
}

static void calibrated(gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_CALIBRATED);
        pi_record_add(&r, "MESSAGE",
                      "One thread of each kernel was measured again: speed-up is against that");
        pi_record_write(&r);
}

const PiJobsListener pi_journal_listener = {
        .added = added,
        .state_changed = state_changed,
        .resumed = resumed,
        .lost = lost,
        .preempted = preempted,
        .engine_trouble = engine_trouble,
        .suspended = suspended,
        .store_changed = store_changed,
        .store_set_aside = store_set_aside,
        .settings_changed = settings_changed,
        .calibrated = calibrated,
};
