/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/saver.h"

#include "daemon/jobs/job-record.h"
#include "daemon/work/clock.h"

struct PiSaver {
        PiStore *store;
        PiStoreHooks store_hooks;
        const PiSettings *settings;
        const PiKernel *kernel;
        uint32_t n_workers;
        const PiSaverHooks *hooks;
        GPtrArray *lost;    /* PiJobRecord, to be put when the store is open; so the next */
        GPtrArray *resumed; /* PiJob */
        uint64_t last_checkpoint_nsec;
};

static PiRetention retention_of(const PiSettings *settings) {
        return (PiRetention) {
                .jobs = settings->history_jobs,
                .age_usec = settings->history_age_usec,
                .sweeps = settings->sweeps,
        };
}

static const PiCheckpoint *find_checkpoint(const GPtrArray *checkpoints, uint64_t job) {
        for (guint i = 0; i < checkpoints->len; i++)
                if (((const PiCheckpoint *) checkpoints->pdata[i])->job == job)
                        return checkpoints->pdata[i];
        return NULL;
}

static void put_checkpoint(PiSaver *saver, PiJob *job) {
        PiCheckpoint *checkpoint = pi_job_to_checkpoint(job);

        if (checkpoint)
                pi_store_put_checkpoint(saver->store, checkpoint);
}

/* How often a job was resumed is written at once: the next crash may come before its next
 * checkpoint does. */
static void put_what_came(PiSaver *saver) {
        for (guint i = 0; i < saver->lost->len; i++)
                pi_store_put_job(saver->store, saver->lost->pdata[i], NULL, NULL);
        g_ptr_array_set_size(saver->lost, 0);
        for (guint i = 0; i < saver->resumed->len; i++)
                put_checkpoint(saver, saver->resumed->pdata[i]);
        g_ptr_array_set_size(saver->resumed, 0);
}

/* NULL for a job that cannot. */
static PiJob *go_on(const PiSaver *saver, const PiJobRecord *record, const GPtrArray *checkpoints,
                    gboolean *ret_discarded) {
        const PiCheckpoint *checkpoint = find_checkpoint(checkpoints, record->id);

        return record->attached ? NULL
                                : pi_job_from_record(record, checkpoint, saver->kernel,
                                                     saver->n_workers, ret_discarded);
}

static void opened(PiStoreContents *contents, gpointer userdata) {
        PiSaver *saver = userdata;

        saver->hooks->bad_cores(contents->bad_cores, saver->hooks->userdata);
        saver->hooks->calibrations(contents->calibrations, saver->hooks->userdata);
        for (guint i = 0; i < contents->unfinished->len; i++) {
                PiJobRecord *record = contents->unfinished->pdata[i];
                gboolean discarded = FALSE;
                PiJob *job = go_on(saver, record, contents->checkpoints, &discarded);

                if (job) {
                        g_ptr_array_add(saver->resumed, job);
                        saver->hooks->resumed(job, discarded, saver->hooks->userdata);
                        continue;
                }
                contents->unfinished->pdata[i] = NULL;
                pi_job_record_lose(record);
                saver->hooks->lost(record, saver->hooks->userdata);
                g_ptr_array_add(saver->lost, record);
        }
        if (saver->store)
                put_what_came(saver);
}

static void state_changed(const GError *error, gpointer userdata) {
        PiSaver *saver = userdata;

        saver->hooks->state_changed(error, saver->hooks->userdata);
}

static void set_aside(const GError *what, gpointer userdata) {
        PiSaver *saver = userdata;

        saver->hooks->set_aside(what, saver->hooks->userdata);
}

PiSaver *pi_saver_new(const char *directory, const PiSettings *settings, const PiKernel *kernel,
                      uint32_t n_workers, const PiSaverHooks *hooks) {
        PiSaver *saver = g_new0(PiSaver, 1);
        PiRetention retention = retention_of(settings);

        saver->settings = settings;
        saver->kernel = kernel;
        saver->n_workers = n_workers;
        saver->hooks = hooks;
        saver->lost = g_ptr_array_new();
        saver->resumed = g_ptr_array_new();
        saver->store_hooks = (PiStoreHooks) { opened, state_changed, set_aside, saver };
        saver->store = pi_store_new(directory, &retention, &saver->store_hooks);
        put_what_came(saver);
        return saver;
}

void pi_saver_free(PiSaver *saver) {
        if (!saver)
                return;
        pi_store_free(saver->store);
        g_ptr_array_unref(saver->lost);
        g_ptr_array_unref(saver->resumed);
        g_free(saver);
}

void pi_saver_set_settings(PiSaver *saver, const PiSettings *settings) {
        PiRetention retention = retention_of(settings);

        saver->settings = settings;
        pi_store_set_retention(saver->store, &retention);
}

const GError *pi_saver_trouble(const PiSaver *saver) {
        PiStoreFigures figures;

        pi_store_figures(saver->store, &figures);
        return figures.error;
}

/* A checkpoint of a time when no job had need of one says nothing. */
static gboolean has_detached(const GQueue *running) {
        for (const GList *l = running->head; l; l = l->next)
                if (!pi_job_is_attached(l->data) && !((const PiJob *) l->data)->guest)
                        return TRUE;
        return FALSE;
}

PiMetricsStore pi_saver_figures(const PiSaver *saver, const GQueue *running) {
        uint64_t now = pi_clock_nsec(CLOCK_REALTIME) / 1000;
        PiStoreFigures f;

        pi_store_figures(saver->store, &f);
        return (PiMetricsStore) {
                .degraded = f.error != NULL,
                .error = f.error ? f.error->message : NULL,
                .commits = f.commits,
                .failures = f.failures,
                .checkpoints = f.checkpoints,
                .lost = f.lost,
                .queued = f.queued,
                .has_checkpoint_age = f.checkpoint_usec > 0 && has_detached(running),
                .checkpoint_age_usec = now > f.checkpoint_usec ? now - f.checkpoint_usec : 0,
        };
}

PiStore *pi_saver_store(PiSaver *saver) {
        return saver->store;
}

void pi_saver_submitted(PiSaver *saver, PiJob *job, PiStoreDone done, gpointer userdata) {
        job->recorded = TRUE;
        pi_store_put_job(saver->store, pi_job_to_record(job), done, userdata);
}

void pi_saver_tick(PiSaver *saver, const GQueue *running) {
        uint64_t now = pi_clock_nsec(CLOCK_MONOTONIC);

        if (now - saver->last_checkpoint_nsec < saver->settings->checkpoint_interval_usec * 1000)
                return;
        saver->last_checkpoint_nsec = now;
        for (const GList *l = running->head; l; l = l->next) {
                PiJob *job = l->data;

                if (job->guest)
                        continue;
                if (!pi_job_is_attached(job))
                        put_checkpoint(saver, job);
                else if (!job->recorded)
                        pi_saver_submitted(saver, job, NULL, NULL);
        }
}

void pi_saver_queued(PiSaver *saver, PiJob *job) {
        if (pi_job_is_attached(job))
                return;
        pi_store_put_job(saver->store, pi_job_to_record(job), NULL, NULL);
        put_checkpoint(saver, job);
}

void pi_saver_finished(PiSaver *saver, PiJob *job) {
        pi_store_put_job(saver->store, pi_job_to_record(job), NULL, NULL);
}
