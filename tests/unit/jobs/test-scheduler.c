/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is next to get the CPU slots. */
#include "daemon/jobs/scheduler.h"

#include "tests/unit/jobs/crowd.h"

/* They started in this order. */
static void assert_started(const Node *node, PiJob *const *job, gsize n) {
        for (gsize i = 0; i < n; i++) {
                g_test_message("job %" G_GUINT64_FORMAT, job[i]->id);
                g_assert_no_error(job[i]->error);
                g_assert_cmpint(node_moment(node, job[i]->id, PI_JOB_RUNNING), >=, 0);
                if (i > 0)
                        g_assert_cmpint(node_moment(node, job[i]->id, PI_JOB_RUNNING), >,
                                        node_moment(node, job[i - 1]->id, PI_JOB_RUNNING));
        }
}

static void test_by_priority(void) {
        static const int priority[] = { 5, -3, 9, 0, 9, 100, -100 };
        static const unsigned order[] = { 5, 2, 4, 0, 3, 1, 6 };
        PiJob *job[G_N_ELEMENTS(priority)], *ordered[G_N_ELEMENTS(priority)];
        Node node;

        node_start(&node, 1);
        gate_close(&gate);
        submit_blocker(&node, 1);
        for (gsize i = 0; i < G_N_ELEMENTS(priority); i++)
                job[i] = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS,
                                                .priority = priority[i] });
        gate_open(&gate);
        node_wait(&node);
        for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
                ordered[i] = job[order[i]];
        assert_started(&node, ordered, G_N_ELEMENTS(ordered));
        g_assert_cmpuint(node.count[EVENT_PREEMPTED], ==, 0);
        node_stop(&node);
}

/* Who has had CPU time comes after who has not, and each who comes first gives way to the next. */
static void test_by_usage(void) {
        Node node;

        for (unsigned used = 0; used <= 1; used++) {
                PiJob *a, *b;

                node_start_with(&node, 1, long_slices());
                if (used) {
                        submit_short(&node, USER_A, FALSE);
                        node_wait(&node);
                }
                gate_close(&gate);
                submit_blocker(&node, 1);
                a = submit_short(&node, USER_A, FALSE);
                b = submit_short(&node, USER_B, FALSE);
                gate_open(&gate);
                node_wait(&node);
                if (used)
                        assert_started(&node, (PiJob *[]) { b, a }, 2);
                else
                        assert_started(&node, (PiJob *[]) { a, b }, 2);
                node_stop(&node);
        }
}

/* However many jobs somebody has in front of it, that of another user is the second to start. */
static void test_taking_turns(void) {
        PiJob *a[5], *b;
        Node node;

        node_start_with(&node, 1, long_slices());
        gate_close(&gate);
        submit_blocker(&node, 1);
        for (gsize i = 0; i < G_N_ELEMENTS(a); i++)
                a[i] = submit_short(&node, USER_A, FALSE);
        b = submit_short(&node, USER_B, FALSE);
        gate_open(&gate);
        node_wait(&node);
        assert_started(&node, (PiJob *[]) { a[0], b, a[1] }, 3);
        assert_started(&node, a, G_N_ELEMENTS(a));
        node_stop(&node);
}

/* Among a user's own jobs only. */
static void test_attached_first(void) {
        PiJob *d1, *d2, *a1, *a2, *other;
        Node node;

        node_start_with(&node, 1, long_slices());
        gate_close(&gate);
        submit_blocker(&node, 1);
        d1 = submit_short(&node, USER_A, FALSE);
        a1 = submit_short(&node, USER_A, TRUE);
        d2 = submit_short(&node, USER_A, FALSE);
        a2 = submit_short(&node, USER_A, TRUE);
        gate_open(&gate);
        node_wait(&node);
        assert_started(&node, (PiJob *[]) { a1, a2, d1, d2 }, 4);
        node_stop(&node);

        node_start_with(&node, 1, long_slices());
        gate_close(&gate);
        submit_blocker(&node, 1);
        d1 = submit_short(&node, USER_A, FALSE);
        other = submit_short(&node, USER_B, TRUE);
        gate_open(&gate);
        node_wait(&node);
        assert_started(&node, (PiJob *[]) { d1, other }, 2);
        node_stop(&node);
}

/* Whoever is next waits for as many slots as he asked for, and those behind wait with him: else the
 * small ones would go by for ever. */
static void test_head_of_line(void) {
        PiJob *first, *wide, *small;
        Node node;

        node_start_with(&node, 2, long_slices());
        gate_close(&gate);
        first = submit_blocker(&node, 1);
        wide = submit(&node, (Wish) { USER_A, .terms = 2 * NODE_TERMS, .cpus = 2 });
        small = submit_short(&node, USER_B, FALSE);
        let_ticks_pass(&node);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 1);
        g_assert_cmpint(wide->state, ==, PI_JOB_QUEUED);
        g_assert_cmpint(small->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        assert_started(&node, (PiJob *[]) { first, wide, small }, 3);
        node_stop(&node);
}

/* A job that is over its user's limit holds nobody else back. */
static void test_cpus_per_user(void) {
        PiSettings *settings = long_slices();
        PiJob *a[3], *b;
        Node node;

        settings->cpus_per_user = 1;
        node_start_with(&node, 2, settings);
        gate_close(&gate);
        for (gsize i = 0; i < G_N_ELEMENTS(a); i++)
                a[i] = submit(&node, (Wish) { USER_A, .terms = NODE_TERMS, .gated = TRUE });
        g_assert_cmpint(a[0]->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(a[1]->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 1);
        b = submit(&node, (Wish) { USER_B, .terms = NODE_TERMS, .gated = TRUE });
        g_assert_cmpint(b->state, ==, PI_JOB_RUNNING);
        let_ticks_pass(&node);
        g_assert_cmpint(a[1]->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        for (gsize i = 1; i < G_N_ELEMENTS(a); i++)
                g_assert_cmpint(node_moment(&node, a[i]->id, PI_JOB_RUNNING), >,
                                node_moment(&node, a[i - 1]->id, PI_JOB_DONE));
        node_stop(&node);
}

/* One that asked for more than the settings give by now gets what they give. */
static void test_cpus_per_user_lowered(void) {
        PiSettings *settings = long_slices();
        PiJob *wide, *second;
        Node node;

        node_start_with(&node, 2, long_slices());
        gate_close(&gate);
        submit_blocker(&node, 2);
        wide = submit(&node, (Wish) { USER_A, .terms = NODE_TERMS, .cpus = 2, .gated = TRUE });
        second = submit(&node, (Wish) { USER_A, .terms = NODE_TERMS, .cpus = 2, .gated = TRUE });
        settings->cpus_per_user = 1;
        pi_jobs_apply_settings(node.jobs, settings);
        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpint(wide->state, ==, PI_JOB_DONE);
        g_assert_cmpuint(wide->slots, ==, 1);
        g_assert_cmpint(node_moment(&node, second->id, PI_JOB_RUNNING), >,
                        node_moment(&node, wide->id, PI_JOB_DONE));
        node_stop(&node);
}

/* Somewhat alike: no clock is fair on a busy machine. */
static void assert_alike(uint64_t a, uint64_t b) {
        g_test_message("%" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " ms", a / 1000000,
                       b / 1000000);
        g_assert_cmpuint(a, <, 2 * b);
        g_assert_cmpuint(b, <, 2 * a);
}

static void test_fair_share(void) {
        PiJob *a, *b;
        Node node;

        node_start_with(&node, 1, short_slices());
        a = submit(&node, (Wish) { USER_A });
        b = submit(&node, (Wish) { USER_B });
        while (times_preempted(&node, a) < 6 || times_preempted(&node, b) < 6)
                g_main_context_iteration(NULL, TRUE);
        assert_alike(pi_job_cpu_nsec(a), pi_job_cpu_nsec(b));
        end_all(&node);
        node_stop(&node);
}

/* More jobs are not a greater share. */
static void test_fair_share_of_many(void) {
        PiJob *a[2], *b;
        Node node;

        node_start_with(&node, 2, short_slices());
        for (gsize i = 0; i < G_N_ELEMENTS(a); i++)
                a[i] = submit(&node, (Wish) { USER_A });
        b = submit(&node, (Wish) { USER_B, .cpus = 2 });
        while (times_preempted(&node, a[1]) < 6 || times_preempted(&node, b) < 6)
                g_main_context_iteration(NULL, TRUE);
        assert_alike(pi_job_cpu_nsec(a[0]) + pi_job_cpu_nsec(a[1]), pi_job_cpu_nsec(b));
        end_all(&node);
        node_stop(&node);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/scheduler/by-priority", test_by_priority);
        g_test_add_func("/scheduler/by-usage", test_by_usage);
        g_test_add_func("/scheduler/taking-turns", test_taking_turns);
        g_test_add_func("/scheduler/attached-first", test_attached_first);
        g_test_add_func("/scheduler/head-of-line", test_head_of_line);
        g_test_add_func("/scheduler/cpus-per-user", test_cpus_per_user);
        g_test_add_func("/scheduler/cpus-per-user-lowered", test_cpus_per_user_lowered);
        g_test_add_func("/scheduler/fair-share", test_fair_share);
        g_test_add_func("/scheduler/fair-share-of-many", test_fair_share_of_many);
        return g_test_run();
}
