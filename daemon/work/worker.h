/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

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
        _Atomic uint64_t beats;     /* stretches, a sign of life */
} PiWorkerStats;

typedef struct PiWorkerId {
        uint32_t index;
        uint32_t cpu; /* the CPU it is pinned to */
} PiWorkerId;

/* Takes leases of the task until none is left or it is cancelled. Runs in the worker's thread. */
void pi_worker_run(PiTask *task, PiWorkerId id, PiWorkerStats *stats);
