/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/jobs.h"

#include <math.h>

#include "daemon/series/sum.h"
#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"

static char *expected_hex(uint64_t terms) {
        PiFixed sum;

        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, terms }, &sum);
        return pi_fixed_to_hex(&sum);
}

static void assert_done(const PiJob *job) {
        g_autofree char *hex = expected_hex(job->spec.terms);
        g_autoptr(GVariant) verified = NULL;

        g_assert_no_error(job->error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_SUM_HEX), ==, hex);
        verified = entry_of(job->report, PI_REPORT_VERIFIED, "b");
        g_assert_true(g_variant_get_boolean(verified));
        g_assert_cmpuint(u64_of(job->report, PI_REPORT_PARTS), ==, job->spec.parts);
        g_assert_cmpfloat(fabs(job->pi - G_PI), <=, 2.0 / (double) job->spec.terms);
        g_assert_cmpfloat(pi_job_progress(job), ==, 1);
        g_assert_null(job->task);
}

static void test_same_bits(void) {
        static const uint32_t workers[] = { 1, 2, 3, 8 };
        static const uint64_t parts[] = { 0, 1, 2, 7, 4097, 20000 };

        for (size_t i = 0; i < G_N_ELEMENTS(workers); i++) {
                Node node;

                node_start(&node, workers[i]);
                for (size_t j = 0; j < G_N_ELEMENTS(parts); j++) {
                        uint32_t cpus[] = { 0, 1, workers[i] };

                        for (size_t k = 0; k < G_N_ELEMENTS(cpus); k++) {
                                g_autofree char *options = g_strdup_printf(
                                        "{'cpus': <uint32 %u>, 'parts': <uint64 %" G_GUINT64_FORMAT
                                        ">}",
                                        cpus[k], (guint64) parts[j]);
                                PiJob *job = node_submit(&node, NODE_TERMS, options);

                                node_wait(&node);
                                assert_done(job);
                        }
                }
                node_stop(&node);
        }
}

static void test_small_terms(void) {
        Node node;

        node_start(&node, 3);
        for (uint64_t terms = 1; terms <= 40; terms++) {
                PiJob *job = node_submit(&node, terms, "{}");

                node_wait(&node);
                assert_done(job);
        }
        node_stop(&node);
}

static void test_reference_kernel(void) {
        Node node;
        PiJob *job;

        node_start(&node, 2);
        job = node_submit(&node, NODE_TERMS, "{'kernel': <'reference'>, 'parts': <uint64 100>}");
        node_wait(&node);
        g_assert_no_error(job->error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_KERNEL), ==, "reference");
        g_assert_cmpfloat(fabs(job->pi - G_PI), <=, 2.0 / (double) NODE_TERMS);
        node_stop(&node);
}

/* One slot: in the order they came. */
static void test_first_come_first_served(void) {
        enum { JOBS = 20 };
        Node node;
        PiJob *job[JOBS];

        node_start(&node, 1);
        gate_close(&gate);
        for (unsigned i = 0; i < JOBS; i++)
                job[i] = node_submit(&node, NODE_TERMS + i, "{}");
        g_assert_cmpuint(pi_jobs_n_running(node.jobs), ==, 1);
        g_assert_cmpuint(pi_jobs_n_queued(node.jobs), ==, JOBS - 1);
        gate_open(&gate);
        node_wait(&node);
        for (unsigned i = 0; i < JOBS; i++) {
                assert_done(job[i]);
                if (i > 0)
                        g_assert_cmpint(node_moment(&node, job[i]->id, PI_JOB_RUNNING), >,
                                        node_moment(&node, job[i - 1]->id, PI_JOB_DONE));
        }
        node_stop(&node);
}

/* A job for both slots waits until both are free, and those behind it wait with it. */
static void test_reservation(void) {
        Node node;
        PiJob *first, *wide, *behind;

        node_start(&node, 2);
        gate_close(&gate);
        first = node_submit_wide(&node, NODE_TERMS, 1);
        wide = node_submit_wide(&node, NODE_TERMS, 2);
        behind = node_submit_wide(&node, NODE_TERMS, 1);
        gate_wait_for(&gate, 1);
        g_assert_cmpint(first->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(wide->state, ==, PI_JOB_QUEUED);
        g_assert_cmpint(behind->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 1);

        gate_open(&gate);
        node_wait(&node);
        assert_done(first);
        assert_done(wide);
        assert_done(behind);
        g_assert_cmpint(node_moment(&node, wide->id, PI_JOB_RUNNING), >,
                        node_moment(&node, first->id, PI_JOB_DONE));
        g_assert_cmpint(node_moment(&node, behind->id, PI_JOB_RUNNING), >,
                        node_moment(&node, wide->id, PI_JOB_RUNNING));
        node_stop(&node);
}

/* Both stand before the gate, so both run. */
static void test_two_at_once(void) {
        Node node;
        PiJob *a, *b, *c;

        node_start(&node, 2);
        gate_close(&gate);
        a = node_submit_wide(&node, NODE_TERMS, 1);
        b = node_submit_wide(&node, NODE_TERMS + 1, 1);
        c = node_submit_wide(&node, NODE_TERMS + 2, 1);
        gate_wait_for(&gate, 2);
        g_assert_cmpint(a->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(b->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(c->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(pi_jobs_n_running(node.jobs), ==, 2);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 0);
        gate_open(&gate);
        node_wait(&node);
        assert_done(a);
        assert_done(b);
        assert_done(c);
        node_stop(&node);
}

/* added, running unless it was when it was added, progress and failed leases, one last state,
 * removed: in this order, the ends once. */
static void assert_order(const Node *node, uint64_t id) {
        gboolean added = FALSE, running = FALSE, ended = FALSE;
        double progress = 0;

        for (guint i = 0; i < node->events->len; i++) {
                const Event *e = &g_array_index(node->events, Event, i);

                if (e->id != id)
                        continue;
                g_assert_cmpint(e->kind == EVENT_ADDED, ==, !added);
                g_assert_false(ended);
                if (e->kind == EVENT_ADDED) {
                        g_assert_cmpint(e->state, <=, PI_JOB_RUNNING);
                        added = TRUE;
                        running = e->state == PI_JOB_RUNNING;
                } else if (e->kind == EVENT_STATE && e->state == PI_JOB_RUNNING) {
                        g_assert_false(running);
                        running = TRUE;
                } else if (e->kind == EVENT_STATE)
                        ended = TRUE;
                else {
                        g_assert_true(running);
                        g_assert_cmpint(e->kind, !=, EVENT_REMOVED);
                }
                g_assert_cmpfloat(e->progress, >=, progress);
                g_assert_cmpfloat(e->progress, <=, 1);
                progress = e->progress;
        }
        g_assert_true(added);
        g_assert_true(ended);
}

static void test_listener_order(void) {
        enum { JOBS = 60 };
        Node node;

        node_start(&node, 3);
        for (unsigned i = 0; i < JOBS; i++)
                node_submit_wide(&node, NODE_TERMS, 1 + i % 3);
        node_wait(&node);
        for (uint64_t id = 1; id <= JOBS; id++)
                assert_order(&node, id);
        g_assert_cmpuint(node.count[EVENT_ADDED], ==, JOBS);
        /* The first found all slots free. */
        g_assert_cmpuint(node.count[EVENT_STATE], <, 2 * JOBS);
        g_assert_cmpuint(node.count[EVENT_JUDGED], ==, 0);
        g_assert_cmpuint(node.count[EVENT_REMOVED], ==, 0);
        node_stop(&node);
}

/* A job of hours, until it has told of its progress a few times. */
static void test_progress(void) {
        Node node;
        PiJob *job;

        node_start(&node, 2);
        job = node_submit(&node, PI_TERMS_MAX, "{'kernel': <'generic'>}");
        while (node.count[EVENT_PROGRESS] < 4)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpfloat(pi_job_progress(job), >, 0);
        pi_jobs_end(node.jobs, job, node_reason("seen enough"));
        node_wait(&node);
        assert_order(&node, job->id);
        g_assert_cmpint(job->state, ==, PI_JOB_CANCELLED);
        g_assert_cmpfloat(pi_job_progress(job), >, 0);
        g_assert_cmpfloat(pi_job_progress(job), <, 1);
        node_stop(&node);
}

static void test_find_and_list(void) {
        Node node;
        PiJob *a, *b;

        node_start(&node, 1);
        g_assert_null(pi_jobs_list(node.jobs));
        gate_close(&gate);
        a = node_submit(&node, NODE_TERMS, "{}");
        b = node_submit(&node, NODE_TERMS, "{}");
        g_assert_cmpuint(a->id, ==, 1);
        g_assert_cmpuint(b->id, ==, 2);
        g_assert_true(pi_jobs_find(node.jobs, 1) == a);
        g_assert_true(pi_jobs_find(node.jobs, 2) == b);
        g_assert_null(pi_jobs_find(node.jobs, 0));
        g_assert_null(pi_jobs_find(node.jobs, 3));
        g_assert_null(pi_jobs_find(node.jobs, UINT64_MAX));
        g_assert_true(pi_jobs_list(node.jobs)->data == a);
        g_assert_true(pi_jobs_list(node.jobs)->next->data == b);
        gate_open(&gate);
        node_wait(&node);
        g_assert_true(pi_jobs_find(node.jobs, 1) == a);
        node_stop(&node);
}

/* Nothing is left of a request that was refused. */
static void test_refused(void) {
        Node node;
        g_autoptr(GError) terms = NULL, option = NULL;
        g_autoptr(GVariant) metrics = NULL;

        node_start(&node, 2);
        g_assert_null(node_try(&node, NODE_USER, 0, "{}", &terms));
        g_assert_error(terms, PI_ERROR, PI_ERROR_INVALID_TERMS);
        g_assert_null(node_try(&node, NODE_USER, 1000, "{'cpus': <uint32 3>}", &option));
        g_assert_error(option, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpuint(node.events->len, ==, 0);
        g_assert_null(pi_jobs_list(node.jobs));
        metrics = g_variant_ref_sink(pi_jobs_metrics(node.jobs));
        g_assert_cmpuint(u64_of(metrics, "jobs_submitted"), ==, 0);
        node_stop(&node);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/jobs/same-bits", test_same_bits);
        g_test_add_func("/jobs/small-terms", test_small_terms);
        g_test_add_func("/jobs/reference-kernel", test_reference_kernel);
        g_test_add_func("/jobs/first-come-first-served", test_first_come_first_served);
        g_test_add_func("/jobs/reservation", test_reservation);
        g_test_add_func("/jobs/two-at-once", test_two_at_once);
        g_test_add_func("/jobs/listener-order", test_listener_order);
        g_test_add_func("/jobs/progress", test_progress);
        g_test_add_func("/jobs/find-and-list", test_find_and_list);
        g_test_add_func("/jobs/refused", test_refused);
        return g_test_run();
}
