/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/lend.h"

static uint64_t lease_terms(const PiTask *task, uint32_t lease) {
        PiRange range = pi_task_lease_range(task, lease);

        return range.end - range.begin;
}

static void note_loan(PiTask *task, uint32_t index) {
        PiLease *lease = &task->leases->lease[index];

        atomic_fetch_add(&lease->attempts, 1);
        atomic_store(&lease->begun, true);
        atomic_store(&lease->worker, PI_LEASE_NO_WORKER);
        atomic_store(&lease->state, PI_LEASE_LENT);
}

/* Where the lease lies among those left; under the lock. */
static bool find_left(const PiTask *task, uint32_t lease, guint *ret) {
        for (guint i = 0; i < task->left->len; i++)
                if (g_array_index(task->left, PiPartial, i).lease == lease) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* Under the lock. */
static void take_from_left(PiTask *task, guint index) {
        pi_task_drop(task, &g_array_index(task->left, PiPartial, index));
        g_array_remove_index_fast(task->left, index);
        atomic_store(&task->n_left, task->left->len);
}

/* One that came back from a loan, say. What is half done stays here. */
static bool lend_left(PiTask *task, uint32_t *ret) {
        bool found = false;

        pthread_mutex_lock(&task->lock);
        for (guint i = 0; i < task->left->len && !found; i++) {
                const PiPartial *p = &g_array_index(task->left, PiPartial, i);

                found = p->next_term == pi_task_lease_range(task, p->lease).begin &&
                        atomic_load(&task->leases->lease[p->lease].state) == PI_LEASE_WAITING;
                if (found) {
                        *ret = p->lease;
                        note_loan(task, p->lease);
                        take_from_left(task, i);
                }
        }
        pthread_mutex_unlock(&task->lock);
        return found;
}

static uint32_t run_from(const PiTask *task, uint32_t first, uint32_t max_leases,
                         uint64_t max_terms) {
        uint64_t terms = lease_terms(task, first);
        uint32_t n = 1;

        while (n < max_leases && first + n < task->leases->n &&
               !atomic_load(&task->leases->lease[first + n].begun)) {
                terms += lease_terms(task, first + n);
                if (terms > max_terms)
                        break;
                n++;
        }
        return n;
}

uint32_t pi_task_lend(PiTask *task, uint32_t max_leases, uint64_t max_terms, uint32_t *ret_first) {
        uint32_t first = atomic_load(&task->cursor), n;

        g_return_val_if_fail(task->kernel->exact && max_leases > 0, 0);
        if (atomic_load(&task->n_left) > 0 && lend_left(task, ret_first))
                return 1;
        while (first < task->leases->n) {
                bool begun = atomic_load(&task->leases->lease[first].begun);

                n = begun ? 1 : run_from(task, first, max_leases, max_terms);
                if (!atomic_compare_exchange_weak(&task->cursor, &first, first + n))
                        continue;
                if (begun) {
                        first++;
                        continue;
                }
                for (uint32_t i = 0; i < n; i++)
                        note_loan(task, first + i);
                *ret_first = first;
                return n;
        }
        return 0;
}

bool pi_task_lend_second(PiTask *task, uint64_t start_nsec, uint32_t *ret_lease) {
        for (uint32_t i = 0; i < task->leases->n; i++) {
                const PiLease *lease = &task->leases->lease[i];

                if (atomic_load(&lease->state) != PI_LEASE_RUNNING ||
                    atomic_load(&lease->start_nsec) > start_nsec)
                        continue;
                *ret_lease = i;
                return true;
        }
        return false;
}

/* Counted in task->redo while it lies there. */
static bool is_redo(const PiLease *lease) {
        return atomic_load(&lease->failures) < PI_LEASE_ATTEMPTS_MAX;
}

void pi_task_give_up(PiTask *task, uint32_t index) {
        if (!atomic_exchange(&task->leases->lease[index].given_up, true))
                task->elsewhere.given_up++;
}

/* The worker that failed it last may not have said so yet: it then finds it lent. */
bool pi_task_lend_given_up(PiTask *task, uint32_t *ret_lease) {
        for (uint32_t i = 0; task->elsewhere.given_up > 0 && i < task->leases->n; i++) {
                PiLease *lease = &task->leases->lease[i];
                uint8_t failed = PI_LEASE_FAILED, running = PI_LEASE_RUNNING;
                bool was_failed;

                if (!atomic_load(&lease->given_up))
                        continue;
                was_failed = atomic_compare_exchange_strong(&lease->state, &failed, PI_LEASE_LENT);
                if (!was_failed &&
                    !atomic_compare_exchange_strong(&lease->state, &running, PI_LEASE_LENT))
                        continue;
                if (was_failed && is_redo(lease))
                        atomic_fetch_sub(&task->redo, 1);
                note_loan(task, i);
                *ret_lease = i;
                return true;
        }
        return false;
}

/* Under the lock. */
static void put_to_left(PiTask *task, uint32_t lease) {
        PiPartial partial = { .lease = lease,
                              .next_term = pi_task_lease_range(task, lease).begin };
        guint at;

        if (find_left(task, lease, &at))
                return;
        g_array_append_val(task->left, partial);
        atomic_store(&task->n_left, task->left->len);
}

void pi_task_return(PiTask *task, uint32_t index) {
        PiLease *lease = &task->leases->lease[index];
        bool given_up = atomic_load(&lease->given_up);
        uint8_t lent = PI_LEASE_LENT;

        pthread_mutex_lock(&task->lock);
        if (given_up && is_redo(lease))
                atomic_fetch_add(&task->redo, 1);
        if (!atomic_compare_exchange_strong(&lease->state, &lent,
                                            given_up ? PI_LEASE_FAILED : PI_LEASE_WAITING)) {
                if (given_up && is_redo(lease))
                        atomic_fetch_sub(&task->redo, 1);
        } else if (!given_up)
                put_to_left(task, index);
        pthread_mutex_unlock(&task->lock);
}

void pi_task_double(PiTask *task, uint32_t lease) {
        pthread_mutex_lock(&task->lock);
        if (atomic_load(&task->leases->lease[lease].state) == PI_LEASE_LENT &&
            !atomic_load(&task->leases->lease[lease].given_up))
                put_to_left(task, lease);
        pthread_mutex_unlock(&task->lock);
}

/* In one go with what workers do when they leave a lease. */
static uint8_t verify(PiTask *task, PiLease *lease, uint32_t index) {
        uint8_t state;
        guint at;

        pthread_mutex_lock(&task->lock);
        state = atomic_exchange(&lease->state, PI_LEASE_VERIFIED);
        if (state != PI_LEASE_VERIFIED && find_left(task, index, &at))
                take_from_left(task, at);
        if (state == PI_LEASE_FAILED && is_redo(lease))
                atomic_fetch_sub(&task->redo, 1);
        pthread_mutex_unlock(&task->lock);
        return state;
}

PiLoanOutcome pi_task_accept(PiTask *task, uint32_t index, uint16_t node, const PiFixed *sum) {
        PiLease *lease = &task->leases->lease[index];
        uint8_t state = verify(task, lease, index);

        if (state == PI_LEASE_VERIFIED)
                return PI_LOAN_LATE;
        lease->node = node;
        pi_fixed_add(&task->elsewhere.sum, sum);
        task->elsewhere.terms += lease_terms(task, index);
        task->elsewhere.leases++;
        return state == PI_LEASE_FAILED ? PI_LOAN_SETTLED : PI_LOAN_COUNTED;
}

uint64_t pi_task_untaken_terms(const PiTask *task) {
        uint32_t taken = atomic_load(&task->cursor), n = task->leases->n;
        PiRange range = pi_task_range(task);

        if (taken >= n)
                return atomic_load(&task->n_left) * ((range.end - range.begin) / n);
        return range.end - pi_task_lease_range(task, taken).begin;
}
