/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/scheduler.h"

#include "daemon/jobs/runner.h"
#include "daemon/jobs/usage.h"
#include "daemon/work/clock.h"

struct PiScheduler {
        PiPool *pool;
        const PiSettings *settings;
        const PiSchedulerHooks *hooks;
        PiRunnerHooks runner_hooks;
        PiUsage *usage;
        GQueue queue;   /* PiJob, in the order they came */
        GQueue running; /* PiJob */
        gboolean stopped;
};

static uint64_t now_nsec(void) {
        return pi_clock_nsec(CLOCK_MONOTONIC);
}

static void charge(PiScheduler *s, PiJob *job) {
        uint64_t used = pi_job_cpu_nsec(job);

        pi_usage_charge(s->usage, job->owner, used - job->charged_nsec, now_nsec());
        job->charged_nsec = used;
}

/* What the job reserves on this node: what it asked for, or what there is where cores are out of
 * service or the settings have changed. */
static uint32_t slots_for(const PiScheduler *s, const PiJob *job) {
        uint32_t slots = MIN(job->spec.cpus, pi_pool_in_service(s->pool));

        if (job->spec.elsewhere)
                return 0;
        return s->settings->cpus_per_user > 0 ? MIN(slots, s->settings->cpus_per_user) : slots;
}

/* Whether `a` comes before `b` when they are of different users, or alike in all else. */
static gboolean precedes(PiScheduler *s, const PiJob *a, const PiJob *b, uint64_t now) {
        double used_a, used_b;

        if (a->spec.priority != b->spec.priority)
                return a->spec.priority > b->spec.priority;
        used_a = pi_usage_of(s->usage, a->owner, now);
        used_b = pi_usage_of(s->usage, b->owner, now);
        return used_a != used_b ? used_a < used_b : a->id < b->id;
}

static gboolean may_take_from(PiScheduler *s, const PiJob *job, const PiJob *victim, uint64_t now) {
        if (job->spec.priority != victim->spec.priority)
                return job->spec.priority > victim->spec.priority;
        if (job->owner == victim->owner)
                return pi_job_is_attached(job) && !pi_job_is_attached(victim);
        return now - victim->run_nsec >= s->settings->time_slice_usec * 1000 &&
               pi_usage_of(s->usage, job->owner, now) < pi_usage_of(s->usage, victim->owner, now);
}

/* Whether it will have left soon, or can be asked to. */
static gboolean may_go(PiScheduler *s, const PiJob *job, const PiJob *other, uint64_t now) {
        if (other->leaving || other->error)
                return TRUE;
        return may_take_from(s, job, other, now) &&
               !s->hooks->is_judged(other, s->hooks->userdata);
}

/* CPU slots the user would have too many with this job; `without`: once those are gone that may. */
static uint32_t slots_too_many(PiScheduler *s, const PiJob *job, gboolean without,
                               uint64_t now) {
        uint32_t limit = s->settings->cpus_per_user, slots = slots_for(s, job);

        if (limit == 0)
                return 0;
        for (const GList *l = s->running.head; l; l = l->next) {
                const PiJob *other = l->data;

                if (other->owner == job->owner && !(without && may_go(s, job, other, now)))
                        slots += other->slots;
        }
        return slots > limit ? slots - limit : 0;
}

/* Whether the engine takes one more; nobody makes room there. */
static gboolean may_launch(const PiScheduler *s, const PiJob *job) {
        uint32_t launched = 0;

        for (const GList *l = s->running.head; l; l = l->next)
                launched += ((const PiJob *) l->data)->spec.engine != PI_ENGINE_LOCAL;
        return job->spec.engine == PI_ENGINE_LOCAL || launched < s->settings->engine_jobs;
}

static gboolean may_have_a_turn(PiScheduler *s, const PiJob *job, uint64_t now) {
        return may_launch(s, job) && slots_too_many(s, job, TRUE, now) == 0;
}

/* First whose turn it is, then which of that user's jobs of this priority. */
static PiJob *next_job(PiScheduler *s) {
        uint64_t now = now_nsec();
        PiJob *first = NULL;

        for (GList *l = s->queue.head; l; l = l->next)
                if (may_have_a_turn(s, l->data, now) &&
                    (!first || precedes(s, l->data, first, now)))
                        first = l->data;
        for (GList *l = first ? s->queue.head : NULL; l; l = l->next) {
                PiJob *job = l->data;
                gboolean attached = pi_job_is_attached(job);

                if (job->owner == first->owner && job->spec.priority == first->spec.priority &&
                    may_have_a_turn(s, job, now) &&
                    (attached != pi_job_is_attached(first) ? attached : job->id < first->id))
                        first = job;
        }
        return first;
}

/* The one to go first: of least priority, then of the user who has had most, then the last come. */
static gint weakest_first(gconstpointer a, gconstpointer b, gpointer userdata) {
        return precedes(userdata, *(PiJob *const *) a, *(PiJob *const *) b, now_nsec()) ? 1 : -1;
}

/* Has enough running jobs leave for this one to have so many more slots, or none; `own`: only those
 * of its user. */
static void make_room(PiScheduler *s, const PiJob *job, uint32_t slots, gboolean own) {
        g_autoptr(GPtrArray) victims = g_ptr_array_new();
        uint32_t coming = 0, possible;
        uint64_t now = now_nsec();

        for (GList *l = s->running.head; l; l = l->next) {
                PiJob *other = l->data;

                if (own && other->owner != job->owner)
                        continue;
                if (other->leaving || other->error)
                        coming += other->slots;
                else if (other->slots > 0 && may_go(s, job, other, now))
                        g_ptr_array_add(victims, other);
        }
        possible = coming;
        for (guint i = 0; i < victims->len; i++)
                possible += ((PiJob *) victims->pdata[i])->slots;
        if (possible < slots)
                return;
        g_ptr_array_sort_with_data(victims, weakest_first, s);
        for (guint i = 0; i < victims->len && coming < slots; i++) {
                coming += ((PiJob *) victims->pdata[i])->slots;
                pi_runner_leave(victims->pdata[i]);
        }
}

/* Leases of other nodes come in small orders, the next before the one is done: they take what CPU
 * slots are idle and more when there are, where a job waits until it fits. */
static void grow_guests(PiScheduler *s) {
        for (const GList *l = s->running.head; l && pi_pool_idle(s->pool) > 0; l = l->next) {
                PiJob *job = l->data;

                if (job->guest)
                        pi_runner_grow(job, slots_for(s, job));
        }
}

static void start(PiScheduler *s, PiJob *job, uint32_t slots) {
        g_queue_remove(&s->queue, job);
        g_queue_push_tail(&s->running, job);
        pi_job_set_state(job, PI_JOB_RUNNING);
        pi_runner_start(s->pool, job, slots, &s->runner_hooks);
}

/* The next job, started; NULL when there is none or no room for it. */
static PiJob *start_next(PiScheduler *s) {
        PiJob *job = s->stopped ? NULL : next_job(s);
        uint32_t slots, idle = pi_pool_idle(s->pool), too_many;

        if (!job)
                return NULL;
        slots = slots_for(s, job);
        if (job->guest)
                slots = CLAMP(idle, 1, slots);
        too_many = slots_too_many(s, job, FALSE, now_nsec());
        if (too_many > 0) {
                make_room(s, job, too_many, TRUE);
                return NULL;
        }
        if (slots > idle) {
                make_room(s, job, slots - idle, FALSE);
                return NULL;
        }
        start(s, job, slots);
        return job;
}

void pi_scheduler_admit(PiScheduler *s) {
        PiJob *job;

        while ((job = start_next(s)))
                s->hooks->started(job, s->hooks->userdata);
        grow_guests(s);
}

void pi_scheduler_add(PiScheduler *s, PiJob *job, gboolean quietly) {
        PiJob *started;

        g_queue_push_tail(&s->queue, job);
        while ((started = start_next(s)))
                if (started != job || !quietly)
                        s->hooks->started(started, s->hooks->userdata);
}

void pi_scheduler_remove(PiScheduler *s, PiJob *job) {
        g_queue_remove(&s->queue, job);
}

static void job_done(PiJob *job, gpointer userdata) {
        PiScheduler *s = userdata;

        charge(s, job);
        g_queue_remove(&s->running, job);
        s->hooks->done(job, s->hooks->userdata);
        pi_scheduler_admit(s);
}

static void job_left(PiJob *job, gpointer userdata) {
        PiScheduler *s = userdata;

        charge(s, job);
        g_queue_remove(&s->running, job);
        pi_job_set_state(job, PI_JOB_QUEUED);
        if (s->stopped) {
                s->hooks->suspended(job, s->hooks->userdata);
                return;
        }
        g_queue_push_tail(&s->queue, job);
        s->hooks->preempted(job, s->hooks->userdata);
        pi_scheduler_admit(s);
}

void pi_scheduler_tick(PiScheduler *s) {
        for (GList *l = s->running.head; l; l = l->next)
                charge(s, l->data);
        pi_scheduler_admit(s);
}

void pi_scheduler_stop(PiScheduler *s) {
        s->stopped = TRUE;
}

void pi_scheduler_suspend(PiScheduler *s, PiJob *job) {
        g_return_if_fail(s->stopped && job->state == PI_JOB_RUNNING);
        pi_runner_leave(job);
}

const GQueue *pi_scheduler_running(const PiScheduler *s) {
        return &s->running;
}

const GQueue *pi_scheduler_queued(const PiScheduler *s) {
        return &s->queue;
}

void pi_scheduler_set_settings(PiScheduler *s, const PiSettings *settings) {
        s->settings = settings;
        pi_usage_set_half_life(s->usage, settings->half_life_usec, now_nsec());
}

PiScheduler *pi_scheduler_new(PiPool *pool, const PiSettings *settings,
                              const PiSchedulerHooks *hooks) {
        PiScheduler *s = g_new0(PiScheduler, 1);

        s->pool = pool;
        s->hooks = hooks;
        s->runner_hooks = (PiRunnerHooks) { job_done, job_left, s };
        s->usage = pi_usage_new();
        pi_scheduler_set_settings(s, settings);
        return s;
}

void pi_scheduler_free(PiScheduler *s) {
        if (!s)
                return;
        g_queue_clear(&s->queue);
        g_queue_clear(&s->running);
        pi_usage_free(s->usage);
        g_free(s);
}
