/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/work/fault.h"
#include "daemon/work/sighting.h"
#include "daemon/work/task.h"

/* What a worker has done since it was started; read by the main thread at any time. */
typedef struct PiWorkerStats {
        _Atomic uint64_t terms;
        _Atomic uint64_t parts;
        _Atomic uint64_t leases_verified;
        _Atomic uint64_t leases_failed;
        _Atomic uint64_t recomputed; /* stretches summed again at once, and leases that had failed
                                        before */
        _Atomic uint64_t cpu_nsec;  /* thread CPU time inside leases */
        _Atomic uint64_t wall_nsec; /* time inside leases */
        _Atomic uint64_t beats;     /* stretches and tasks left, a sign of life */
} PiWorkerStats;

typedef struct PiWorker {
        uint32_t index;
        uint32_t cpu; /* the CPU it is pinned to */
        PiWorkerStats stats;
        PiFault fault;
        /* Told in the worker's thread, in the order things happen: of a lease that failed before
         * another worker can take it. May be NULL. */
        void (*saw)(const PiSighting *sighting, gpointer userdata);
        gpointer userdata;
} PiWorker;

/* Takes leases of the task until none is left for this CPU, one fails, or the task is cancelled.
 * Runs in the worker's thread. */
void pi_worker_run(PiTask *task, PiWorker *worker);
