/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/metrics/metrics.h"
#include "daemon/settings/settings.h"
#include "daemon/store/store.h"

/* Brings the jobs through restarts: puts records and checkpoints into the store, and gives back
 * what an earlier service left there. For the main thread. */
typedef struct PiSaver PiSaver;

typedef struct PiSaverHooks {
        /* What the store held when it was opened: a job that goes on, queued, which is then the
         * callee's (discarded: its checkpoint was no good); one whose caller is lost with the
         * service, or that is none of ours, now failed; and the rest. */
        void (*resumed)(PiJob *job, gboolean discarded, gpointer userdata);
        void (*lost)(const PiJobRecord *record, gpointer userdata);
        void (*bad_cores)(const GArray *cores, gpointer userdata);
        void (*calibrations)(const GArray *calibrations, gpointer userdata);

        /* See PiStoreHooks. */
        void (*state_changed)(const GError *error, gpointer userdata);
        void (*set_aside)(const GError *what, gpointer userdata);
        gpointer userdata;
} PiSaverHooks;

/* `kernel` and `n_workers`: as of pi_job_from_record(). `directory`: see pi_store_new(). `hooks`
 * and, until it gets others, `settings` must outlive it. */
PiSaver *pi_saver_new(const char *directory, const PiSettings *settings, const PiKernel *kernel,
                      uint32_t n_workers, const PiSaverHooks *hooks);

/* Writes what is still to be written. */
void pi_saver_free(PiSaver *saver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSaver, pi_saver_free)

void pi_saver_set_settings(PiSaver *saver, const PiSettings *settings);

/* Why what is put is not written, NULL if it is; lives until the main loop goes on. */
const GError *pi_saver_trouble(const PiSaver *saver);

/* `running`: PiJob. */
PiMetricsStore pi_saver_figures(const PiSaver *saver, const GQueue *running);

/* The rest of what is kept. */
PiStore *pi_saver_store(PiSaver *saver);

/* The job goes on without its caller: `done`, which may be NULL, is told when it is on disk. */
void pi_saver_submitted(PiSaver *saver, PiJob *job, PiStoreDone done, gpointer userdata);

/* Checkpoints of the running jobs (PiJob) when it is time, to be called several times a second.
 * Jobs that end with their caller are put on record, so that they are not lost without a word. */
void pi_saver_tick(PiSaver *saver, const GQueue *running);

/* The job waits again, in this service or the next. */
void pi_saver_queued(PiSaver *saver, PiJob *job);

void pi_saver_finished(PiSaver *saver, PiJob *job);
