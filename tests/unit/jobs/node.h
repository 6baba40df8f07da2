/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/guest-private.h"
#include "daemon/jobs/jobs.h"
#include "dbus/error.h"
#include "tests/unit/work/gate.h"

/* A node with a pool of its own and a record of all its jobs do. Jobs that name no kernel use one
 * that stops at the gate and, while node_broken is set, gives wrong sums. */

/* Terms enough for each of a few parts to reach the kernel, and for no test to take long. */
#define NODE_TERMS UINT64_C(1000003)
#define NODE_USER 1000

typedef enum EventKind {
        EVENT_ADDED,
        EVENT_STATE,
        EVENT_PROGRESS,
        EVENT_JUDGED,
        EVENT_PREEMPTED,
        EVENT_SUSPENDED,
        EVENT_RESUMED,
        EVENT_REMOVED,
        _EVENT_MAX,
} EventKind;

typedef struct Event {
        EventKind kind;
        uint64_t id;
        PiJobState state;
        double progress;
} Event;

typedef struct Node {
        PiPool *pool;
        PiJobs *jobs;
        GArray *events;
        unsigned count[_EVENT_MAX];
        struct {
                guint n;
                PiFaultRow rows[PI_LEASE_ATTEMPTS_MAX];
        } judged; /* the last time */
        struct {
                unsigned times;
                uint32_t cpu;
                PiCoreNews news;
        } news;
        unsigned injected;
        unsigned lost, discarded, reloads, calibrated;
        struct {
                unsigned changes;
                gboolean degraded;
                unsigned set_aside;
        } store;
} Node;

static atomic_bool node_broken;

static inline uint64_t node_sum_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        uint64_t sum = gate_sum_groups(first, n, scaled_numerator);

        return atomic_load(&node_broken) ? sum / 2 : sum;
}

static const PiKernel node_kernel = {
        .name = "test", .exact = true, .supported = gate_supported, .sum_groups = node_sum_groups,
};

static inline void node_record(Node *node, EventKind kind, PiJob *job) {
        Event event = { kind, job->id, job->state, pi_job_progress(job) };

        g_array_append_val(node->events, event);
        node->count[kind]++;
}

static inline void node_added(PiJob *job, gpointer userdata) {
        node_record(userdata, EVENT_ADDED, job);
}

static inline void node_state_changed(PiJob *job, gpointer userdata) {
        node_record(userdata, EVENT_STATE, job);
}

static inline void node_progressed(PiJob *job, gpointer userdata) {
        node_record(userdata, EVENT_PROGRESS, job);
}

static inline void node_judged(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata) {
        Node *node = userdata;

        g_assert_cmpuint(n, >=, 1);
        g_assert_cmpuint(n, <=, PI_LEASE_ATTEMPTS_MAX);
        node->judged.n = n;
        for (guint i = 0; i < n; i++) {
                g_assert_cmpuint(rows[i].job, ==, pi_guest_job_number(job));
                g_assert_cmpint(rows[i].verdict, ==, rows[0].verdict);
                g_assert_cmpint(rows[i].verdict, <=, job->verdict);
                node->judged.rows[i] = rows[i];
        }
        node_record(node, EVENT_JUDGED, job);
}

static inline void node_core_news(uint32_t cpu, PiCoreNews news, gpointer userdata) {
        Node *node = userdata;

        node->news.cpu = cpu;
        node->news.news = news;
        node->news.times++;
}

static inline void node_preempted(PiJob *job, gpointer userdata) {
        node_record(userdata, EVENT_PREEMPTED, job);
}

static inline void node_suspended(PiJob *job, gpointer userdata) {
        g_assert_error(job->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        node_record(userdata, EVENT_SUSPENDED, job);
}

static inline void node_resumed(PiJob *job, gboolean discarded, gpointer userdata) {
        Node *node = userdata;

        node->discarded += discarded;
        node_record(node, EVENT_RESUMED, job);
}

static inline void node_lost(const PiJobRecord *record, gpointer userdata) {
        ((Node *) userdata)->lost++;
}

static inline void node_store_changed(const GError *error, gpointer userdata) {
        Node *node = userdata;

        node->store.changes++;
        node->store.degraded = error != NULL;
}

static inline void node_store_set_aside(const GError *what, gpointer userdata) {
        ((Node *) userdata)->store.set_aside++;
}

static inline void node_settings_changed(gboolean service, gpointer userdata) {
        ((Node *) userdata)->reloads++;
}

static inline void node_calibrated(gpointer userdata) {
        ((Node *) userdata)->calibrated++;
}

static inline void node_injected(uint32_t cpu, const PiFaultOrder *order, gpointer userdata) {
        Node *node = userdata;

        node->injected++;
}

static inline void node_removed(PiJob *job, gpointer userdata) {
        node_record(userdata, EVENT_REMOVED, job);
}

/* Each worker on a CPU of its own, whatever this machine has: NODE_CPU and the numbers after it. */
#define NODE_CPU 50

/* With these settings, which it takes over. */
static inline void node_start_with(Node *node, uint32_t workers, PiSettings *settings) {
        static const uint32_t cpus[] = { 50, 51, 52, 53, 54, 55, 56, 57 };
        static const PiJobsListener listener = {
                .added = node_added,
                .state_changed = node_state_changed,
                .progressed = node_progressed,
                .removed = node_removed,
                .judged = node_judged,
                .core_news = node_core_news,
                .fault_injected = node_injected,
                .preempted = node_preempted,
                .suspended = node_suspended,
                .resumed = node_resumed,
                .lost = node_lost,
                .store_changed = node_store_changed,
                .store_set_aside = node_store_set_aside,
                .settings_changed = node_settings_changed,
                .calibrated = node_calibrated,
        };
        static const PiNode self = { .id = "0", .name = "test", .kernel = &node_kernel,
                                     .fault_injection = TRUE };
        g_autoptr(GError) error = NULL;

        g_assert_cmpuint(workers, <=, G_N_ELEMENTS(cpus));
        *node = (Node) { .pool = pi_pool_new_on(cpus, workers, &error) };
        g_assert_no_error(error);
        node->events = g_array_new(FALSE, FALSE, sizeof(Event));
        gate_open(&gate);
        atomic_store(&node_broken, false);
        node->jobs = pi_jobs_new(node->pool, &self, settings);
        pi_jobs_add_listener(node->jobs, &listener, node);
}

static inline void node_start(Node *node, uint32_t workers) {
        node_start_with(node, workers, pi_settings_new());
}

static inline GError *node_reason(const char *text) {
        return g_error_new_literal(PI_ERROR, PI_ERROR_CANCELLED, text);
}

/* Until no job runs and none waits. */
static inline void node_wait(Node *node) {
        while (pi_jobs_n_running(node->jobs) > 0 || pi_jobs_n_queued(node->jobs) > 0)
                g_main_context_iteration(NULL, TRUE);
}

static inline void node_stop(Node *node) {
        gate_open(&gate);
        node_wait(node);
        pi_jobs_free(node->jobs);
        /* No timer outlives the jobs. */
        g_assert_null(g_main_context_find_source_by_user_data(NULL, node->jobs));
        pi_pool_free(node->pool);
        g_array_unref(node->events);
}

/* `options` as GVariant writes a dictionary, "{'parts': <uint64 2>}". `sender`: the caller that
 * waits, "" for none. */
static inline PiJob *node_try_as(Node *node, uid_t owner, const char *sender, uint64_t terms,
                                 const char *options, GError **error) {
        g_autoptr(GError) syntax = NULL;
        g_autoptr(GVariant) v =
                g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, &syntax);

        g_assert_no_error(syntax);
        return pi_jobs_submit(node->jobs, owner, sender, terms, v, error);
}

static inline PiJob *node_try(Node *node, uid_t owner, uint64_t terms, const char *options,
                              GError **error) {
        return node_try_as(node, owner, "", terms, options, error);
}

static inline PiJob *node_submit(Node *node, uint64_t terms, const char *options) {
        g_autoptr(GError) error = NULL;
        PiJob *job = node_try(node, NODE_USER, terms, options, &error);

        g_assert_no_error(error);
        g_assert_nonnull(job);
        return job;
}

/* A job for this many CPU slots that keeps each of them busy. */
static inline PiJob *node_submit_wide(Node *node, uint64_t terms, uint32_t cpus) {
        g_autofree char *options =
                g_strdup_printf("{'cpus': <uint32 %u>, 'parts': <uint64 %u>}", cpus, cpus);

        return node_submit(node, terms, options);
}

static inline void node_wait_for_count(Node *node, EventKind kind, unsigned count) {
        while (node->count[kind] < count)
                g_main_context_iteration(NULL, TRUE);
}

static inline void node_wait_for_state(PiJob *job, PiJobState state) {
        while (job->state != state)
                g_main_context_iteration(NULL, TRUE);
}

typedef struct NodeAnswer {
        gboolean came;
        GPtrArray *records;
} NodeAnswer;

static inline void node_answer(GPtrArray *records, const GError *error, gpointer userdata) {
        NodeAnswer *answer = userdata;

        g_assert_no_error(error);
        answer->came = TRUE;
        answer->records = g_ptr_array_ref(records);
}

/* PiJobRecord of the finished jobs in the store, newest first; the caller's. */
static inline GPtrArray *node_history(Node *node, uint32_t limit) {
        NodeAnswer answer = {};

        pi_store_list_jobs(pi_jobs_store(node->jobs), limit, node_answer, &answer);
        while (!answer.came)
                g_main_context_iteration(NULL, TRUE);
        return answer.records;
}

/* What the store has of a job, whatever its state; NULL for nothing. The caller's. */
static inline PiJobRecord *node_find_record(Node *node, uint64_t id) {
        NodeAnswer answer = {};
        PiJobRecord *record;

        pi_store_find_job(pi_jobs_store(node->jobs), id, node_answer, &answer);
        while (!answer.came)
                g_main_context_iteration(NULL, TRUE);
        record = answer.records->len > 0 ? pi_job_record_copy(answer.records->pdata[0]) : NULL;
        g_ptr_array_unref(answer.records);
        return record;
}

/* Where in the record the job came to the state, or -1. */
static inline int node_moment(const Node *node, uint64_t id, PiJobState state) {
        for (guint i = 0; i < node->events->len; i++) {
                const Event *e = &g_array_index(node->events, Event, i);

                if (e->kind <= EVENT_STATE && e->id == id && e->state == state)
                        return (int) i;
        }
        return -1;
}
