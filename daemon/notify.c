/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include <systemd/sd-daemon.h>

#include "daemon/jobs/fault-journal.h"

#define STATUS_INTERVAL_USEC 1000000

struct PiNotify {
        PiJobs *jobs;
        PiPool *pool;
        guint watchdog;     /* source ids, 0 for none */
        guint late_status;
        gint64 last_status; /* monotonic usec */
};

static const PiJob *oldest_running(PiJobs *jobs) {
        for (const GList *l = pi_jobs_list(jobs); l; l = l->next)
                if (((PiJob *) l->data)->state == PI_JOB_RUNNING)
                        return l->data;
        return NULL;
}

static void send_status(PiNotify *n) {
        const PiJob *job = oldest_running(n->jobs);
        uint32_t running = pi_jobs_n_running(n->jobs), queued = pi_jobs_n_queued(n->jobs);

        n->last_status = g_get_monotonic_time();
        if (job)
                (void) sd_notifyf(false,
                                  "STATUS=Job %" G_GUINT64_FORMAT ": %.0f %% of %" G_GUINT64_FORMAT
                                  " terms; %u more running, %u queued",
                                  job->id, 100 * pi_job_progress(job), job->spec.terms, running - 1,
                                  queued);
        else if (running > 0)
                (void) sd_notifyf(false, "STATUS=Working for other nodes: %u orders, %u queued",
                                  running, queued);
        else
                (void) sd_notifyf(false, "STATUS=Idle, %u CPU slots", pi_pool_size(n->pool));
}

static gboolean send_late_status(gpointer userdata) {
        PiNotify *n = userdata;

        n->late_status = 0;
        send_status(n);
        return G_SOURCE_REMOVE;
}

/* At most one status a second; the last change is never lost. */
static void changed(PiJob *job, gpointer userdata) {
        PiNotify *n = userdata;
        gint64 wait = n->last_status + STATUS_INTERVAL_USEC - g_get_monotonic_time();

        if (n->late_status)
                return;
        if (wait <= 0)
                send_status(n);
        else
                n->late_status = g_timeout_add((guint) (wait / 1000 + 1), send_late_status, n);
}

static const PiJobsListener notify_listener = {
        .state_changed = changed,
        .progressed = changed,
};

static void hung(uint32_t cpu, PiTask *task, uint32_t lease, gpointer userdata) {
        PiNotify *n = userdata;

        pi_fault_journal_hung(cpu, pi_jobs_find_by_task(n->jobs, task), lease);
}

static gboolean feed_watchdog(gpointer userdata) {
        PiNotify *n = userdata;

        if (pi_pool_check_alive(n->pool, hung, n))
                (void) sd_notify(false, "WATCHDOG=1");
        return G_SOURCE_CONTINUE;
}

PiNotify *pi_notify_new(PiJobs *jobs, PiPool *pool) {
        PiNotify *n = g_new0(PiNotify, 1);
        uint64_t usec;

        n->jobs = jobs;
        n->pool = pool;
        pi_jobs_add_listener(jobs, &notify_listener, n);
        if (sd_watchdog_enabled(false, &usec) > 0)
                n->watchdog = g_timeout_add((guint) MAX(usec / 2000, 1), feed_watchdog, n);
        return n;
}

void pi_notify_free(PiNotify *n) {
        if (!n)
                return;
        g_clear_handle_id(&n->watchdog, g_source_remove);
        g_clear_handle_id(&n->late_status, g_source_remove);
        g_free(n);
}

void pi_notify_ready(PiNotify *n) {
        (void) sd_notify(false, "READY=1");
        send_status(n);
}

void pi_notify_reloading(PiNotify *n) {
        (void) sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
                          g_get_monotonic_time());
}

void pi_notify_stopping(PiNotify *n) {
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Ending the running jobs");
}
