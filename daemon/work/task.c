/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/task.h"

#include "daemon/series/expected.h"
#include "daemon/work/clock.h"

PiTask *pi_task_new(const PiKernel *kernel, uint64_t terms, uint64_t parts, uint32_t n_workers) {
        PiTask *task = g_new0(PiTask, 1);

        task->kernel = kernel;
        task->terms = terms;
        task->parts = parts;
        task->created_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        task->leases = pi_lease_table_new(parts);
        task->share = g_new0(PiTaskShare, n_workers);
        task->n_shares = n_workers;
        return task;
}

void pi_task_free(PiTask *task) {
        if (!task)
                return;
        pi_lease_table_free(task->leases);
        g_free(task->share);
        g_free(task);
}

void pi_task_cancel(PiTask *task) {
        atomic_store_explicit(&task->cancelled, true, memory_order_relaxed);
}

uint64_t pi_task_terms_done(const PiTask *task) {
        uint64_t terms = 0;

        for (uint32_t i = 0; i < task->n_shares; i++)
                terms += atomic_load_explicit(&task->share[i].terms, memory_order_relaxed);
        return terms;
}

uint32_t pi_task_leases_missing(const PiTask *task) {
        uint32_t missing = 0;

        for (uint32_t i = 0; i < task->leases->n; i++)
                if (atomic_load(&task->leases->lease[i].state) != PI_LEASE_VERIFIED)
                        missing++;
        return missing;
}

bool pi_task_retry(PiTask *task, uint32_t *ret_avoid) {
        bool found = false, hopeless = false;

        for (uint32_t i = 0; i < task->leases->n; i++) {
                PiLease *lease = &task->leases->lease[i];

                if (atomic_load(&lease->state) == PI_LEASE_VERIFIED)
                        continue;
                if (atomic_load(&lease->attempts) >= PI_LEASE_ATTEMPTS_MAX) {
                        hopeless = true;
                        continue;
                }
                atomic_store(&lease->state, PI_LEASE_WAITING);
                if (!found)
                        *ret_avoid = atomic_load(&lease->worker);
                found = true;
        }
        if (!found || hopeless || atomic_load(&task->cancelled))
                return false;
        task->retrying = true;
        task->avoid_worker = *ret_avoid;
        atomic_store(&task->cursor, 0);
        return true;
}

uint64_t pi_task_retries(const PiTask *task) {
        uint64_t retries = 0;

        for (uint32_t i = 0; i < task->leases->n; i++) {
                uint8_t attempts = atomic_load(&task->leases->lease[i].attempts);
                retries += attempts > 1 ? attempts - 1 : 0;
        }
        return retries;
}

void pi_task_sum(const PiTask *task, PiFixed *ret_sum, PiFixed *ret_tolerance) {
        PiFixed sum = PI_FIXED_ZERO, tolerance = PI_FIXED_ZERO;

        for (uint32_t i = 0; i < task->n_shares; i++) {
                pi_fixed_add(&sum, &task->share[i].sum);
                pi_fixed_add(&tolerance, &task->share[i].tolerance);
        }
        /* The bound of an exact kernel does not depend on how the range was split. */
        if (task->kernel->exact)
                pi_tolerance(task->kernel, (PiRange) { 0, task->terms }, &tolerance);
        *ret_sum = sum;
        *ret_tolerance = tolerance;
}
