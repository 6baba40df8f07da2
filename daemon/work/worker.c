/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/worker.h"

#include "daemon/series/expected.h"
#include "daemon/series/part-walk.h"
#include "daemon/series/sum.h"
#include "daemon/work/clock.h"

/* A lease in a worker's hands. Nothing of it reaches the task's sum before the whole of it is
 * verified, so a lease counts once however often it was begun. */
typedef struct Run {
        PiTask *task;
        PiTaskShare *share;
        PiWorkerStats *stats;
        PiFixed sum;
        PiFixed tolerance;
        uint64_t terms;    /* verified so far */
        uint64_t charged_terms; /* of these, the ones whose time is in the counters */
        uint64_t cpu_nsec;      /* the clocks when it was last charged */
        uint64_t wall_nsec;
        PiRange stretch;   /* summed, not verified yet */
        PiFixed stretch_sum;
} Run;

static void add_relaxed(_Atomic uint64_t *counter, uint64_t n) {
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool is_cancelled(const PiTask *task) {
        return atomic_load_explicit(&task->cancelled, memory_order_relaxed);
}

/* Adds the time since the last charge to the counters: they are true of a long lease, too. */
static void charge(Run *run) {
        uint64_t cpu = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);
        uint64_t wall = pi_clock_nsec(CLOCK_MONOTONIC);

        add_relaxed(&run->share->cpu_nsec, cpu - run->cpu_nsec);
        add_relaxed(&run->stats->cpu_nsec, cpu - run->cpu_nsec);
        add_relaxed(&run->stats->wall_nsec, wall - run->wall_nsec);
        run->cpu_nsec = cpu;
        run->wall_nsec = wall;
        run->charged_terms = run->terms;
}

/* Verifies the open stretch and closes it. One that fails is summed once more at once: a transient
 * fault ends here, a lasting one goes to another core. */
static bool close_stretch(Run *run) {
        const PiKernel *kernel = run->task->kernel;
        uint64_t terms = run->stretch.end - run->stretch.begin;
        PiFixed tolerance;

        if (terms == 0)
                return true;
        pi_tolerance(kernel, run->stretch, &tolerance);
        if (!pi_verify_within(run->stretch, &run->stretch_sum, &tolerance, NULL)) {
                run->share->recomputed++;
                add_relaxed(&run->stats->recomputed, 1);
                pi_sum_range(kernel, run->stretch, &run->stretch_sum);
                if (!pi_verify_within(run->stretch, &run->stretch_sum, &tolerance, NULL))
                        return false;
        }
        pi_fixed_add(&run->sum, &run->stretch_sum);
        if (!kernel->exact)
                pi_fixed_add(&run->tolerance, &tolerance);
        run->terms += terms;
        add_relaxed(&run->share->terms, terms);
        add_relaxed(&run->stats->terms, terms);
        add_relaxed(&run->stats->beats, 1);
        run->stretch.begin = run->stretch.end;
        run->stretch_sum = PI_FIXED_ZERO;
        /* The stretches of an inexact kernel may be too short for two clocks each. */
        if (run->terms - run->charged_terms >= PI_STRETCH_TERMS)
                charge(run);
        return true;
}

/* Sums a part: many small parts fill one stretch, a large one is cut into several. */
static bool run_part(Run *run, PiRange part) {
        const PiTask *task = run->task;

        while (part.begin < part.end) {
                uint64_t room = PI_STRETCH_TERMS - (run->stretch.end - run->stretch.begin);
                PiRange piece = { part.begin, MIN(part.end, part.begin + room) };
                PiFixed sum;

                pi_sum_range(task->kernel, piece, &sum);
                if (is_cancelled(task))
                        return false;
                pi_fixed_add(&run->stretch_sum, &sum);
                run->stretch.end = part.begin = piece.end;
                /* An inexact sum has the tolerance of one run of additions: its own stretch. */
                if ((run->stretch.end - run->stretch.begin == PI_STRETCH_TERMS ||
                     !task->kernel->exact) &&
                    !close_stretch(run))
                        return false;
        }
        return true;
}

static bool run_parts(Run *run, uint64_t first, uint64_t end) {
        PiPartWalk walk;

        pi_part_walk_init(&walk, run->task->terms, run->task->parts, first);
        run->stretch.begin = run->stretch.end = walk.group * PI_GROUP_TERMS;
        for (uint64_t part = first; part < end; part++)
                if (!run_part(run, pi_part_walk_next(&walk)))
                        return false;
        return close_stretch(run);
}

static void merge(Run *run) {
        pi_fixed_add(&run->share->sum, &run->sum);
        pi_fixed_add(&run->share->tolerance, &run->tolerance);
        run->share->leases++;
}

static void run_lease(PiTask *task, uint32_t index, PiWorkerId id, PiWorkerStats *stats) {
        PiLease *lease = &task->leases->lease[index];
        uint64_t first = pi_lease_first_part(task->leases, index);
        uint64_t end = pi_lease_first_part(task->leases, index + 1);
        Run run = {
                .task = task,
                .share = &task->share[id.index],
                .stats = stats,
                .cpu_nsec = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID),
                .wall_nsec = pi_clock_nsec(CLOCK_MONOTONIC),
        };
        uint64_t start = run.wall_nsec - task->created_nsec, none = 0;
        PiLeaseState state;

        atomic_compare_exchange_strong(&task->first_start_nsec, &none, start);
        atomic_store(&lease->cpu, id.cpu);
        atomic_store(&lease->worker, (uint16_t) id.index);
        atomic_store(&lease->start_nsec, start);
        if (atomic_fetch_add(&lease->attempts, 1) > 0)
                add_relaxed(&stats->recomputed, 1);
        atomic_store(&lease->state, PI_LEASE_RUNNING);

        if (run_parts(&run, first, end)) {
                merge(&run);
                add_relaxed(&stats->parts, end - first);
                add_relaxed(&stats->leases_verified, 1);
                state = PI_LEASE_VERIFIED;
        } else if (is_cancelled(task))
                state = PI_LEASE_WAITING;
        else {
                atomic_fetch_sub(&run.share->terms, run.terms);
                add_relaxed(&stats->leases_failed, 1);
                state = PI_LEASE_FAILED;
        }

        charge(&run);
        atomic_store(&lease->elapsed_nsec, run.wall_nsec - task->created_nsec - start);
        atomic_store(&lease->state, state);
}

static bool is_for(const PiTask *task, const PiLease *lease, PiWorkerId id) {
        if (!task->retrying)
                return true;
        /* A failed lease goes to another worker than last time, unless no other was to be had: then
         * the pass runs on the very worker it should avoid. */
        return atomic_load(&lease->state) == PI_LEASE_WAITING &&
               (atomic_load(&lease->worker) != id.index || id.index == task->avoid_worker);
}

void pi_worker_run(PiTask *task, PiWorkerId id, PiWorkerStats *stats) {
        task->share[id.index].cpu = id.cpu;
        while (!is_cancelled(task)) {
                uint32_t index = atomic_fetch_add(&task->cursor, 1);

                if (index >= task->leases->n)
                        return;
                if (is_for(task, &task->leases->lease[index], id))
                        run_lease(task, index, id, stats);
        }
}
