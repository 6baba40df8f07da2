/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/worker.h"

#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "daemon/work/clock.h"

/* The clocks of a thread are read after so many terms: 0.4 ms with a fast kernel. */
#define CHARGE_TERMS (UINT64_C(1) << 24)

/* A worker's visit to a task. */
typedef struct Visit {
        PiTask *task;
        PiWorker *worker;
        PiTaskShare *share;
        PiVerifier verifier;
        uint64_t uncharged_terms; /* whose time is not in the counters yet */
        uint64_t cpu_nsec;        /* the clocks when they were last charged */
        uint64_t wall_nsec;
} Visit;

/* A lease in a worker's hands. Nothing of it reaches the task's sum before the whole of it is
 * verified, so a lease counts once however often it was begun. */
typedef struct Run {
        Visit *visit;
        PiPartial taken; /* the lease as it came */
        bool failed;     /* the open stretch is wrong for good */
        bool overtaken;  /* another node has had the lease right first */
        uint64_t terms;  /* verified since it came */
        PiPartWalk before; /* where the open stretch begins */
        PiRange stretch;   /* summed, not verified yet */
        PiFixed stretch_sum;
        PiFixed residual; /* of the first sum of a stretch that was wrong */
} Run;

static void add_relaxed(_Atomic uint64_t *counter, uint64_t n) {
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool is_cancelled(const PiTask *task) {
        return atomic_load_explicit(&task->cancelled, memory_order_relaxed);
}

/* Adds the time since the last charge to the counters. */
static void charge(Visit *visit) {
        uint64_t cpu = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);
        uint64_t wall = pi_clock_nsec(CLOCK_MONOTONIC);

        add_relaxed(&visit->share->cpu_nsec, cpu - visit->cpu_nsec);
        add_relaxed(&visit->worker->stats.cpu_nsec, cpu - visit->cpu_nsec);
        add_relaxed(&visit->worker->stats.wall_nsec, wall - visit->wall_nsec);
        visit->cpu_nsec = cpu;
        visit->wall_nsec = wall;
        visit->uncharged_terms = 0;
}

static void tell(const Run *run, PiSightingKind kind) {
        const PiWorker *w = run->visit->worker;
        PiTask *task = run->visit->task;
        PiSighting sighting = {
                .kind = kind,
                .task = task,
                .lease = run->taken.lease,
                .worker = w->index,
                .cpu = w->cpu,
                .attempts = atomic_load(&task->leases->lease[run->taken.lease].attempts),
        };

        if (kind != PI_SIGHTING_SETTLED) {
                sighting.stretch = run->stretch;
                sighting.residual = run->residual;
        }
        if (w->saw)
                w->saw(&sighting, w->userdata);
}

static bool verify_stretch(Run *run, PiFixed *ret_tolerance, PiFixed *ret_residual) {
        Visit *v = run->visit;

        pi_fault_touch(&v->worker->fault, &v->task->cancelled, run->stretch, &run->stretch_sum);
        return pi_verifier_next(&v->verifier, v->task->kernel, run->stretch.end,
                                &run->stretch_sum, ret_tolerance, ret_residual);
}

/* Sums the next stretch of the parts before `end`: many small ones, or a piece of a large one. */
static void sum_stretch(Run *run, PiPartWalk *walk, uint64_t end) {
        const PiKernel *kernel = run->visit->task->kernel;
        uint64_t begin = pi_part_walk_at(walk), limit = pi_stretch_end(begin);

        run->before = *walk;
        /* An inexact sum has the tolerance of one run of additions: a part is its own stretch. */
        if (kernel->exact)
                pi_sum_parts(kernel, walk, limit, end, &run->stretch_sum);
        else
                pi_sum_range(kernel, pi_part_walk_take(walk, limit), &run->stretch_sum);
        run->stretch = (PiRange) { begin, pi_part_walk_at(walk) };
}

/* Sums the open stretch, which was wrong, once more, in the same way and against a new expected
 * value: a transient fault ends here, a lasting one goes to another core. */
static bool sum_stretch_again(Run *run, uint64_t end) {
        PiPartWalk again = run->before;

        add_relaxed(&run->visit->share->recomputed, 1);
        add_relaxed(&run->visit->worker->stats.recomputed, 1);
        pi_verifier_init(&run->visit->verifier, run->stretch.begin);
        sum_stretch(run, &again, end);
        run->failed = !verify_stretch(run, NULL, NULL);
        if (!run->failed)
                tell(run, PI_SIGHTING_CLEARED);
        return !run->failed;
}

/* Verifies the open stretch, of parts before `end`, and closes it. */
static bool close_stretch(Run *run, uint64_t end) {
        Visit *v = run->visit;
        uint64_t terms = run->stretch.end - run->stretch.begin;
        PiFixed tolerance;

        if (!verify_stretch(run, &tolerance, &run->residual) && !sum_stretch_again(run, end))
                return false;
        pthread_mutex_lock(&v->share->lock);
        pi_fixed_add(&v->share->open.sum, &run->stretch_sum);
        if (!v->task->kernel->exact)
                pi_fixed_add(&v->share->open.tolerance, &tolerance);
        v->share->open.next_term = run->stretch.end;
        pthread_mutex_unlock(&v->share->lock);
        run->terms += terms;
        add_relaxed(&v->share->terms, terms);
        add_relaxed(&v->worker->stats.terms, terms);
        add_relaxed(&v->worker->stats.beats, 1);
        v->uncharged_terms += terms;
        if (v->uncharged_terms >= CHARGE_TERMS)
                charge(v);
        return true;
}

/* The parts before `end`, from the term at which the lease was left. FALSE when a stretch failed,
 * another node was first or the task was cancelled. */
static bool run_parts(Run *run, uint64_t end) {
        Visit *v = run->visit;
        PiPartWalk walk;

        pi_part_walk_init_at(&walk, v->task->terms, v->task->parts, v->share->open.next_term);
        /* It may stand where the last lease ended. */
        if (v->verifier.term != pi_part_walk_at(&walk))
                pi_verifier_init(&v->verifier, pi_part_walk_at(&walk));
        while (!pi_part_walk_done(&walk, end)) {
                sum_stretch(run, &walk, end);
                run->overtaken = pi_task_is_overtaken(v->task, run->taken.lease);
                if (run->overtaken || is_cancelled(v->task) || !close_stretch(run, end))
                        return false;
        }
        return true;
}

static void open_lease(PiTaskShare *share, const PiPartial *partial) {
        pthread_mutex_lock(&share->lock);
        share->open = *partial;
        share->is_open = true;
        pthread_mutex_unlock(&share->lock);
}

static PiPartial close_lease(PiTaskShare *share) {
        pthread_mutex_lock(&share->lock);
        share->is_open = false;
        pthread_mutex_unlock(&share->lock);
        return share->open;
}

/* In one go, so that a snapshot has the sum of just the leases that it sees verified. FALSE when
 * another node was first: a lease counts once. */
static bool merge(Run *run, PiLease *lease) {
        PiTask *task = run->visit->task;
        PiTaskShare *share = run->visit->share;
        bool first;

        pthread_mutex_lock(&share->lock);
        if (task->lease_sum) {
                PiFixed *sum = &task->lease_sum[run->taken.lease];

                *sum = share->open.sum;
                pi_fault_touch_answer(&run->visit->worker->fault, sum);
        }
        atomic_store(&lease->order, share->leases);
        first = atomic_exchange(&lease->state, PI_LEASE_VERIFIED) != PI_LEASE_VERIFIED;
        if (first) {
                pi_fixed_add(&share->sum, &share->open.sum);
                pi_fixed_add(&share->tolerance, &share->open.tolerance);
                share->leases++;
        }
        share->is_open = false;
        pthread_mutex_unlock(&share->lock);
        return first;
}

/* Nothing of it is kept: what was summed does not count, whoever summed it. */
static void drop(Run *run) {
        (void) close_lease(run->visit->share);
        atomic_fetch_sub(&run->visit->share->terms, run->terms);
        pi_task_drop(run->visit->task, &run->taken);
}

/* A lease that failed is told of before another worker can take it. */
static void give_back(Run *run) {
        Visit *v = run->visit;

        drop(run);
        add_relaxed(&v->worker->stats.leases_failed, 1);
        pi_task_note_failure(v->task, run->taken.lease, v->worker->cpu);
        tell(run, PI_SIGHTING_LASTING);
        if (!pi_task_give_back(v->task, run->taken.lease))
                tell(run, PI_SIGHTING_SETTLED);
}

/* The task was cancelled: whoever takes the lease up goes on from the last stretch verified. */
static void leave(Run *run) {
        PiPartial partial = close_lease(run->visit->share);

        if (!pi_task_leave(run->visit->task, &partial))
                drop(run);
}

/* FALSE when it failed. */
static bool run_lease(Visit *visit, const PiPartial *partial) {
        PiTask *task = visit->task;
        PiWorker *w = visit->worker;
        uint32_t index = partial->lease;
        PiLease *lease = &task->leases->lease[index];
        uint64_t end = pi_lease_first_part(task->leases, index + 1);
        uint64_t parts = end - pi_lease_first_part(task->leases, index);
        Run run = { .visit = visit, .taken = *partial };
        uint64_t start = pi_clock_nsec(CLOCK_MONOTONIC) - task->created_nsec, none = 0;
        bool verified;

        if (!pi_task_begin(task, index)) {
                pi_task_drop(task, partial);
                return true;
        }
        atomic_compare_exchange_strong(&task->first_start_nsec, &none, start);
        atomic_store(&lease->cpu, w->cpu);
        atomic_store(&lease->worker, (uint16_t) w->index);
        atomic_store(&lease->start_nsec, start);
        if (atomic_fetch_add(&lease->attempts, 1) > 0)
                add_relaxed(&w->stats.recomputed, 1);
        open_lease(visit->share, partial);

        verified = run_parts(&run, end);
        atomic_store(&lease->elapsed_nsec,
                     pi_clock_nsec(CLOCK_MONOTONIC) - task->created_nsec - start);
        if (run.failed) {
                give_back(&run);
                return false;
        }
        if (run.overtaken || (verified && !merge(&run, lease))) {
                drop(&run);
                return true;
        }
        if (!verified) { /* cancelled */
                leave(&run);
                return true;
        }
        add_relaxed(&w->stats.parts, parts);
        add_relaxed(&w->stats.leases_verified, 1);
        if (atomic_load(&lease->failures) > 0)
                tell(&run, PI_SIGHTING_SETTLED);
        return true;
}

void pi_worker_run(PiTask *task, PiWorker *w) {
        Visit visit = {
                .task = task,
                .worker = w,
                .share = &task->share[w->index],
                .verifier.term = UINT64_MAX,
                .cpu_nsec = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID),
                .wall_nsec = pi_clock_nsec(CLOCK_MONOTONIC),
        };
        PiPartial partial;

        visit.share->cpu = w->cpu;
        /* Whoever fails one lease may fail them all. */
        while (!is_cancelled(task) && pi_task_take(task, w->cpu, &partial) &&
               run_lease(&visit, &partial)) {
        }
        charge(&visit);
        /* Also of a worker that found all leases taken. */
        add_relaxed(&w->stats.beats, 1);
}
