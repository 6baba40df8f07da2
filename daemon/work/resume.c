/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/expected.h"
#include "daemon/work/task.h"

static int by_lease(const void *a, const void *b) {
        const PiPartial *x = a, *y = b;

        if (x->lease != y->lease)
                return x->lease < y->lease ? -1 : 1;
        /* Of two the one that is further comes first. */
        return (x->next_term < y->next_term) - (x->next_term > y->next_term);
}

/* The leases that lie and those in hands. One that changes hands meanwhile may be there twice, or
 * be finished. */
static void gather_partials(PiTask *task, GArray *partials) {
        pthread_mutex_lock(&task->lock);
        g_array_append_vals(partials, task->left->data, task->left->len);
        pthread_mutex_unlock(&task->lock);
}

/* Adds the sums of the leases that each worker has verified, and tells how many these are. */
static void gather_shares(PiTask *task, PiSnapshot *s, uint32_t *merged, GArray *partials) {
        for (uint32_t i = 0; i < task->n_shares; i++) {
                PiTaskShare *share = &task->share[i];

                pthread_mutex_lock(&share->lock);
                pi_fixed_add(&s->sum, &share->sum);
                pi_fixed_add(&s->tolerance, &share->tolerance);
                merged[i] = share->leases;
                if (share->is_open)
                        g_array_append_val(partials, share->open);
                pthread_mutex_unlock(&share->lock);
        }
}

static void mark_verified(const PiTask *task, PiSnapshot *s, const uint32_t *merged) {
        for (uint32_t i = 0; i < task->leases->n; i++) {
                const PiLease *lease = &task->leases->lease[i];
                uint16_t worker;

                if (atomic_load(&lease->state) != PI_LEASE_VERIFIED)
                        continue;
                worker = atomic_load(&lease->worker);
                if (lease->node > 0 || worker == PI_LEASE_NO_WORKER ||
                    atomic_load(&lease->order) < merged[worker])
                        pi_snapshot_add(s, i);
        }
}

static void keep_partials(const PiTask *task, PiSnapshot *s, const GArray *partials) {
        s->n_partials = 0;
        for (guint i = 0; i < partials->len; i++) {
                const PiPartial *p = &g_array_index(partials, PiPartial, i);
                PiRange range = pi_task_lease_range(task, p->lease);

                if (pi_snapshot_has(s, p->lease) || p->next_term == range.begin ||
                    (s->n_partials > 0 && s->partial[s->n_partials - 1].lease == p->lease))
                        continue;
                if (p->next_term < range.end) {
                        s->partial[s->n_partials++] = *p;
                        continue;
                }
                /* Complete, and its worker just about to say so. */
                pi_fixed_add(&s->sum, &p->sum);
                pi_fixed_add(&s->tolerance, &p->tolerance);
                pi_snapshot_add(s, p->lease);
        }
}

PiSnapshot *pi_task_snapshot(PiTask *task) {
        g_autoptr(GArray) partials = g_array_new(FALSE, FALSE, sizeof(PiPartial));
        g_autofree uint32_t *merged = g_new(uint32_t, task->n_shares);
        PiSnapshot *s;

        gather_partials(task, partials);
        s = pi_snapshot_new(task->leases->n, partials->len + task->n_shares);
        s->sum = task->restored.sum;
        pi_fixed_add(&s->sum, &task->elsewhere.sum);
        s->tolerance = task->restored.tolerance;
        gather_shares(task, s, merged, partials);
        mark_verified(task, s, merged);
        g_array_sort(partials, by_lease);
        keep_partials(task, s, partials);
        s->terms_done = pi_task_terms_done(task);
        s->cpu_nsec = pi_task_cpu_nsec(task);
        s->retries = pi_task_retries(task) + pi_task_recomputed(task);
        return s;
}

/* Expected sum and tolerance of the verified leases; neighbours make one range. */
static uint64_t expect_verified(const PiTask *task, const PiSnapshot *s, PiFixed *ret_sum,
                                PiFixed *ret_tolerance) {
        uint64_t terms = 0;

        *ret_sum = *ret_tolerance = PI_FIXED_ZERO;
        for (uint32_t i = 0; i < s->n_leases; i++) {
                PiRange range;
                PiFixed sum, tolerance;

                if (!pi_snapshot_has(s, i))
                        continue;
                range = pi_task_lease_range(task, i);
                while (i + 1 < s->n_leases && pi_snapshot_has(s, i + 1))
                        range.end = pi_task_lease_range(task, ++i).end;
                pi_expected_sum(range, &sum);
                pi_tolerance(task->kernel, range, &tolerance);
                pi_fixed_add(ret_sum, &sum);
                pi_fixed_add(ret_tolerance, &tolerance);
                terms += range.end - range.begin;
        }
        return terms;
}

/* For a kernel that is not exact: pieces may have more than the whole, by what is rounded up for
 * each, but never several times as much. A damaged tolerance would let any sum pass. */
static bool tolerance_is_sound(const PiTask *task, PiRange range, const PiFixed *tolerance) {
        PiFixed most;

        pi_tolerance(task->kernel, range, &most);
        pi_fixed_mul_u32(&most, 4);
        return task->kernel->exact || (!pi_fixed_is_negative(tolerance) &&
                                       pi_fixed_cmp(tolerance, &most) <= 0);
}

static bool check_partials(const PiTask *task, const PiSnapshot *s) {
        for (uint32_t i = 0; i < s->n_partials; i++) {
                const PiPartial *p = &s->partial[i];
                PiRange range;
                PiFixed tolerance = p->tolerance;

                if (p->lease >= s->n_leases || pi_snapshot_has(s, p->lease) ||
                    (i > 0 && p->lease <= s->partial[i - 1].lease))
                        return false;
                range = pi_task_lease_range(task, p->lease);
                if (p->next_term <= range.begin || p->next_term >= range.end ||
                    p->next_term % PI_GROUP_TERMS != 0)
                        return false;
                range.end = p->next_term;
                if (task->kernel->exact)
                        pi_tolerance(task->kernel, range, &tolerance);
                if (!tolerance_is_sound(task, range, &p->tolerance) ||
                    !pi_verify_within(range, &p->sum, &tolerance, NULL))
                        return false;
        }
        return true;
}

static void take_over(PiTask *task, const PiSnapshot *s, uint64_t terms) {
        task->restored.sum = s->sum;
        task->restored.tolerance = s->tolerance;
        task->restored.terms = terms;
        for (uint32_t i = 0; i < s->n_partials; i++)
                task->restored.terms += s->partial[i].next_term -
                                        pi_task_lease_range(task, s->partial[i].lease).begin;
        task->restored.cpu_nsec = s->cpu_nsec;
        task->restored.retries = s->retries;
        for (uint32_t i = 0; i < s->n_leases; i++)
                if (pi_snapshot_has(s, i)) {
                        atomic_store(&task->leases->lease[i].begun, true);
                        atomic_store(&task->leases->lease[i].state, PI_LEASE_VERIFIED);
                        task->restored.leases++;
                }
        for (uint32_t i = 0; i < s->n_partials; i++)
                atomic_store(&task->leases->lease[s->partial[i].lease].begun, true);
        g_array_append_vals(task->left, s->partial, s->n_partials);
        atomic_store(&task->n_left, s->n_partials);
}

bool pi_task_restore(PiTask *task, const PiSnapshot *s) {
        PiFixed residual, expected, tolerance;
        uint64_t terms;

        if (s->n_leases != task->leases->n || !check_partials(task, s) ||
            !tolerance_is_sound(task, (PiRange) { 0, task->terms }, &s->tolerance))
                return false;
        terms = expect_verified(task, s, &expected, &tolerance);
        residual = s->sum;
        pi_fixed_sub(&residual, &expected);
        if (!pi_is_within(&residual, task->kernel->exact ? &tolerance : &s->tolerance))
                return false;
        take_over(task, s, terms);
        return true;
}
