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

/* Whether the workers of a CPU get work. */
typedef enum PiCoreState {
        PI_CORE_IN_SERVICE,
        PI_CORE_SUSPECT, /* no new task until it is told apart whether the core is bad, but for
                            leases that failed elsewhere when all cores in service are suspect */
        PI_CORE_OUT_OF_SERVICE,
        _PI_CORE_STATE_MAX,
} PiCoreState;

/* "in-service", "suspect" or "out-of-service". */
const char *pi_core_state_to_string(PiCoreState state);

/* Called in the main context once no worker is in the task any more. */
typedef void (*PiPoolDone)(PiTask *task, gpointer userdata);

/* Called in the main context, in the order things happened, and for each task before it is done.
 * May change the states of cores and cancel tasks. */
typedef void (*PiPoolSaw)(const PiSighting *sighting, gpointer userdata);

/* `n_workers`: 1 to PI_WORKERS_MAX; 0 for one on each CPU the process may run on. Completions come
 * through the default main context. */
PiPool *pi_pool_new(uint32_t n_workers, GError **error);

/* As pi_pool_new(), with the number of each worker's CPU. One that cannot be had is a name only. */
PiPool *pi_pool_new_on(const uint32_t *cpus, uint32_t n_workers, GError **error);

/* Cancels what runs, waits for the threads; no completion comes after. */
void pi_pool_free(PiPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiPool, pi_pool_free)

void pi_pool_listen(PiPool *pool, PiPoolSaw saw, gpointer userdata);

/* Sightings of cleared faults that came too fast to be told of; others are never lost. */
uint64_t pi_pool_sightings_lost(PiPool *pool);

/* Workers: all of them; those that hold a task; those that can be given one now; and those not out
 * of service, whatever they do now. */
uint32_t pi_pool_size(const PiPool *pool);
uint32_t pi_pool_busy(const PiPool *pool);
uint32_t pi_pool_idle(const PiPool *pool);
uint32_t pi_pool_in_service(const PiPool *pool);

/* Hands the task to `n` idle workers, 1 <= n <= pi_pool_idle(). The task must live until `done` was
 * called. */
void pi_pool_start(PiPool *pool, PiTask *task, uint32_t n, PiPoolDone done, gpointer userdata);

/* Hands the task to one more worker, whose CPU may take one of its leases, as soon as one is idle
 * and before anybody else gets it. FALSE, and nothing is done, when there is no such CPU in
 * service. */
gboolean pi_pool_start_elsewhere(PiPool *pool, PiTask *task, PiPoolDone done, gpointer userdata);

/* Brings the workers that are in a task, which must have some or wait for one, up to `n` as far as
 * idle ones have something to do in it. Returns how many are in it then. */
uint32_t pi_pool_join(PiPool *pool, const PiTask *task, uint32_t n);

/* Has `idle` called in the main context when workers have come out of a task in which others still
 * are. */
void pi_pool_listen_idle(PiPool *pool, void (*idle)(gpointer userdata), gpointer userdata);

/* Cancels the task. Its workers leave within a stretch; one that still waits for a worker is done
 * at the next turn of the main loop. */
void pi_pool_cancel(PiPool *pool, PiTask *task);

/* The cores. A CPU that no worker is pinned to is out of service, and stays so. */
gboolean pi_pool_has_cpu(const PiPool *pool, uint32_t cpu);
PiCoreState pi_pool_core_state(const PiPool *pool, uint32_t cpu);
void pi_pool_set_core_state(PiPool *pool, uint32_t cpu, PiCoreState state);

/* Whether all workers in service are on this CPU. */
gboolean pi_pool_is_last_in_service(const PiPool *pool, uint32_t cpu);

/* Makes the workers of a CPU do wrong, each of them as ordered. */
void pi_pool_inject(PiPool *pool, uint32_t cpu, const PiFaultOrder *order);

/* Figures of worker `index` since the start, and the CPU it is pinned to. */
const PiWorkerStats *pi_pool_worker_stats(const PiPool *pool, uint32_t index);
uint32_t pi_pool_worker_cpu(const PiPool *pool, uint32_t index);

/* Told of a worker that holds this lease, or PI_LEASES_MAX for none, and does not get on. */
typedef void (*PiPoolHung)(uint32_t cpu, PiTask *task, uint32_t lease, gpointer userdata);

/* Whether every worker that holds a task has closed a stretch since the last call. Call it at
 * intervals much longer than a stretch takes. `hung` may be NULL; it is called once for each time a
 * worker hangs. */
gboolean pi_pool_check_alive(PiPool *pool, PiPoolHung hung, gpointer userdata);
