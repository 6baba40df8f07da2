/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pool.h"

#include <pthread.h>

#include "daemon/work/cpus.h"
#include "dbus/error.h"

/* Between two turns of the main loop. */
#define CLEARED_MAX 256

typedef struct Assignment {
        PiTask *task;
        uint32_t workers; /* still in the task */
        PiPoolDone done;
        gpointer userdata;
} Assignment;

typedef struct Slot {
        PiPool *pool;
        GThread *thread;
        PiWorker worker;
        PiCoreState state; /* of its CPU */
        uint64_t beats_seen;
        bool was_busy;
        bool told_hung;
        Assignment *assignment; /* main thread only: what it holds, NULL when idle */
        bool gone;              /* main thread only: has left, and this is still to be looked at */
        pthread_cond_t wake;
        Assignment *mailbox; /* under the mutex: what to run next */
        bool left;           /* under the mutex: has come out of its task */
} Slot;

struct PiPool {
        /* Not GMutex: the thread sanitizer sees through these only. */
        pthread_mutex_t mutex;
        bool stopping;     /* under the mutex; so the next two */
        GArray *sightings; /* PiSighting, in the order they came */
        uint64_t lost;
        GArray *drained; /* main thread only: those it works on */
        PiPoolSaw saw;
        gpointer userdata;
        void (*idle)(gpointer userdata);
        gpointer idle_userdata;
        uint32_t n_slots;
        Slot *slot;
        GQueue waiting; /* Assignment, for a worker to become idle */
        GSource *completions;
};

typedef struct CompletionSource {
        GSource source;
        PiPool *pool;
} CompletionSource;

/* Not under the mutex: who is woken takes it at once. */
static void wake_main(PiPool *pool) {
        g_source_set_ready_time(pool->completions, 0);
}

static gpointer worker_main(gpointer userdata) {
        Slot *s = userdata;
        PiPool *pool = s->pool;

        pi_cpus_settle_thread(s->worker.cpu);
        pthread_mutex_lock(&pool->mutex);
        for (;;) {
                Assignment *a;

                while (!s->mailbox && !pool->stopping)
                        pthread_cond_wait(&s->wake, &pool->mutex);
                a = g_steal_pointer(&s->mailbox);
                if (!a)
                        break;
                pthread_mutex_unlock(&pool->mutex);
                pi_worker_run(a->task, &s->worker);
                pthread_mutex_lock(&pool->mutex);
                s->left = true;
                pthread_mutex_unlock(&pool->mutex);
                wake_main(pool);
                pthread_mutex_lock(&pool->mutex);
        }
        pthread_mutex_unlock(&pool->mutex);
        return NULL;
}

/* In a worker's thread. The number of sightings that are not of cleared faults is bounded by
 * itself: a worker leaves its task when a lease fails, so between two turns of the main loop each
 * worker fails at most one lease, and no more are settled than had failed. */
static void post(const PiSighting *sighting, gpointer userdata) {
        PiPool *pool = userdata;

        pthread_mutex_lock(&pool->mutex);
        if (sighting->kind == PI_SIGHTING_CLEARED && pool->sightings->len >= CLEARED_MAX)
                pool->lost++;
        else
                g_array_append_vals(pool->sightings, sighting, 1);
        pthread_mutex_unlock(&pool->mutex);
        wake_main(pool);
}

static void assign(PiPool *pool, Slot *s, Assignment *a) {
        s->assignment = a;
        a->workers++;
        pthread_mutex_lock(&pool->mutex);
        s->mailbox = a;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&pool->mutex);
}

static bool is_idle(const Slot *s) {
        return !s->assignment && s->state == PI_CORE_IN_SERVICE;
}

static bool all_suspect(const PiPool *pool) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].state == PI_CORE_IN_SERVICE)
                        return false;
        return true;
}

/* Suspects may not wait for one another for ever: where there is nobody else they try what another
 * one failed. Their sums are verified as anybody's. */
static bool may_help(const Slot *s, const PiTask *task) {
        switch (s->state) {
        case PI_CORE_IN_SERVICE:
                return pi_task_may_run_on(task, s->worker.cpu);
        case PI_CORE_SUSPECT:
                return pi_task_may_retry_on(task, s->worker.cpu);
        case PI_CORE_OUT_OF_SERVICE:
        case _PI_CORE_STATE_MAX:
        default:
                return false;
        }
}

static Slot *idle_slot_for(PiPool *pool, const PiTask *task) {
        PiCoreState wanted = all_suspect(pool) ? PI_CORE_SUSPECT : PI_CORE_IN_SERVICE;

        for (uint32_t i = 0; i < pool->n_slots; i++) {
                Slot *s = &pool->slot[i];

                if (!s->assignment && s->state == wanted && may_help(s, task))
                        return s;
        }
        return NULL;
}

static void finish(Assignment *a) {
        a->done(a->task, a->userdata);
        g_free(a);
}

/* Gives idle workers to those who wait for one. */
static void serve_waiting(PiPool *pool) {
        for (GList *l = pool->waiting.head, *next; l; l = next) {
                Assignment *a = l->data;
                Slot *s = atomic_load(&a->task->cancelled) ? NULL : idle_slot_for(pool, a->task);

                next = l->next;
                if (!s)
                        continue;
                g_queue_delete_link(&pool->waiting, l);
                assign(pool, s, a);
        }
}

/* Ends those who wait and need no worker any more. */
static void end_cancelled(PiPool *pool) {
        for (GList *l = pool->waiting.head, *next; l; l = next) {
                Assignment *a = l->data;

                next = l->next;
                if (!atomic_load(&a->task->cancelled))
                        continue;
                g_queue_delete_link(&pool->waiting, l);
                finish(a);
                /* Whoever was told may have changed the queue. */
                next = pool->waiting.head;
        }
}

/* Returns whether others are still in the task. */
static bool worker_left(PiPool *pool, Slot *s) {
        Assignment *a = g_steal_pointer(&s->assignment);

        /* First, or whoever is told below takes the worker. */
        serve_waiting(pool);
        if (--a->workers > 0)
                return true;
        finish(a);
        return false;
}

/* Takes what workers have posted and which of them have left as of one moment: so what a worker saw
 * of a task is told before the task is done, and the task is still there. */
static void collect(PiPool *pool) {
        GArray *empty = pool->drained;

        pthread_mutex_lock(&pool->mutex);
        pool->drained = pool->sightings;
        pool->sightings = empty;
        for (uint32_t i = 0; i < pool->n_slots; i++) {
                pool->slot[i].gone = pool->slot[i].left;
                pool->slot[i].left = false;
        }
        pthread_mutex_unlock(&pool->mutex);
}

static gboolean dispatch_completions(GSource *source, GSourceFunc callback, gpointer userdata) {
        PiPool *pool = ((CompletionSource *) source)->pool;
        bool some_left = false;

        g_source_set_ready_time(source, -1);
        collect(pool);
        for (guint i = 0; i < pool->drained->len; i++)
                if (pool->saw)
                        pool->saw(&g_array_index(pool->drained, PiSighting, i), pool->userdata);
        g_array_set_size(pool->drained, 0);
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].gone) {
                        pool->slot[i].gone = false;
                        some_left |= worker_left(pool, &pool->slot[i]);
                }
        serve_waiting(pool);
        end_cancelled(pool);
        if (some_left && pool->idle)
                pool->idle(pool->idle_userdata);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs completion_funcs = { .dispatch = dispatch_completions };

static PiPool *new_empty(void) {
        PiPool *pool = g_new0(PiPool, 1);

        pthread_mutex_init(&pool->mutex, NULL);
        pool->sightings = g_array_sized_new(FALSE, FALSE, sizeof(PiSighting), CLEARED_MAX);
        pool->drained = g_array_sized_new(FALSE, FALSE, sizeof(PiSighting), CLEARED_MAX);
        pool->completions = g_source_new(&completion_funcs, sizeof(CompletionSource));
        ((CompletionSource *) pool->completions)->pool = pool;
        g_source_set_name(pool->completions, "worker completions");
        g_source_attach(pool->completions, NULL);
        return pool;
}

PiPool *pi_pool_new_on(const uint32_t *cpus, uint32_t n_workers, GError **error) {
        PiPool *pool;

        if (n_workers < 1 || n_workers > PI_WORKERS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%u workers are out of range: 1 to %d", n_workers, PI_WORKERS_MAX);
                return NULL;
        }
        pool = new_empty();
        pool->slot = g_new0(Slot, n_workers);
        for (uint32_t i = 0; i < n_workers; i++) {
                Slot *s = &pool->slot[i];

                s->pool = pool;
                s->worker.index = i;
                s->worker.cpu = cpus[i];
                s->worker.saw = post;
                s->worker.userdata = pool;
                pthread_cond_init(&s->wake, NULL);
                s->thread = g_thread_try_new("worker", worker_main, s, error);
                if (!s->thread) {
                        g_prefix_error(error, "Starting worker %u of %u: ", i + 1, n_workers);
                        pi_pool_free(pool);
                        return NULL;
                }
                pool->n_slots++;
        }
        return pool;
}

PiPool *pi_pool_new(uint32_t n_workers, GError **error) {
        g_autofree uint32_t *allowed = NULL, *cpus = NULL;
        uint32_t n_allowed = pi_cpus_allowed(&allowed);

        if (n_workers == 0)
                n_workers = MIN(n_allowed, PI_WORKERS_MAX);
        cpus = g_new(uint32_t, MIN(n_workers, PI_WORKERS_MAX));
        for (uint32_t i = 0; i < MIN(n_workers, PI_WORKERS_MAX); i++)
                cpus[i] = allowed[i % n_allowed];
        return pi_pool_new_on(cpus, n_workers, error);
}

static void stop_threads(PiPool *pool) {
        pthread_mutex_lock(&pool->mutex);
        pool->stopping = true;
        for (uint32_t i = 0; i < pool->n_slots; i++) {
                Slot *s = &pool->slot[i];

                if (s->assignment)
                        pi_task_cancel(s->assignment->task);
                pi_fault_arm(&s->worker.fault, &(PiFaultOrder) { .kind = PI_FAULT_NONE });
                pthread_cond_signal(&s->wake);
        }
        pthread_mutex_unlock(&pool->mutex);
        for (uint32_t i = 0; i < pool->n_slots; i++)
                g_thread_join(pool->slot[i].thread);
}

void pi_pool_free(PiPool *pool) {
        if (!pool)
                return;
        stop_threads(pool);
        for (uint32_t i = 0; i < pool->n_slots; i++) {
                Slot *s = &pool->slot[i];

                pthread_cond_destroy(&s->wake);
                if (s->assignment && --s->assignment->workers == 0)
                        g_free(s->assignment);
        }
        g_queue_clear_full(&pool->waiting, g_free);
        g_source_destroy(pool->completions);
        g_source_unref(pool->completions);
        pthread_mutex_destroy(&pool->mutex);
        g_array_unref(pool->sightings);
        g_array_unref(pool->drained);
        g_free(pool->slot);
        g_free(pool);
}

void pi_pool_listen(PiPool *pool, PiPoolSaw saw, gpointer userdata) {
        pool->saw = saw;
        pool->userdata = userdata;
}

void pi_pool_listen_idle(PiPool *pool, void (*idle)(gpointer userdata), gpointer userdata) {
        pool->idle = idle;
        pool->idle_userdata = userdata;
}

uint64_t pi_pool_sightings_lost(PiPool *pool) {
        uint64_t lost;

        pthread_mutex_lock(&pool->mutex);
        lost = pool->lost;
        pthread_mutex_unlock(&pool->mutex);
        return lost;
}

uint32_t pi_pool_size(const PiPool *pool) {
        return pool->n_slots;
}

uint32_t pi_pool_busy(const PiPool *pool) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < pool->n_slots; i++)
                n += pool->slot[i].assignment != NULL;
        return n;
}

uint32_t pi_pool_idle(const PiPool *pool) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < pool->n_slots; i++)
                n += is_idle(&pool->slot[i]);
        return n;
}

uint32_t pi_pool_in_service(const PiPool *pool) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < pool->n_slots; i++)
                n += pool->slot[i].state != PI_CORE_OUT_OF_SERVICE;
        return n;
}

static Assignment *assignment_new(PiTask *task, PiPoolDone done, gpointer userdata) {
        Assignment *a = g_new0(Assignment, 1);

        a->task = task;
        a->done = done;
        a->userdata = userdata;
        return a;
}

void pi_pool_start(PiPool *pool, PiTask *task, uint32_t n, PiPoolDone done, gpointer userdata) {
        Assignment *a;

        g_return_if_fail(n >= 1 && n <= pi_pool_idle(pool));
        a = assignment_new(task, done, userdata);
        for (Slot *s = pool->slot; a->workers < n; s++)
                if (is_idle(s))
                        assign(pool, s, a);
}

gboolean pi_pool_start_elsewhere(PiPool *pool, PiTask *task, PiPoolDone done, gpointer userdata) {
        bool found = false;

        for (uint32_t i = 0; i < pool->n_slots && !found; i++)
                found = may_help(&pool->slot[i], task);
        if (!found)
                return FALSE;
        g_queue_push_tail(&pool->waiting, assignment_new(task, done, userdata));
        serve_waiting(pool);
        return TRUE;
}

uint32_t pi_pool_join(PiPool *pool, const PiTask *task, uint32_t n) {
        Assignment *a = NULL;
        Slot *s;

        for (uint32_t i = 0; i < pool->n_slots && !a; i++)
                if (pool->slot[i].assignment && pool->slot[i].assignment->task == task)
                        a = pool->slot[i].assignment;
        if (!a || atomic_load(&task->cancelled))
                return a ? a->workers : 0;
        while (a->workers < n && (s = idle_slot_for(pool, task)))
                assign(pool, s, a);
        return a->workers;
}

void pi_pool_cancel(PiPool *pool, PiTask *task) {
        pi_task_cancel(task);
        wake_main(pool);
}

const PiWorkerStats *pi_pool_worker_stats(const PiPool *pool, uint32_t index) {
        return &pool->slot[index].worker.stats;
}

uint32_t pi_pool_worker_cpu(const PiPool *pool, uint32_t index) {
        return pool->slot[index].worker.cpu;
}

gboolean pi_pool_has_cpu(const PiPool *pool, uint32_t cpu) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].worker.cpu == cpu)
                        return TRUE;
        return FALSE;
}

PiCoreState pi_pool_core_state(const PiPool *pool, uint32_t cpu) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].worker.cpu == cpu)
                        return pool->slot[i].state;
        return PI_CORE_OUT_OF_SERVICE;
}

void pi_pool_set_core_state(PiPool *pool, uint32_t cpu, PiCoreState state) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].worker.cpu == cpu)
                        pool->slot[i].state = state;
        serve_waiting(pool);
}

gboolean pi_pool_is_last_in_service(const PiPool *pool, uint32_t cpu) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].state != PI_CORE_OUT_OF_SERVICE &&
                    pool->slot[i].worker.cpu != cpu)
                        return FALSE;
        return TRUE;
}

void pi_pool_inject(PiPool *pool, uint32_t cpu, const PiFaultOrder *order) {
        for (uint32_t i = 0; i < pool->n_slots; i++)
                if (pool->slot[i].worker.cpu == cpu)
                        pi_fault_arm(&pool->slot[i].worker.fault, order);
}

static void tell_hung(const Slot *s, PiPoolHung hung, gpointer userdata) {
        PiTask *task = s->assignment->task;
        const PiLeaseTable *leases = task->leases;
        uint32_t lease = 0;

        while (lease < leases->n &&
               (atomic_load(&leases->lease[lease].state) != PI_LEASE_RUNNING ||
                atomic_load(&leases->lease[lease].worker) != s->worker.index))
                lease++;
        hung(s->worker.cpu, task, lease < leases->n ? lease : PI_LEASES_MAX, userdata);
}

gboolean pi_pool_check_alive(PiPool *pool, PiPoolHung hung, gpointer userdata) {
        gboolean alive = TRUE;

        for (uint32_t i = 0; i < pool->n_slots; i++) {
                Slot *s = &pool->slot[i];
                uint64_t beats = atomic_load(&s->worker.stats.beats);
                bool busy = s->assignment, hangs = busy && s->was_busy && beats == s->beats_seen;

                if (hangs) {
                        alive = FALSE;
                        if (hung && !s->told_hung)
                                tell_hung(s, hung, userdata);
                }
                s->told_hung = hangs;
                s->was_busy = busy;
                s->beats_seen = beats;
        }
        return alive;
}

const char *pi_core_state_to_string(PiCoreState state) {
        static const char *const names[_PI_CORE_STATE_MAX] = {
                [PI_CORE_IN_SERVICE] = "in-service",
                [PI_CORE_SUSPECT] = "suspect",
                [PI_CORE_OUT_OF_SERVICE] = "out-of-service",
        };

        g_return_val_if_fail(state < _PI_CORE_STATE_MAX, names[PI_CORE_OUT_OF_SERVICE]);
        return names[state];
}
