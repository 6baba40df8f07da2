/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/jobs/node.h"

/* Jobs of several users on a node, for the tests of who gets the CPU slots. */

#define USER_A 1000
#define USER_B 1001
#define ROOT 0

/* As many ticks of the timer as it takes to see that nothing happens. */
#define TICKS 4

static inline PiSettings *slices_of(uint64_t usec) {
        PiSettings *settings = pi_settings_new();

        settings->time_slice_usec = usec;
        return settings;
}

/* One that is over at every tick, or never. */
static inline PiSettings *short_slices(void) {
        return slices_of(1000);
}

static inline PiSettings *long_slices(void) {
        return slices_of(UINT64_C(3600000000));
}

typedef struct Wish {
        uid_t user;
        gboolean attached;
        uint64_t terms; /* 0: as many as keep it busy until the test ends it */
        uint32_t cpus;  /* 0: 1 */
        int priority;
        gboolean gated; /* on the kernel with the gate */
} Wish;

static inline PiJob *submit(Node *node, Wish w) {
        uint32_t cpus = MAX(w.cpus, 1);
        g_autofree char *options = g_strdup_printf(
                "{%s'cpus': <uint32 %u>, 'parts': <uint64 %u>, 'priority': <%d>}",
                w.gated ? "" : "'kernel': <'generic'>, ", cpus, cpus, w.priority);
        g_autoptr(GError) error = NULL;
        PiJob *job;

        job = node_try_as(node, w.user, w.attached ? ":1.5" : "",
                          w.terms > 0 ? w.terms : PI_TERMS_MAX, options, &error);
        g_assert_no_error(error);
        return job;
}

/* What nobody can take the slots from. */
static inline PiJob *submit_blocker(Node *node, uint32_t cpus) {
        return submit(node, (Wish) { ROOT, .terms = NODE_TERMS, .cpus = cpus, .priority = 100,
                                     .gated = TRUE });
}

static inline PiJob *submit_short(Node *node, uid_t user, gboolean attached) {
        return submit(node, (Wish) { user, attached, .terms = NODE_TERMS });
}

static inline void end(Node *node, PiJob *job) {
        pi_jobs_end(node->jobs, job, node_reason("seen enough"));
}

static inline void end_all(Node *node) {
        g_autoptr(GList) jobs = g_list_copy((GList *) pi_jobs_list(node->jobs));

        gate_open(&gate);
        for (GList *l = jobs; l; l = l->next)
                if (!pi_job_is_finished(l->data))
                        end(node, l->data);
        node_wait(node);
}

static inline void let_ticks_pass(Node *node) {
        node_wait_for_count(node, EVENT_PROGRESS, node->count[EVENT_PROGRESS] + TICKS);
}

static inline unsigned times_preempted(const Node *node, const PiJob *job) {
        unsigned n = 0;

        for (guint i = 0; i < node->events->len; i++) {
                const Event *e = &g_array_index(node->events, Event, i);

                n += e->kind == EVENT_PREEMPTED && e->id == job->id;
        }
        return n;
}
