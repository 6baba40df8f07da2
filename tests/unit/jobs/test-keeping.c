/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much is taken in, and how much is kept. */
#include "daemon/jobs/jobs.h"

#include <string.h>

#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"

/* The defaults of the settings. */
#define JOBS_OF_ALL 1024
#define JOBS_PER_USER 256

/* Ends all jobs that still wait, newest first. */
static void end_queued(Node *node) {
        GList *queued = NULL;

        for (const GList *l = pi_jobs_list(node->jobs); l; l = l->next)
                if (((PiJob *) l->data)->state == PI_JOB_QUEUED)
                        queued = g_list_prepend(queued, l->data);
        for (GList *l = queued; l; l = l->next)
                pi_jobs_end(node->jobs, l->data, node_reason("no more"));
        g_list_free(queued);
        g_assert_cmpuint(pi_jobs_n_queued(node->jobs), ==, 0);
}

static uint64_t refused(Node *node) {
        g_autoptr(GVariant) metrics = g_variant_ref_sink(pi_jobs_metrics(node->jobs));

        return u64_of(metrics, "jobs_refused");
}

static void test_quota_of_a_user(void) {
        Node node;
        g_autoptr(GError) error = NULL;

        node_start(&node, 1);
        gate_close(&gate);
        for (unsigned i = 0; i < JOBS_PER_USER; i++)
                node_submit(&node, NODE_TERMS, "{}");
        g_assert_null(node_try(&node, NODE_USER, NODE_TERMS, "{}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        g_assert_cmpuint(refused(&node), ==, 1);
        g_assert_cmpuint(node.count[EVENT_ADDED], ==, JOBS_PER_USER);
        g_assert_nonnull(node_try(&node, NODE_USER + 1, NODE_TERMS, "{}", NULL));

        /* One ends, one may come. */
        pi_jobs_end(node.jobs, pi_jobs_find(node.jobs, 2), node_reason("one less"));
        node_submit(&node, NODE_TERMS, "{}");
        g_assert_null(node_try(&node, NODE_USER, NODE_TERMS, "{}", NULL));
        end_queued(&node);
        gate_open(&gate);
        node_wait(&node);
        node_submit(&node, NODE_TERMS, "{}");
        node_stop(&node);
}

static void test_queue_full(void) {
        Node node;
        g_autoptr(GError) error = NULL;

        node_start(&node, 1);
        gate_close(&gate);
        for (unsigned i = 0; i < JOBS_OF_ALL; i++)
                g_assert_nonnull(node_try(&node, 1 + i % 8, NODE_TERMS, "{}", NULL));
        g_assert_null(node_try(&node, 100, NODE_TERMS, "{}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
        g_assert_cmpuint(pi_jobs_n_queued(node.jobs) + pi_jobs_n_running(node.jobs), ==,
                         JOBS_OF_ALL);
        end_queued(&node);
        g_assert_nonnull(node_try(&node, 100, NODE_TERMS, "{}", NULL));
        node_stop(&node);
}

static unsigned length(const GList *list) {
        return g_list_length((GList *) list);
}

/* The oldest of those that ended go, each told of as it goes. One still running stays, however
 * old. */
static void test_retention(void) {
        enum { MORE = 50 };
        Node node;
        PiJob *oldest;
        uint64_t next_gone = 2;

        node_start(&node, 1);
        gate_close(&gate);
        oldest = node_submit(&node, NODE_TERMS, "{}");
        for (unsigned i = 0; i < PI_JOBS_FINISHED_KEPT + MORE; i++) {
                PiJob *job = node_submit(&node, NODE_TERMS, "{}");

                pi_jobs_end(node.jobs, job, node_reason("no more"));
                g_assert_cmpuint(node.count[EVENT_REMOVED], ==,
                                 i < PI_JOBS_FINISHED_KEPT ? 0 : i + 1 - PI_JOBS_FINISHED_KEPT);
        }
        for (guint i = 0; i < node.events->len; i++) {
                const Event *e = &g_array_index(node.events, Event, i);

                if (e->kind == EVENT_REMOVED)
                        g_assert_cmpuint(e->id, ==, next_gone++);
        }
        g_assert_cmpuint(next_gone, ==, 2 + MORE);
        g_assert_null(pi_jobs_find(node.jobs, 1 + MORE));
        g_assert_nonnull(pi_jobs_find(node.jobs, 2 + MORE));
        g_assert_true(pi_jobs_find(node.jobs, 1) == oldest);
        g_assert_cmpuint(length(pi_jobs_list(node.jobs)), ==, PI_JOBS_FINISHED_KEPT + 1);

        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpint(oldest->state, ==, PI_JOB_DONE);
        g_assert_cmpuint(length(pi_jobs_list(node.jobs)), ==, PI_JOBS_FINISHED_KEPT);
        g_assert_true(pi_jobs_find(node.jobs, 1) == oldest);
        g_assert_null(pi_jobs_find(node.jobs, 2 + MORE));
        node_stop(&node);
}

/* Which part ran where is told of the last few jobs only; all else of a job stays. */
static void test_leases_kept(void) {
        enum { JOBS = PI_JOBS_LEASES_KEPT + 8 };
        Node node;

        node_start(&node, 2);
        for (unsigned i = 0; i < JOBS; i++) {
                node_submit(&node, 1000, "{'parts': <uint64 10>}");
                node_wait(&node);
        }
        for (uint64_t id = 1; id <= JOBS; id++) {
                PiJob *job = pi_jobs_find(node.jobs, id);

                g_assert_cmpint(pi_job_leases(job) != NULL, ==, id > JOBS - PI_JOBS_LEASES_KEPT);
                g_assert_cmpint(job->state, ==, PI_JOB_DONE);
                g_assert_cmpuint(g_variant_n_children(job->report), >, 0);
        }
        node_stop(&node);
}

/* What the store has of the jobs that ended. */
static void test_history(void) {
        Node node;
        g_autoptr(GPtrArray) all = NULL, two = NULL;
        const PiJobRecord *newest, *first;
        PiJob *cancelled;

        node_start(&node, 1);
        pi_jobs_open_store(node.jobs, NULL);
        gate_close(&gate);
        node_submit(&node, NODE_TERMS, "{'label': <'one'>}");
        cancelled = node_submit(&node, NODE_TERMS, "{'label': <'two'>}");
        node_submit(&node, NODE_TERMS, "{'label': <'three'>}");
        pi_jobs_end(node.jobs, cancelled, node_reason("no more"));
        gate_open(&gate);
        node_wait(&node);

        /* In the order they ended, not in which they came. */
        all = node_history(&node, 10);
        two = node_history(&node, 2);
        g_assert_cmpuint(all->len, ==, 3);
        g_assert_cmpuint(two->len, ==, 2);
        newest = all->pdata[0];
        first = all->pdata[2];
        g_assert_cmpstr(newest->label, ==, "three");
        g_assert_cmpstr(newest->state, ==, "done");
        g_assert_cmpuint(g_variant_n_children(newest->report), >, 0);
        g_assert_cmpstr(first->label, ==, "two");
        g_assert_cmpstr(first->state, ==, "cancelled");
        g_assert_cmpstr(first->error_name, ==, pi_error_name(PI_ERROR_CANCELLED));
        node_stop(&node);
}

/* Limits that were changed hold from the next job on, and are told of. */
static void test_settings(void) {
        PiSettings *fewer = pi_settings_new();
        g_autoptr(GError) error = NULL;
        Node node;

        node_start(&node, 1);
        pi_jobs_open_store(node.jobs, NULL);
        gate_close(&gate);
        for (unsigned i = 0; i < 3; i++)
                node_submit(&node, NODE_TERMS, "{}");
        fewer->jobs_per_user = 2;
        pi_jobs_apply_settings(node.jobs, fewer);
        g_assert_cmpuint(node.reloads, ==, 1);
        g_assert_cmpuint(pi_jobs_n_queued(node.jobs) + pi_jobs_n_running(node.jobs), ==, 3);
        g_assert_null(node_try(&node, NODE_USER, NODE_TERMS, "{}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        g_assert_nonnull(strstr(error->message, "JobsPerUser="));
        pi_jobs_apply_settings(node.jobs, pi_settings_new());
        node_submit(&node, NODE_TERMS, "{}");
        node_stop(&node);
}

/* The deadline that the settings give is the job's own. */
static void test_default_deadline(void) {
        PiSettings *settings = pi_settings_new();
        Node node;
        PiJob *job;

        settings->deadline_default_usec = 1000;
        node_start_with(&node, 1, settings);
        job = node_submit(&node, UINT64_C(1000000000000000), "{'kernel': <'generic'>}");
        g_assert_cmpuint(job->spec.deadline_usec, ==, 1000);
        node_wait(&node);
        g_assert_error(job->error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED);
        node_stop(&node);
}

/* What a user may ask for, root may exceed. */
static void test_priority_of_root(void) {
        g_autoptr(GError) error = NULL;
        Node node;

        node_start(&node, 1);
        g_assert_null(node_try(&node, NODE_USER, 1000, "{'priority': <1>}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        g_assert_nonnull(node_try(&node, 0, 1000, "{'priority': <100>}", NULL));
        node_stop(&node);
}

/* Only where no job has the CPUs; and told of when it is done. */
static void test_calibrate(void) {
        g_autoptr(GVariant) baselines = NULL, first = NULL;
        g_autoptr(GError) busy = NULL, twice = NULL;
        Node node;

        node_start(&node, 1);
        gate_close(&gate);
        node_submit(&node, NODE_TERMS, "{}");
        g_assert_false(pi_jobs_calibrate(node.jobs, &busy));
        g_assert_error(busy, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(busy->message, "Jobs are running (1)"));
        gate_open(&gate);
        node_wait(&node);
        g_assert_true(pi_jobs_calibrate(node.jobs, NULL));
        g_assert_false(pi_jobs_calibrate(node.jobs, &twice));
        g_assert_error(twice, PI_ERROR, PI_ERROR_FAILED);
        while (node.calibrated == 0)
                g_main_context_iteration(NULL, TRUE);
        baselines = g_variant_ref_sink(pi_jobs_baselines(node.jobs));
        first = g_variant_get_child_value(baselines, 0);
        g_assert_cmpstr(string_of(first, "kernel"), ==, "test");
        g_assert_cmpfloat(double_of(first, "terms_per_second"), >, 0);
        node_stop(&node);
}

static void test_metrics(void) {
        Node node;
        PiJob *cancelled;
        g_autoptr(GVariant) busy = NULL, idle = NULL;

        node_start(&node, 2);
        gate_close(&gate);
        node_submit_wide(&node, NODE_TERMS, 2);
        node_submit_wide(&node, NODE_TERMS, 2);
        cancelled = node_submit_wide(&node, NODE_TERMS, 2);
        busy = g_variant_ref_sink(pi_jobs_metrics(node.jobs));
        g_assert_cmpuint(u32_of(busy, "jobs_running"), ==, 1);
        g_assert_cmpuint(u32_of(busy, "jobs_queued"), ==, 2);
        g_assert_cmpuint(u32_of(busy, "slots_in_use"), ==, 2);
        pi_jobs_end(node.jobs, cancelled, node_reason("no more"));
        gate_open(&gate);
        node_wait(&node);
        idle = g_variant_ref_sink(pi_jobs_metrics(node.jobs));
        g_assert_cmpuint(u64_of(idle, "jobs_submitted"), ==, 3);
        g_assert_cmpuint(u64_of(idle, "jobs_done"), ==, 2);
        g_assert_cmpuint(u64_of(idle, "jobs_cancelled"), ==, 1);
        g_assert_cmpuint(u64_of(idle, "terms_delivered"), ==, 2 * NODE_TERMS);
        g_assert_cmpuint(u32_of(idle, "jobs_running"), ==, 0);
        g_assert_cmpuint(u32_of(idle, "slots_in_use"), ==, 0);
        node_stop(&node);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/keeping/quota-of-a-user", test_quota_of_a_user);
        g_test_add_func("/keeping/queue-full", test_queue_full);
        g_test_add_func("/keeping/retention", test_retention);
        g_test_add_func("/keeping/leases-kept", test_leases_kept);
        g_test_add_func("/keeping/history", test_history);
        g_test_add_func("/keeping/settings", test_settings);
        g_test_add_func("/keeping/default-deadline", test_default_deadline);
        g_test_add_func("/keeping/priority-of-root", test_priority_of_root);
        g_test_add_func("/keeping/calibrate", test_calibrate);
        g_test_add_func("/keeping/metrics", test_metrics);
        return g_test_run();
}
