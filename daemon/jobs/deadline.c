/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/deadline.h"

#include "dbus/error.h"

typedef struct Deadline {
        PiJob *job;
        PiDeadlinePassed passed;
        gpointer userdata;
} Deadline;

static GError *error_of(const PiJob *job) {
        double msec = (double) job->spec.deadline_usec / 1000;

        if (job->started_usec == 0)
                return g_error_new(PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                                   "Job %" G_GUINT64_FORMAT
                                   " waited for CPU slots all of its %.10g ms: pictl jobs shows "
                                   "who has them; give it more time, or a higher priority",
                                   job->id, msec);
        return g_error_new(PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                           "Job %" G_GUINT64_FORMAT
                           " was not done within its deadline of %.10g ms: give it more time, more "
                           "CPUs or fewer terms",
                           job->id, msec);
}

static gboolean on_time(gpointer userdata) {
        Deadline *d = userdata;

        d->job->deadline = 0;
        d->passed(d->job, error_of(d->job), d->userdata);
        return G_SOURCE_REMOVE;
}

void pi_deadline_arm(PiJob *job, uint64_t usec, PiDeadlinePassed passed, gpointer userdata) {
        Deadline *d = g_new(Deadline, 1);
        uint64_t msec = (usec + 999) / 1000;

        *d = (Deadline) { job, passed, userdata };
        /* One long wait fits no guint of milliseconds beyond 49 days; seconds fit a year. */
        if (msec < G_MAXUINT / 2)
                job->deadline = g_timeout_add_full(G_PRIORITY_DEFAULT, (guint) msec, on_time, d,
                                                   g_free);
        else
                job->deadline = g_timeout_add_seconds_full(G_PRIORITY_DEFAULT,
                                                           (guint) (msec / 1000), on_time, d,
                                                           g_free);
}
