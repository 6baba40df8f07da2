/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/task.h"

#include "daemon/series/expected.h"
#include "daemon/series/partition.h"
#include "daemon/work/clock.h"

static PiTask *new_with(PiLeaseTable *leases, const PiKernel *kernel, uint64_t terms,
                        uint32_t n_workers) {
        PiTask *task = g_new0(PiTask, 1);

        task->kernel = kernel;
        task->terms = terms;
        task->parts = leases->parts;
        task->created_nsec = pi_clock_nsec(CLOCK_MONOTONIC);
        task->leases = leases;
        task->share = g_new0(PiTaskShare, n_workers);
        task->n_shares = n_workers;
        for (uint32_t i = 0; i < n_workers; i++)
                pthread_mutex_init(&task->share[i].lock, NULL);
        pthread_mutex_init(&task->lock, NULL);
        task->left = g_array_new(FALSE, FALSE, sizeof(PiPartial));
        return task;
}

PiTask *pi_task_new(const PiKernel *kernel, uint64_t terms, uint64_t parts, uint32_t n_workers) {
        return new_with(pi_lease_table_new(parts), kernel, terms, n_workers);
}

PiTask *pi_task_new_run(const PiKernel *kernel, uint64_t terms, uint64_t parts,
                        uint32_t first_lease, uint32_t n_leases, uint32_t n_workers) {
        PiTask *task = new_with(pi_lease_table_new_run(parts, first_lease, n_leases), kernel, terms,
                                n_workers);

        task->lease_sum = g_new0(PiFixed, n_leases);
        return task;
}

void pi_task_free(PiTask *task) {
        if (!task)
                return;
        pi_lease_table_free(task->leases);
        for (uint32_t i = 0; i < task->n_shares; i++)
                pthread_mutex_destroy(&task->share[i].lock);
        pthread_mutex_destroy(&task->lock);
        g_array_unref(task->left);
        g_free(task->lease_sum);
        g_free(task->share);
        g_free(task);
}

void pi_task_cancel(PiTask *task) {
        atomic_store_explicit(&task->cancelled, true, memory_order_relaxed);
}

void pi_task_rearm(PiTask *task) {
        atomic_store(&task->cancelled, false);
}

PiRange pi_task_lease_range(const PiTask *task, uint32_t lease) {
        uint64_t first = pi_lease_first_part(task->leases, lease);

        return pi_parts_range(task->terms, task->parts, first,
                              pi_lease_first_part(task->leases, lease + 1) - first);
}

PiRange pi_task_range(const PiTask *task) {
        return (PiRange) { pi_task_lease_range(task, 0).begin,
                           pi_task_lease_range(task, task->leases->n - 1).end };
}

static PiPartial from_its_beginning(const PiTask *task, uint32_t lease) {
        return (PiPartial) { .lease = lease,
                             .next_term = pi_task_lease_range(task, lease).begin };
}

/* The holder of a failed lease is whoever makes it wait again; from there on it is as any other. */
static bool take_failed(PiTask *task, uint32_t cpu, uint32_t *ret) {
        for (uint32_t i = 0; i < task->leases->n; i++) {
                PiLease *lease = &task->leases->lease[i];
                uint8_t failed = PI_LEASE_FAILED;

                if (!pi_lease_may_retry_on(lease, cpu) ||
                    !atomic_compare_exchange_strong(&lease->state, &failed, PI_LEASE_WAITING))
                        continue;
                atomic_fetch_sub(&task->redo, 1);
                *ret = i;
                return true;
        }
        return false;
}

static bool take_left(PiTask *task, PiPartial *ret) {
        bool found;

        pthread_mutex_lock(&task->lock);
        found = task->left->len > 0;
        if (found) {
                *ret = g_array_index(task->left, PiPartial, 0);
                g_array_remove_index_fast(task->left, 0);
                atomic_store(&task->n_left, task->left->len);
        }
        pthread_mutex_unlock(&task->lock);
        return found;
}

static bool take_new(PiTask *task, uint32_t *ret) {
        /* Looking first keeps the cursor from running on, however often workers come. */
        while (atomic_load_explicit(&task->cursor, memory_order_relaxed) < task->leases->n) {
                *ret = atomic_fetch_add(&task->cursor, 1);
                if (*ret < task->leases->n && !atomic_load(&task->leases->lease[*ret].begun))
                        return true;
        }
        return false;
}

bool pi_task_take(PiTask *task, uint32_t cpu, PiPartial *ret) {
        uint32_t lease;

        if (atomic_load_explicit(&task->redo, memory_order_relaxed) > 0 &&
            take_failed(task, cpu, &lease)) {
                *ret = from_its_beginning(task, lease);
                return true;
        }
        if (atomic_load_explicit(&task->n_left, memory_order_relaxed) > 0 && take_left(task, ret))
                return true;
        if (!take_new(task, &lease))
                return false;
        *ret = from_its_beginning(task, lease);
        return true;
}

bool pi_task_begin(PiTask *task, uint32_t index) {
        PiLease *lease = &task->leases->lease[index];
        uint8_t state = atomic_load(&lease->state);

        while (state != PI_LEASE_VERIFIED)
                if (atomic_compare_exchange_weak(&lease->state, &state, PI_LEASE_RUNNING))
                        return true;
        return false;
}

bool pi_task_is_overtaken(const PiTask *task, uint32_t lease) {
        return atomic_load_explicit(&task->leases->lease[lease].state, memory_order_relaxed) ==
               PI_LEASE_VERIFIED;
}

bool pi_task_leave(PiTask *task, const PiPartial *partial) {
        PiLease *lease = &task->leases->lease[partial->lease];
        uint8_t running = PI_LEASE_RUNNING;
        bool left;

        /* An attempt that was left goes on as the same one. */
        atomic_fetch_sub(&lease->attempts, 1);
        atomic_store(&lease->begun, true);
        pthread_mutex_lock(&task->lock);
        left = atomic_compare_exchange_strong(&lease->state, &running, PI_LEASE_WAITING);
        if (left) {
                g_array_append_vals(task->left, partial, 1);
                atomic_store(&task->n_left, task->left->len);
        }
        pthread_mutex_unlock(&task->lock);
        return left;
}

void pi_task_drop(PiTask *task, const PiPartial *partial) {
        atomic_fetch_add(&task->dropped_terms,
                         partial->next_term - pi_task_lease_range(task, partial->lease).begin);
}

void pi_task_note_failure(PiTask *task, uint32_t index, uint32_t cpu) {
        PiLease *lease = &task->leases->lease[index];
        uint8_t failures = atomic_load(&lease->failures);

        g_assert(failures < PI_LEASE_ATTEMPTS_MAX);
        atomic_store(&lease->failed_on[failures], cpu);
        atomic_store(&lease->failures, failures + 1);
}

bool pi_task_give_back(PiTask *task, uint32_t index) {
        PiLease *lease = &task->leases->lease[index];
        bool again = atomic_load(&lease->failures) < PI_LEASE_ATTEMPTS_MAX;
        uint8_t state = atomic_load(&lease->state);

        /* Before anyone can take it, so that the count never falls below none. */
        if (again)
                atomic_fetch_add(&task->redo, 1);
        while (state != PI_LEASE_VERIFIED && state != PI_LEASE_LENT)
                if (atomic_compare_exchange_weak(&lease->state, &state, PI_LEASE_FAILED))
                        return true;
        if (again)
                atomic_fetch_sub(&task->redo, 1);
        /* Lent: another node has it already. */
        return state == PI_LEASE_LENT;
}

bool pi_task_may_run_on(const PiTask *task, uint32_t cpu) {
        return atomic_load(&task->cursor) < task->leases->n || atomic_load(&task->n_left) > 0 ||
               pi_task_may_retry_on(task, cpu);
}

bool pi_task_may_retry_on(const PiTask *task, uint32_t cpu) {
        for (uint32_t i = 0; i < task->leases->n; i++)
                if (pi_lease_may_retry_on(&task->leases->lease[i], cpu))
                        return true;
        return false;
}

uint64_t pi_task_terms_done(const PiTask *task) {
        /* Read first: what was dropped by then is counted in what is read after it. */
        uint64_t dropped = atomic_load(&task->dropped_terms);
        uint64_t terms = task->restored.terms + task->elsewhere.terms;

        for (uint32_t i = 0; i < task->n_shares; i++)
                terms += atomic_load_explicit(&task->share[i].terms, memory_order_relaxed);
        return terms - dropped;
}

uint32_t pi_task_leases_missing(const PiTask *task) {
        uint32_t missing = 0;

        for (uint32_t i = 0; i < task->leases->n; i++)
                if (atomic_load(&task->leases->lease[i].state) != PI_LEASE_VERIFIED)
                        missing++;
        return missing;
}

uint64_t pi_task_cpu_nsec(const PiTask *task) {
        uint64_t nsec = task->restored.cpu_nsec + task->elsewhere.cpu_nsec;

        for (uint32_t i = 0; i < task->n_shares; i++)
                nsec += atomic_load_explicit(&task->share[i].cpu_nsec, memory_order_relaxed);
        return nsec;
}

uint64_t pi_task_recomputed(const PiTask *task) {
        uint64_t stretches = 0;

        for (uint32_t i = 0; i < task->n_shares; i++)
                stretches += atomic_load(&task->share[i].recomputed);
        return stretches;
}

uint64_t pi_task_retries(const PiTask *task) {
        uint64_t retries = task->restored.retries;

        for (uint32_t i = 0; i < task->leases->n; i++) {
                uint8_t attempts = atomic_load(&task->leases->lease[i].attempts);
                retries += attempts > 1 ? attempts - 1 : 0;
        }
        return retries;
}

void pi_task_sum(const PiTask *task, PiFixed *ret_sum, PiFixed *ret_tolerance) {
        PiFixed sum = task->restored.sum, tolerance = task->restored.tolerance;

        pi_fixed_add(&sum, &task->elsewhere.sum);
        for (uint32_t i = 0; i < task->n_shares; i++) {
                pi_fixed_add(&sum, &task->share[i].sum);
                pi_fixed_add(&tolerance, &task->share[i].tolerance);
        }
        /* The bound of an exact kernel does not depend on how the range was split. */
        if (task->kernel->exact)
                pi_tolerance(task->kernel, pi_task_range(task), &tolerance);
        *ret_sum = sum;
        *ret_tolerance = tolerance;
}
