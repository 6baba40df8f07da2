/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/journal.h"

#include "daemon/events.h"
#include "dbus/error.h"

#define LONG_JOB_NSEC UINT64_C(1000000000)

static void job_done(const PiJob *job, const char *id) {
        uint64_t nsec = job->finished_nsec - job->started_nsec;

        g_log_structured(G_LOG_DOMAIN,
                         nsec >= LONG_JOB_NSEC ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_INFO,
                         "MESSAGE_ID", PI_EVENT_JOB_DONE, "JOB_ID", id, "MESSAGE",
                         "Job %s done and verified: %" G_GUINT64_FORMAT " terms in %.3f s", id,
                         job->spec.terms, (double) nsec / 1e9);
}

static void state_changed(PiJob *job, gpointer userdata) {
        g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, job->id);

        switch (job->state) {
        case PI_JOB_DONE:
                job_done(job, id);
                break;
        case PI_JOB_FAILED:
                g_log_structured(G_LOG_DOMAIN,
                                 /* Nothing went wrong when the service is stopped. */
                                 g_error_matches(job->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN)
                                                 ? G_LOG_LEVEL_MESSAGE
                                                 : G_LOG_LEVEL_WARNING,
                                 "MESSAGE_ID", PI_EVENT_JOB_FAILED, "JOB_ID", id, "MESSAGE", "%s",
                                 job->error->message);
                break;
        case PI_JOB_CANCELLED:
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                                 PI_EVENT_JOB_CANCELLED, "JOB_ID", id, "MESSAGE", "%s",
                                 job->error->message);
                break;
        case PI_JOB_QUEUED:
        case PI_JOB_RUNNING:
        case _PI_JOB_STATE_MAX:
                break;
        }
}

const PiJobsListener pi_journal_listener = {
        .state_changed = state_changed,
};
