/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/series/range.h"
#include "daemon/work/lease.h"
#include "daemon/work/snapshot.h"

/* What one worker has added to a task. Written by that worker alone; the main thread reads the
 * atomics at any time, what is under the lock with the lock, and the rest once the worker has left
 * the task. */
typedef struct PiTaskShare {
        _Atomic uint64_t terms;      /* summed by it and verified, whoever has the lease now */
        _Atomic uint64_t cpu_nsec;   /* thread CPU time inside leases */
        _Atomic uint64_t recomputed; /* stretches summed again at once: they failed verification */
        uint32_t cpu;

        /* Taken by the worker once a stretch, by the main thread for a snapshot, each time for a
         * moment. */
        pthread_mutex_t lock;
        PiFixed sum;       /* under the lock, as all that follows: of verified leases */
        PiFixed tolerance; /* of that sum, for kernels that are not exact */
        uint32_t leases;   /* leases verified */
        bool is_open;
        PiPartial open; /* the lease in its hands */
} PiTaskShare;

/* The work of one job: N terms in parts, handed out lease by lease to any number of workers; or of
 * a run of a job's leases, when another node asked for them. */
typedef struct PiTask {
        const PiKernel *kernel;
        uint64_t terms;
        uint64_t parts;
        uint64_t created_nsec; /* CLOCK_MONOTONIC */
        PiLeaseTable *leases;
        PiTaskShare *share; /* one for each worker of the pool */
        uint32_t n_shares;
        PiFixed *lease_sum; /* of each lease, valid once verified; NULL in a task of a whole job */
        atomic_bool cancelled;
        _Atomic uint32_t cursor; /* the next lease that nobody has tried */
        _Atomic uint32_t redo;   /* leases that failed and may be tried on another CPU: while it is
                                    0, as a rule, nobody looks for them */
        _Atomic uint64_t first_start_nsec; /* since created_nsec, 0 until a lease was started */

        /* Leases that were begun and left: when the task was cancelled, or before a restart. */
        pthread_mutex_t lock;
        GArray *left;            /* under the lock: PiPartial */
        _Atomic uint32_t n_left; /* its length: while it is 0 nobody looks */
        /* Those of terms counted in a share or restored that do not count: of a lease that failed
         * or that another node had right first, what others had summed of it before. */
        _Atomic uint64_t dropped_terms;

        /* What a snapshot brought in, constant while workers are in the task. */
        struct {
                PiFixed sum;
                PiFixed tolerance;
                uint64_t terms; /* of the verified leases and of those begun */
                uint64_t cpu_nsec;
                uint32_t leases; /* verified */
                uint64_t retries;
        } restored;

        /* What others than the workers of this node did of it; for the main thread. See lend.h. */
        struct {
                PiFixed sum;
                uint64_t terms;
                uint64_t cpu_nsec;
                uint32_t leases;
                uint32_t given_up; /* leases that only others may try; they may be done */
        } elsewhere;
} PiTask;

/* `n_workers`: size of the pool the task will run on. The second is for a run of `n_leases` of such
 * a task, from `first_lease` on, and keeps the sum of each. */
PiTask *pi_task_new(const PiKernel *kernel, uint64_t terms, uint64_t parts, uint32_t n_workers);
PiTask *pi_task_new_run(const PiKernel *kernel, uint64_t terms, uint64_t parts,
                        uint32_t first_lease, uint32_t n_leases, uint32_t n_workers);
void pi_task_free(PiTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTask, pi_task_free)

/* Any thread; workers leave the task within a stretch. */
void pi_task_cancel(PiTask *task);

/* Lets a cancelled task be started once more: workers go on where they left. Only while no worker
 * is in it. */
void pi_task_rearm(PiTask *task);

/* How far the task has come; main thread, whoever is in it. */
PiSnapshot *pi_task_snapshot(PiTask *task);

/* Makes a new task go on from a snapshot. False, and the task is as it was, when the snapshot is
 * not of such a task or its sums are not those of its terms. */
bool pi_task_restore(PiTask *task, const PiSnapshot *snapshot);

/* Gives the caller the next lease to try on this CPU, and how far it is: one that failed elsewhere
 * first, then those begun; false when there is none. For workers. */
bool pi_task_take(PiTask *task, uint32_t cpu, PiPartial *ret);

/* Begins with a lease that was taken; false when another node has had it right meanwhile. For
 * workers. */
bool pi_task_begin(PiTask *task, uint32_t lease);

/* Whether another node has had the lease right that a worker is at. For workers. */
bool pi_task_is_overtaken(const PiTask *task, uint32_t lease);

/* Takes back a lease that is neither verified nor failed; false, and nothing is kept, when another
 * node has had it right meanwhile. For workers. */
bool pi_task_leave(PiTask *task, const PiPartial *partial);

/* Does not count what was summed of a lease before whoever has it now took it, as in `partial`: it
 * begins again, or another node has had it right. Any thread. */
void pi_task_drop(PiTask *task, const PiPartial *partial);

/* The terms of a lease, and of all leases of the task. */
PiRange pi_task_lease_range(const PiTask *task, uint32_t lease);
PiRange pi_task_range(const PiTask *task);

/* Notes that the holder of a lease, on this CPU, cannot get it right, and lets others take it. Two
 * steps, so that it can be told in between. The second is false when another node has had it right
 * meanwhile. For workers. */
void pi_task_note_failure(PiTask *task, uint32_t lease, uint32_t cpu);
bool pi_task_give_back(PiTask *task, uint32_t lease);

/* Whether pi_task_take() would give a worker on this CPU anything, and whether that would be a
 * lease that failed elsewhere; any thread. */
bool pi_task_may_run_on(const PiTask *task, uint32_t cpu);
bool pi_task_may_retry_on(const PiTask *task, uint32_t cpu);

/* Terms summed and verified so far; main thread. */
uint64_t pi_task_terms_done(const PiTask *task);

/* Thread CPU time inside leases so far, stretches that were summed again at once, and attempts at a
 * lease beyond the first; main thread. What a snapshot brought in counts with the attempts. */
uint64_t pi_task_cpu_nsec(const PiTask *task);
uint64_t pi_task_recomputed(const PiTask *task);
uint64_t pi_task_retries(const PiTask *task);

/* The rest only while no worker is in the task. */

/* Leases not verified; 0 when the task is complete. */
uint32_t pi_task_leases_missing(const PiTask *task);

/* Sum of the verified leases, and the tolerance it may be off the expected value by. */
void pi_task_sum(const PiTask *task, PiFixed *ret_sum, PiFixed *ret_tolerance);
