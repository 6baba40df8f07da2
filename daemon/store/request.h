/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "daemon/store/store.h"

/* What the main thread wants of the thread of the store. */
typedef enum PiRequestKind {
        /* Changes: they wait until they are written. */
        PI_REQUEST_PUT_JOB,
        PI_REQUEST_FORGET_JOB, /* unless it has ended */
        PI_REQUEST_PUT_CHECKPOINT,
        PI_REQUEST_PUT_BAD_CORE,
        PI_REQUEST_REMOVE_BAD_CORE,
        PI_REQUEST_PUT_CALIBRATION,
        PI_REQUEST_RESERVE_IDS, /* a block from `id` on */
        /* Asks: they are answered at once, if only that it does not work. */
        PI_REQUEST_PUT_SWEEP,
        PI_REQUEST_LIST_JOBS,
        PI_REQUEST_FIND_JOB,
        PI_REQUEST_LIST_SWEEPS,
        PI_REQUEST_FIND_SWEEP,
        _PI_REQUEST_KIND_MAX,
} PiRequestKind;

typedef struct PiRequest PiRequest;
struct PiRequest {
        PiRequest *next, *prev; /* in a PiQueue, or in a list that ends with NULL */
        PiRequestKind kind;
        gint64 queued_usec; /* CLOCK_MONOTONIC */
        uint64_t id;        /* of a job, checkpoint or sweep; the first of a block */
        uint32_t limit;
        PiJobRecord *job;
        PiCheckpoint *checkpoint;
        PiSweepRecord *sweep;
        PiBadCore core;
        PiCalibration calibration;
        bool unwritable; /* it was the fault of this change that it could not be written */

        /* Whom to tell; at most one of them. */
        PiStoreDone done;
        PiStoreJobs jobs;
        PiStoreSweeps sweeps;
        gpointer userdata;

        /* The answer to an ask, complete or not there at all. */
        GPtrArray *newer; /* PiJobRecords that are not written yet, the newest first */
        GPtrArray *records;
        GError *error;
};

PiRequest *pi_request_new(PiRequestKind kind, uint64_t id);
void pi_request_free(PiRequest *request);
void pi_request_free_list(PiRequest *first);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRequest, pi_request_free)

bool pi_request_is_ask(const PiRequest *request);

/* A change that puts a job that has ended. */
bool pi_request_ends_job(const PiRequest *request);

/* Whether somebody waits: it is not to share a transaction with what comes later. */
bool pi_request_is_urgent(const PiRequest *request);

/* Takes away who is to be told, as a request that answers with this error. */
PiRequest *pi_request_split_answer(PiRequest *request, const GError *error);

/* Forgets an answer that did not come to be. */
void pi_request_clear_answer(PiRequest *request);

/* Whoever is to be told is. Main thread. */
void pi_request_tell(PiRequest *request);

/* An array that frees the PiJobRecords in it. */
GPtrArray *pi_job_records_new(void);
GPtrArray *pi_sweep_records_new(void);
