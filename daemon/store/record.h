/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/work/snapshot.h"

/* The rows of the store as the rest of the daemon knows them. */

/* A job: one that goes on after a restart, or how it ended. Strings are never NULL. */
typedef struct PiJobRecord {
        uint64_t id;
        uint32_t owner;    /* user id */
        gboolean attached; /* ends with its caller */
        char *state;       /* "queued", "running", "done", "failed" or "cancelled" */
        char *verdict;
        char *label;
        uint64_t terms;
        uint64_t parts;
        uint32_t cpus; /* CPU slots asked for */
        char *kernel;
        int32_t priority;
        uint32_t numerics;      /* version of the numbers it is computed with */
        uint64_t deadline_usec; /* after created_usec, 0 for none */
        uint64_t created_usec;  /* CLOCK_REALTIME, 0 until it has come; so the next two */
        uint64_t started_usec;
        uint64_t finished_usec;
        char *error_name; /* "" unless it failed or was cancelled */
        char *error_message;
        double pi;        /* of a job that is done */
        GVariant *report; /* a{sv}, empty unless the job is done */
        gboolean cluster; /* members may have leases of it */
        char *nodes;      /* ids of those that may, with blanks between them; "": all */
        uint32_t cpus_most; /* CPU slots it may have as more members come; 0: as in cpus */
        char *engine; /* "local" or "mpi" */
} PiJobRecord;

PiJobRecord *pi_job_record_new(void);
void pi_job_record_free(PiJobRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiJobRecord, pi_job_record_free)

/* Shares nothing with its original, which another thread may have. */
PiJobRecord *pi_job_record_copy(const PiJobRecord *record);

/* Whether the state is one that a job ends in. */
gboolean pi_job_record_is_finished(const PiJobRecord *record);

/* How far a job has come. */
typedef struct PiCheckpoint {
        uint64_t job;
        uint32_t numerics;
        uint64_t saved_usec;    /* CLOCK_REALTIME when the snapshot was taken */
        uint64_t started_usec;  /* of the job, CLOCK_REALTIME */
        uint64_t compute_usec;  /* time it has had CPU slots */
        uint64_t slot_usec;       /* the same, of each slot, added up */
        uint64_t submission_usec; /* asked for -> first lease started */
        uint32_t resumes;       /* times it went on after a restart of the service */
        char *verdict;          /* the worst so far; never NULL */
        PiSnapshot *snapshot;
} PiCheckpoint;

PiCheckpoint *pi_checkpoint_new(void);
void pi_checkpoint_free(PiCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiCheckpoint, pi_checkpoint_free)

/* A core that was taken out of service. */
typedef struct PiBadCore {
        uint32_t cpu;
        uint64_t since_usec; /* CLOCK_REALTIME */
        uint64_t job;        /* in which it calculated wrongly */
} PiBadCore;

/* The rate of one thread as it was measured once. */
typedef struct PiCalibration {
        char *kernel;
        char *cpu_model;
        uint64_t measured_usec; /* CLOCK_REALTIME */
        double terms_per_second;
} PiCalibration;

void pi_calibration_clear(PiCalibration *calibration);

/* A stored run of pictl sweep. */
typedef struct PiSweepRecord {
        uint64_t id; /* 0 in one to be stored */
        uint32_t owner;
        uint64_t time_usec; /* CLOCK_REALTIME when it was stored */
        GVariant *run;      /* a{sv} */
} PiSweepRecord;

PiSweepRecord *pi_sweep_record_new(uint32_t owner, GVariant *run);
void pi_sweep_record_free(PiSweepRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSweepRecord, pi_sweep_record_free)
