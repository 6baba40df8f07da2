/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/work/task.h"
#include "daemon/work/worker.h"

#define PI_WORKERS_MAX 1024

/* The worker threads: one a CPU slot, each pinned to one of the CPUs the process may run on, in the
 * batch scheduling class so that the main thread answers while all of them compute.
 * All functions are for the main thread. */
typedef struct PiPool PiPool;

/* Called in the main context once no worker is in the task any more. */
typedef void (*PiPoolDone)(PiTask *task, gpointer userdata);

/* `n_workers`: 1 to PI_WORKERS_MAX; 0 for one on each CPU the process may run on. Completions come
 * through the default main context. */
PiPool *pi_pool_new(uint32_t n_workers, GError **error);

/* Cancels what runs, waits for the threads; no completion comes after. */
void pi_pool_free(PiPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiPool, pi_pool_free)

uint32_t pi_pool_size(const PiPool *pool);
uint32_t pi_pool_idle(const PiPool *pool);

/* Hands the task to `n` idle workers, 1 <= n <= pi_pool_idle(). The task must live until `done` was
 * called. */
void pi_pool_start(PiPool *pool, PiTask *task, uint32_t n, PiPoolDone done, gpointer userdata);

/* Hands the task to one worker other than `avoid` as soon as one is idle, before anybody else gets
 * it; to `avoid` itself where there is no other. */
void pi_pool_start_elsewhere(PiPool *pool, PiTask *task, uint32_t avoid, PiPoolDone done,
                             gpointer userdata);

/* Cancels the task. Its workers leave within a stretch; one that still waits for a worker is done
 * at the next turn of the main loop. */
void pi_pool_cancel(PiPool *pool, PiTask *task);

/* Figures of worker `index` since the start, and the CPU it is pinned to. */
const PiWorkerStats *pi_pool_worker_stats(const PiPool *pool, uint32_t index);
uint32_t pi_pool_worker_cpu(const PiPool *pool, uint32_t index);

/* Whether every worker that holds a task has closed a stretch since the last call. Call it at
 * intervals much longer than a stretch takes. */
gboolean pi_pool_check_alive(PiPool *pool);
