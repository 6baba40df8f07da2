/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pool.h"

#include <pthread.h>

#include "daemon/work/cpus.h"
#include "dbus/error.h"

typedef struct Assignment {
        PiTask *task;
        uint32_t workers; /* still in the task */
        uint32_t avoid;   /* of one that waits for a worker: not this one */
        PiPoolDone done;
        gpointer userdata;
} Assignment;

typedef struct Worker {
        PiPool *pool;
        GThread *thread;
        PiWorkerId id;
        PiWorkerStats stats;
        uint64_t beats_seen;
        bool was_busy;
        Assignment *assignment; /* main thread only: what it holds, NULL when idle */
        pthread_cond_t wake;
        Assignment *mailbox; /* under the mutex: what to run next */
        bool left;           /* under the mutex: has come out of its task */
} Worker;

struct PiPool {
        /* Not GMutex: the thread sanitizer sees through these only. */
        pthread_mutex_t mutex;
        bool stopping; /* under the mutex */
        uint32_t n_workers;
        uint32_t n_idle;
        Worker *worker;
        GQueue waiting; /* Assignment, for a worker to become idle */
        GSource *completions;
};

typedef struct CompletionSource {
        GSource source;
        PiPool *pool;
} CompletionSource;

static gpointer worker_main(gpointer userdata) {
        Worker *w = userdata;
        PiPool *pool = w->pool;

        pi_cpus_settle_thread(w->id.cpu);
        pthread_mutex_lock(&pool->mutex);
        for (;;) {
                Assignment *a;

                while (!w->mailbox && !pool->stopping)
                        pthread_cond_wait(&w->wake, &pool->mutex);
                a = g_steal_pointer(&w->mailbox);
                if (!a)
                        break;
                pthread_mutex_unlock(&pool->mutex);
                pi_worker_run(a->task, w->id, &w->stats);
                pthread_mutex_lock(&pool->mutex);
                w->left = true;
                g_source_set_ready_time(pool->completions, 0);
        }
        pthread_mutex_unlock(&pool->mutex);
        return NULL;
}

static void assign(PiPool *pool, Worker *w, Assignment *a) {
        w->assignment = a;
        a->workers++;
        pool->n_idle--;
        pthread_mutex_lock(&pool->mutex);
        w->mailbox = a;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&pool->mutex);
}

static Worker *idle_worker(PiPool *pool, uint32_t avoid) {
        for (uint32_t i = 0; i < pool->n_workers; i++)
                if (!pool->worker[i].assignment && (i != avoid || pool->n_workers == 1))
                        return &pool->worker[i];
        return NULL;
}

static void finish(Assignment *a) {
        a->done(a->task, a->userdata);
        g_free(a);
}

/* Gives idle workers to those who wait for one, and ends those who need none any more. */
static void serve_waiting(PiPool *pool) {
        for (GList *l = pool->waiting.head, *next; l; l = next) {
                Assignment *a = l->data;
                bool cancelled = atomic_load(&a->task->cancelled);
                Worker *w = cancelled ? NULL : idle_worker(pool, a->avoid);

                next = l->next;
                if (!w && !cancelled)
                        continue;
                g_queue_delete_link(&pool->waiting, l);
                if (w)
                        assign(pool, w, a);
                else
                        finish(a);
        }
}

static void worker_left(PiPool *pool, Worker *w) {
        Assignment *a = g_steal_pointer(&w->assignment);

        pool->n_idle++;
        /* First, or whoever is told below takes the worker. */
        serve_waiting(pool);
        if (--a->workers == 0)
                finish(a);
}

static gboolean dispatch_completions(GSource *source, GSourceFunc callback, gpointer userdata) {
        PiPool *pool = ((CompletionSource *) source)->pool;

        g_source_set_ready_time(source, -1);
        for (uint32_t i = 0; i < pool->n_workers; i++) {
                Worker *w = &pool->worker[i];
                bool left;

                pthread_mutex_lock(&pool->mutex);
                left = w->left;
                w->left = false;
                pthread_mutex_unlock(&pool->mutex);
                if (left)
                        worker_left(pool, w);
        }
        serve_waiting(pool);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs completion_funcs = { .dispatch = dispatch_completions };

PiPool *pi_pool_new(uint32_t n_workers, GError **error) {
        g_autofree uint32_t *cpus = NULL;
        uint32_t n_cpus = pi_cpus_allowed(&cpus);
        PiPool *pool;

        if (n_workers == 0)
                n_workers = MIN(n_cpus, PI_WORKERS_MAX);
        if (n_workers > PI_WORKERS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%u workers are too many: give 1 to %u", n_workers, PI_WORKERS_MAX);
                return NULL;
        }
        pool = g_new0(PiPool, 1);
        pthread_mutex_init(&pool->mutex, NULL);
        pool->completions = g_source_new(&completion_funcs, sizeof(CompletionSource));
        ((CompletionSource *) pool->completions)->pool = pool;
        g_source_set_name(pool->completions, "worker completions");
        g_source_attach(pool->completions, NULL);
        pool->worker = g_new0(Worker, n_workers);
        for (uint32_t i = 0; i < n_workers; i++) {
                Worker *w = &pool->worker[i];

                w->pool = pool;
                w->id = (PiWorkerId) { .index = i, .cpu = cpus[i % n_cpus] };
                pthread_cond_init(&w->wake, NULL);
                w->thread = g_thread_try_new("worker", worker_main, w, error);
                if (!w->thread) {
                        g_prefix_error(error, "Starting worker %u of %u: ", i + 1, n_workers);
                        pi_pool_free(pool);
                        return NULL;
                }
                pool->n_workers++;
                pool->n_idle++;
        }
        return pool;
}

void pi_pool_free(PiPool *pool) {
        if (!pool)
                return;
        pthread_mutex_lock(&pool->mutex);
        pool->stopping = true;
        for (uint32_t i = 0; i < pool->n_workers; i++) {
                if (pool->worker[i].assignment)
                        pi_task_cancel(pool->worker[i].assignment->task);
                pthread_cond_signal(&pool->worker[i].wake);
        }
        pthread_mutex_unlock(&pool->mutex);
        for (uint32_t i = 0; i < pool->n_workers; i++) {
                Worker *w = &pool->worker[i];

                g_thread_join(w->thread);
                pthread_cond_destroy(&w->wake);
                if (w->assignment && --w->assignment->workers == 0)
                        g_free(w->assignment);
        }
        g_queue_clear_full(&pool->waiting, g_free);
        g_source_destroy(pool->completions);
        g_source_unref(pool->completions);
        pthread_mutex_destroy(&pool->mutex);
        g_free(pool->worker);
        g_free(pool);
}

uint32_t pi_pool_size(const PiPool *pool) {
        return pool->n_workers;
}

uint32_t pi_pool_idle(const PiPool *pool) {
        return pool->n_idle;
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

        g_return_if_fail(n >= 1 && n <= pool->n_idle);
        a = assignment_new(task, done, userdata);
        while (a->workers < n)
                assign(pool, idle_worker(pool, UINT32_MAX), a);
}

void pi_pool_start_elsewhere(PiPool *pool, PiTask *task, uint32_t avoid, PiPoolDone done,
                             gpointer userdata) {
        Assignment *a = assignment_new(task, done, userdata);

        a->avoid = avoid;
        g_queue_push_tail(&pool->waiting, a);
        serve_waiting(pool);
}

void pi_pool_cancel(PiPool *pool, PiTask *task) {
        pi_task_cancel(task);
        g_source_set_ready_time(pool->completions, 0);
}

const PiWorkerStats *pi_pool_worker_stats(const PiPool *pool, uint32_t index) {
        return &pool->worker[index].stats;
}

uint32_t pi_pool_worker_cpu(const PiPool *pool, uint32_t index) {
        return pool->worker[index].id.cpu;
}

gboolean pi_pool_check_alive(PiPool *pool) {
        gboolean alive = TRUE;

        for (uint32_t i = 0; i < pool->n_workers; i++) {
                Worker *w = &pool->worker[i];
                uint64_t beats = atomic_load(&w->stats.beats);
                bool busy = w->assignment;

                if (busy && w->was_busy && beats == w->beats_seen)
                        alive = FALSE;
                w->was_busy = busy;
                w->beats_seen = beats;
        }
        return alive;
}
