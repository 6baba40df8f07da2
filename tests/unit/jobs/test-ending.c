/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways a job ends other than well: cancelled, too late, wrong, with the service. */
#include "daemon/jobs/jobs.h"

#include <string.h>

#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"

static void assert_ended(const PiJob *job, PiJobState state, PiError code) {
        g_assert_cmpint(job->state, ==, state);
        g_assert_error(job->error, PI_ERROR, (int) code);
        g_assert_cmpuint(g_variant_n_children(job->report), ==, 0);
        g_assert_cmpfloat(job->pi, ==, 0);
        g_assert_cmpuint(job->finished_usec, >, 0);
        g_assert_cmpuint(job->deadline, ==, 0);
        g_assert_null(job->task);
}

static void test_cancel_queued(void) {
        Node node;
        PiJob *running, *wide, *behind;

        node_start(&node, 2);
        gate_close(&gate);
        running = node_submit_wide(&node, NODE_TERMS, 1);
        wide = node_submit_wide(&node, NODE_TERMS, 2);
        behind = node_submit_wide(&node, NODE_TERMS, 1);
        g_assert_cmpint(behind->state, ==, PI_JOB_QUEUED);

        /* At once, and what it held back goes on. */
        pi_jobs_end(node.jobs, wide, node_reason("not now"));
        assert_ended(wide, PI_JOB_CANCELLED, PI_ERROR_CANCELLED);
        g_assert_cmpstr(wide->error->message, ==, "not now");
        g_assert_cmpuint(wide->started_usec, ==, 0);
        g_assert_null(pi_job_leases(wide));
        g_assert_cmpint(node_moment(&node, wide->id, PI_JOB_RUNNING), ==, -1);
        g_assert_cmpint(behind->state, ==, PI_JOB_RUNNING);

        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpint(running->state, ==, PI_JOB_DONE);
        g_assert_cmpint(behind->state, ==, PI_JOB_DONE);
        node_stop(&node);
}

static void test_cancel_running(void) {
        Node node;
        PiJob *job, *next;

        node_start(&node, 2);
        gate_close(&gate);
        job = node_submit(&node, PI_TERMS_MAX, "{'parts': <uint64 1000000>}");
        next = node_submit(&node, NODE_TERMS, "{'parts': <uint64 2>}");
        gate_wait_for(&gate, 2);
        pi_jobs_end(node.jobs, job, node_reason("the first"));
        pi_jobs_end(node.jobs, job, node_reason("the second"));
        g_assert_cmpint(job->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(next->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        assert_ended(job, PI_JOB_CANCELLED, PI_ERROR_CANCELLED);
        g_assert_cmpstr(job->error->message, ==, "the first");
        g_assert_nonnull(pi_job_leases(job));
        g_assert_cmpfloat(pi_job_progress(job), <, 1);
        g_assert_cmpint(next->state, ==, PI_JOB_DONE);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 2);
        node_stop(&node);
}

static void test_cancel_finished(void) {
        Node node;
        PiJob *job;
        GError *error = node_reason("too late");

        node_start(&node, 1);
        job = node_submit(&node, NODE_TERMS, "{}");
        node_wait(&node);
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*pi_job_is_finished*");
        pi_jobs_end(node.jobs, job, error);
        g_test_assert_expected_messages();
        g_error_free(error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        g_assert_no_error(job->error);
        node_stop(&node);
}

/* A millisecond for the work of hours, and for what waits behind it. */
static void test_deadline(void) {
        static const char options[] = "{'deadline_usec': <uint64 1000>, 'kernel': <'generic'>}";
        Node node;
        PiJob *running, *queued;

        node_start(&node, 2);
        running = node_submit(&node, PI_TERMS_MAX, options);
        queued = node_submit(&node, PI_TERMS_MAX, options);
        g_assert_cmpint(running->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(queued->state, ==, PI_JOB_QUEUED);
        node_wait(&node);
        assert_ended(running, PI_JOB_FAILED, PI_ERROR_DEADLINE_EXCEEDED);
        assert_ended(queued, PI_JOB_FAILED, PI_ERROR_DEADLINE_EXCEEDED);
        g_assert_nonnull(strstr(running->error->message, "deadline of 1 ms"));
        node_stop(&node);
}

/* One that is kept leaves no timer behind. Those of 49 days and more take another way. */
static void test_deadline_kept(void) {
        static const char *const usec[] = { "3600000000", "4294967295000", "31536000000000" };
        Node node;

        node_start(&node, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(usec); i++) {
                g_autofree char *options =
                        g_strdup_printf("{'deadline_usec': <uint64 %s>}", usec[i]);
                PiJob *job = node_submit(&node, NODE_TERMS, options);

                g_assert_cmpuint(job->deadline, !=, 0);
                node_wait(&node);
                g_assert_cmpint(job->state, ==, PI_JOB_DONE);
                g_assert_cmpuint(job->deadline, ==, 0);
        }
        node_stop(&node);
}

static void test_no_deadline(void) {
        Node node;
        PiJob *job;

        node_start(&node, 1);
        gate_close(&gate);
        job = node_submit(&node, NODE_TERMS, "{'deadline_usec': <uint64 0>}");
        g_assert_cmpuint(job->deadline, ==, 0);
        node_stop(&node);
}

/* A kernel that is always wrong: on every CPU, no result, and the next job is well. */
static void test_wrong(void) {
        Node node;
        PiJob *bad, *good;

        node_start(&node, 2);
        atomic_store(&node_broken, true);
        bad = node_submit_wide(&node, NODE_TERMS, 1);
        node_wait(&node);
        assert_ended(bad, PI_JOB_FAILED, PI_ERROR_VERIFICATION_FAILED);
        g_assert_cmpuint(node.count[EVENT_JUDGED], ==, 1);
        g_assert_cmpuint(node.judged.n, ==, 2);
        g_assert_cmpint(bad->verdict, ==, PI_VERDICT_SOFTWARE);
        g_assert_cmpint(pi_job_leases(bad)->lease[0].state, ==, PI_LEASE_FAILED);
        g_assert_cmpuint(pi_job_leases(bad)->lease[0].failures, ==, 2);
        g_assert_cmpfloat(pi_job_progress(bad), ==, 0);

        atomic_store(&node_broken, false);
        good = node_submit_wide(&node, NODE_TERMS, 1);
        node_wait(&node);
        g_assert_cmpint(good->state, ==, PI_JOB_DONE);
        node_stop(&node);
}

static void test_shutdown(void) {
        Node node;
        PiJob *job[6];
        g_autoptr(GError) error = NULL;

        node_start(&node, 2);
        gate_close(&gate);
        for (unsigned i = 0; i < G_N_ELEMENTS(job); i++)
                job[i] = node_submit_wide(&node, NODE_TERMS, 1 + i % 2);
        gate_wait_for(&gate, 1);
        pi_jobs_shut_down(node.jobs);
        g_assert_cmpint(job[0]->state, ==, PI_JOB_RUNNING);
        for (unsigned i = 1; i < G_N_ELEMENTS(job); i++) {
                assert_ended(job[i], PI_JOB_FAILED, PI_ERROR_SHUTTING_DOWN);
                g_assert_cmpint(node_moment(&node, job[i]->id, PI_JOB_RUNNING), ==, -1);
        }
        g_assert_null(node_try(&node, NODE_USER, NODE_TERMS, "{}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        g_assert_cmpuint(node.count[EVENT_ADDED], ==, G_N_ELEMENTS(job));

        gate_open(&gate);
        node_wait(&node);
        assert_ended(job[0], PI_JOB_FAILED, PI_ERROR_SHUTTING_DOWN);
        g_assert_cmpuint(pi_jobs_n_running(node.jobs), ==, 0);
        node_stop(&node);
}

static void test_shutdown_when_idle(void) {
        Node node;

        node_start(&node, 2);
        pi_jobs_shut_down(node.jobs);
        pi_jobs_shut_down(node.jobs);
        g_assert_cmpuint(node.events->len, ==, 0);
        node_stop(&node);
}

/* The pool first: its workers leave, then nothing touches the jobs any more. */
static void test_free_while_running(void) {
        Node node;

        node_start(&node, 2);
        gate_close(&gate);
        node_submit_wide(&node, PI_TERMS_MAX, 1);
        node_submit_wide(&node, PI_TERMS_MAX, 2);
        gate_wait_for(&gate, 1);
        gate_open(&gate);
        pi_pool_free(g_steal_pointer(&node.pool));
        pi_jobs_free(node.jobs);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(node.count[EVENT_STATE], ==, 0);
        g_array_unref(node.events);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ending/cancel-queued", test_cancel_queued);
        g_test_add_func("/ending/cancel-running", test_cancel_running);
        g_test_add_func("/ending/cancel-finished", test_cancel_finished);
        g_test_add_func("/ending/deadline", test_deadline);
        g_test_add_func("/ending/deadline-kept", test_deadline_kept);
        g_test_add_func("/ending/no-deadline", test_no_deadline);
        g_test_add_func("/ending/wrong", test_wrong);
        g_test_add_func("/ending/shutdown", test_shutdown);
        g_test_add_func("/ending/shutdown-when-idle", test_shutdown_when_idle);
        g_test_add_func("/ending/free-while-running", test_free_while_running);
        return g_test_run();
}
