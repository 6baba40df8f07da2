/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/record.h"

/* What survives the service: a SQLite database "store.db" in the state directory. All functions
 * are for the main thread and return at once; a thread of the store does what may be slow. What is
 * asked for is done in the order it was asked for: a list has what was put before it.
 *
 * A store that cannot be opened or written is degraded: it keeps up to PI_STORE_QUEUE_MAX changes
 * in memory, tries again every PI_STORE_RETRY_USEC, and writes them when it can. */
typedef struct PiStore PiStore;

#define PI_STORE_QUEUE_MAX 4096
#define PI_STORE_RETRY_USEC (UINT64_C(2) * 1000000)

/* What a store held when it was opened. */
typedef struct PiStoreContents {
        GPtrArray *unfinished;   /* PiJobRecord, oldest first */
        GPtrArray *checkpoints;  /* PiCheckpoint, of some of them */
        GArray *bad_cores;       /* PiBadCore, by number */
        GArray *calibrations;    /* PiCalibration, oldest first */
} PiStoreContents;

typedef struct PiStoreHooks {
        /* The store was opened. Within pi_store_new() when that could open it, else later from the
         * main loop; at most once. The caller may take what it needs out of the contents. */
        void (*opened)(PiStoreContents *contents, gpointer userdata);

        /* It is degraded, and why; or, with NULL, works again. Told once for each change. */
        void (*state_changed)(const GError *error, gpointer userdata);

        /* A file that was damaged or is of a newer version was renamed, and a new one begun. */
        void (*set_aside)(const GError *what, gpointer userdata);
        gpointer userdata;
} PiStoreHooks;

/* What is kept: the newest, by number and by age. */
typedef struct PiRetention {
        uint32_t jobs;     /* finished ones */
        uint64_t age_usec; /* since they finished; 0: whatever their age */
        uint32_t sweeps;
} PiRetention;

/* Opens or makes the store in a directory, which is made if need be; NULL keeps it in memory. Never
 * NULL. `hooks` must outlive it. */
PiStore *pi_store_new(const char *directory, const PiRetention *retention,
                      const PiStoreHooks *hooks);

/* Writes what it can of what is still to be written, and waits for that. Nobody is called back any
 * more. */
void pi_store_free(PiStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiStore, pi_store_free)

void pi_store_set_retention(PiStore *store, const PiRetention *retention);

/* A job number that was never given before, over restarts too. From 1 on, one after the other, but
 * a service that was killed leaves a gap; without a store that works, from the time in microseconds
 * on. */
uint64_t pi_store_take_id(PiStore *store);

/* Called in the main loop; `error` NULL: it is on disk. PI_ERROR_STORE_UNAVAILABLE: it is not, but
 * stays to be written. */
typedef void (*PiStoreDone)(const GError *error, gpointer userdata);

/* Puts a job, in place of what there is of it, and takes the record over. With `done` it is written
 * at once, without it within a second. A job that is finished has no checkpoint any more. */
void pi_store_put_job(PiStore *store, PiJobRecord *record, PiStoreDone done, gpointer userdata);

/* Puts the checkpoint of an unfinished job in place of an older one, and takes it over. One that
 * still waits to be written is replaced. */
void pi_store_put_checkpoint(PiStore *store, PiCheckpoint *checkpoint);

/* Called in the main loop with PiJobRecords, newest first, or an error
 * (PI_ERROR_STORE_UNAVAILABLE). */
typedef void (*PiStoreJobs)(GPtrArray *records, const GError *error, gpointer userdata);

/* At most `limit` finished jobs, and never more than 10000. */
void pi_store_list_jobs(PiStore *store, uint32_t limit, PiStoreJobs callback, gpointer userdata);

/* The job of that number; none if there is none. */
void pi_store_find_job(PiStore *store, uint64_t id, PiStoreJobs callback, gpointer userdata);

void pi_store_put_bad_core(PiStore *store, const PiBadCore *core);
void pi_store_remove_bad_core(PiStore *store, uint32_t cpu);

/* The last 9 of each kernel and CPU model are kept. */
void pi_store_put_calibration(PiStore *store, const PiCalibration *calibration);

/* Called in the main loop with PiSweepRecords, newest first, or an error. */
typedef void (*PiStoreSweeps)(GPtrArray *records, const GError *error, gpointer userdata);

/* Takes the record over; answers with it and its new number. A store that is degraded refuses. */
void pi_store_put_sweep(PiStore *store, PiSweepRecord *record, PiStoreSweeps callback,
                        gpointer userdata);
void pi_store_list_sweeps(PiStore *store, uint32_t limit, PiStoreSweeps callback,
                          gpointer userdata);
void pi_store_find_sweep(PiStore *store, uint64_t id, PiStoreSweeps callback, gpointer userdata);

typedef struct PiStoreFigures {
        const GError *error; /* NULL: it works */
        uint64_t since_usec; /* CLOCK_REALTIME of the last change of that */
        uint64_t commits;    /* transactions written */
        uint64_t failures;   /* transactions that were not */
        uint64_t checkpoints; /* written */
        uint64_t checkpoint_usec; /* CLOCK_REALTIME of the newest written, 0 for none */
        uint32_t queued;     /* changes not written yet */
        uint64_t lost;       /* changes given up because the queue was full */
} PiStoreFigures;

/* The error lives until the main loop goes on. */
void pi_store_figures(const PiStore *store, PiStoreFigures *ret);
