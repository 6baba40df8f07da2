/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/work/lease.h"

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
        atomic_bool cancelled;
        _Atomic uint32_t cursor; /* the next lease that nobody has tried */
        _Atomic uint32_t redo;   /* leases that failed and may be tried on another CPU: while it is
                                    0, as a rule, nobody looks for them */
        _Atomic uint64_t first_start_nsec; /* since created_nsec, 0 until a lease was started */
} PiTask;

/* `n_workers`: size of the pool the task will run on. */
PiTask *pi_task_new(const PiKernel *kernel, uint64_t terms, uint64_t parts, uint32_t n_workers);
void pi_task_free(PiTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTask, pi_task_free)

/* Any thread; workers leave the task within a stretch. */
void pi_task_cancel(PiTask *task);

/* Gives the caller the next lease to try on this CPU, one that failed elsewhere first; false when
 * there is none. For workers. */
bool pi_task_take(PiTask *task, uint32_t cpu, uint32_t *ret);

/* Notes that the holder of a lease, on this CPU, cannot get it right, and lets others take it. Two
 * steps, so that it can be told in between. For workers. */
void pi_task_note_failure(PiTask *task, uint32_t lease, uint32_t cpu);
void pi_task_give_back(PiTask *task, uint32_t lease);

/* Whether pi_task_take() would give a worker on this CPU anything, and whether that would be a
 * lease that failed elsewhere; any thread. */
bool pi_task_may_run_on(const PiTask *task, uint32_t cpu);
bool pi_task_may_retry_on(const PiTask *task, uint32_t cpu);

/* Terms summed and verified so far; any thread. */
uint64_t pi_task_terms_done(const PiTask *task);

/* The rest only while no worker is in the task. */

/* Leases not verified; 0 when the task is complete. */
uint32_t pi_task_leases_missing(const PiTask *task);

/* Attempts beyond the first, over all leases. */
uint64_t pi_task_retries(const PiTask *task);

/* Sum of the verified leases, and the tolerance it may be off the expected value by. */
void pi_task_sum(const PiTask *task, PiFixed *ret_sum, PiFixed *ret_tolerance);
