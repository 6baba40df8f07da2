/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/work/lease.h"

/* A lease that fails verification this often, each time on another worker where there is one, fails
 * its task. */
#define PI_LEASE_ATTEMPTS_MAX 3

/* Terms summed between two looks at the cancel flag, and verified as one: about 0.2 ms with a fast
 * kernel, 10 ms with the reference loop. */
#define PI_STRETCH_TERMS (UINT64_C(1) << 22)

/* What one worker has added to a task. Written by that worker alone; the main thread reads the
 * atomics at any time and the rest once the worker has left the task. */
typedef struct PiTaskShare {
        _Atomic uint64_t terms;    /* summed and verified, of leases done, running or cut short by a
                                      cancel */
        _Atomic uint64_t cpu_nsec; /* thread CPU time inside leases */
        PiFixed sum;               /* of verified leases */
        PiFixed tolerance;         /* of that sum, for kernels that are not exact */
        uint64_t recomputed; /* stretches summed again at once because they failed verification */
        uint64_t leases;           /* leases verified */
        uint32_t cpu;
} PiTaskShare;

/* The work of one job: N terms in parts, handed out lease by lease to any number of workers. */
typedef struct PiTask {
        const PiKernel *kernel;
        uint64_t terms;
        uint64_t parts;
        uint64_t created_nsec; /* CLOCK_MONOTONIC */
        PiLeaseTable *leases;
        PiTaskShare *share; /* one for each worker of the pool */
        uint32_t n_shares;
        uint32_t avoid_worker; /* in a pass over failed leases: not those this worker failed last */
        bool retrying;
        atomic_bool cancelled;
        _Atomic uint32_t cursor;
        _Atomic uint64_t first_start_nsec; /* since created_nsec, 0 until a lease was started */
} PiTask;

/* `n_workers`: size of the pool the task will run on. */
PiTask *pi_task_new(const PiKernel *kernel, uint64_t terms, uint64_t parts, uint32_t n_workers);
void pi_task_free(PiTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTask, pi_task_free)

/* Any thread; workers leave the task within a stretch. */
void pi_task_cancel(PiTask *task);

/* Terms summed and verified so far; any thread. */
uint64_t pi_task_terms_done(const PiTask *task);

/* The rest only while no worker is in the task. */

/* Leases not verified; 0 when the task is complete. */
uint32_t pi_task_leases_missing(const PiTask *task);

/* After some leases failed: makes them wait again and returns true. Returns false when there are
 * none, when one has failed PI_LEASE_ATTEMPTS_MAX times, which stays failed, or when the task was
 * cancelled. *ret_avoid is the worker that the next pass should not run on. */
bool pi_task_retry(PiTask *task, uint32_t *ret_avoid);

/* Attempts beyond the first, over all leases. */
uint64_t pi_task_retries(const PiTask *task);

/* Sum of the verified leases, and the tolerance it may be off the expected value by. */
void pi_task_sum(const PiTask *task, PiFixed *ret_sum, PiFixed *ret_tolerance);
