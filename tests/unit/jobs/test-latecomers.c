/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members that come when a job runs already, also because it goes on after a restart. */
#include "daemon/jobs/lender.h"

#include "tests/unit/jobs/members.h"
#include "tests/unit/store/sample.h"

static void come(Cluster *c, guint member) {
        c->member[member].mood = MOOD_GOOD;
        pi_jobs_peers_changed(c->node.jobs);
        cluster_wait_for(c, member);
}

static void wait_until_idle(Cluster *c) {
        while (pi_pool_busy(c->node.pool) > 0)
                g_main_context_iteration(NULL, TRUE);
}

/* Named, and connected later: this node, which was not named, goes on no longer. */
static void test_nodes_later(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 1);
        c.member[0].mood = MOOD_GONE;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>, 'nodes': <['a']>}");
        while (!job->task || pi_task_terms_done(job->task) == 0)
                g_main_context_iteration(NULL, TRUE);
        come(&c, 0);
        wait_until_idle(&c);
        g_assert_cmpint(job->state, ==, PI_JOB_RUNNING);
        /* And again when that one has none of it. */
        c.member[0].mood = MOOD_LOSER;
        while (pi_pool_busy(c.node.pool) == 0)
                g_main_context_iteration(NULL, TRUE);
        cluster_stop_in(&c, job);
}

/* Members that come later have leases of a job that may have all CPUs, and of no other. */
static void test_latecomer(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 3);
        c.member[1].mood = c.member[2].mood = MOOD_GONE;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>}");
        g_assert_cmpuint(job->spec.cpus, ==, 4);
        come(&c, 1);
        come(&c, 2);
        cluster_stop_in(&c, job);

        cluster_start(&c, 2);
        c.member[1].mood = MOOD_GONE;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>, 'cpus': <uint32 4>}");
        c.member[1].mood = MOOD_GOOD;
        come(&c, 0);
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        g_assert_cmpuint(c.member[1].orders, ==, 0);
        cluster_stop(&c);
}

static void on_recorded(const GError *error, gpointer userdata) {
        g_assert_no_error(error);
}

/* A life of a service that takes a job in, and has members at it when it ends. */
static void live_and_leave(const char *dir, const char *more) {
        g_autofree char *options = g_strdup_printf("{'kernel': <'generic'>%s}", more);
        Cluster c;

        cluster_start(&c, 2);
        pi_jobs_open_store(c.node.jobs, dir);
        pi_jobs_record(c.node.jobs, node_submit(&c.node, ENDLESS, options), on_recorded, NULL);
        cluster_wait_for(&c, 0);
        cluster_wait_for(&c, 1);
        pi_jobs_shut_down(c.node.jobs);
        cluster_stop(&c);
}

/* The next one, before anybody is connected. */
static PiJob *live_again(Cluster *c, const char *dir) {
        cluster_start(c, 3);
        for (guint i = 0; i < 3; i++)
                c->member[i].mood = MOOD_GONE;
        pi_jobs_open_store(c->node.jobs, dir);
        g_assert_cmpuint(c->node.count[EVENT_RESUMED], ==, 1);
        return pi_jobs_list(c->node.jobs)->data;
}

static void finish(Cluster *c, PiJob *job, const char *dir) {
        cluster_stop_in(c, job);
        sample_remove(dir);
}

/* A job that goes on after a restart goes on with all members, new ones too. */
static void test_revived(void) {
        g_autofree char *dir = sample_directory();
        Cluster c;
        PiJob *job;

        live_and_leave(dir, "");
        job = live_again(&c, dir);
        g_assert_true(job->spec.cluster);
        g_assert_cmpuint(job->slots, ==, 2);
        g_assert_cmpuint(job->resumed_terms, >, 0);
        for (guint i = 0; i < 3; i++)
                come(&c, i);
        g_assert_cmpuint(pi_pool_busy(c.node.pool), ==, 2);
        finish(&c, job, dir);
}

/* Those that it was for, and nobody else. */
static void test_revived_elsewhere(void) {
        g_autofree char *dir = sample_directory();
        Cluster c;
        PiJob *job;

        live_and_leave(dir, ", 'nodes': <['a', 'b']>");
        job = live_again(&c, dir);
        g_assert_true(job->spec.elsewhere);
        g_assert_cmpuint(job->slots, ==, 0);
        c.member[2].mood = MOOD_GOOD;
        come(&c, 0);
        come(&c, 1);
        wait_until_idle(&c);
        g_assert_cmpuint(c.member[2].orders, ==, 0);
        finish(&c, job, dir);
}

/* It was for others, and there are none any more: all of this node is at it. */
static void test_revived_alone(void) {
        g_autofree char *dir = sample_directory();
        Node node;
        PiJob *job;

        live_and_leave(dir, ", 'nodes': <['a', 'b']>");
        node_start(&node, 2);
        pi_jobs_open_store(node.jobs, dir);
        g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 1);
        job = pi_jobs_list(node.jobs)->data;
        g_assert_false(job->spec.elsewhere);
        g_assert_cmpuint(job->slots, ==, 2);
        g_assert_cmpuint(pi_pool_busy(node.pool), ==, 2);
        pi_jobs_end(node.jobs, job, node_reason("enough"));
        node_stop(&node);
        sample_remove(dir);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/latecomers/nodes-later", test_nodes_later);
        g_test_add_func("/latecomers/latecomer", test_latecomer);
        g_test_add_func("/latecomers/revived", test_revived);
        g_test_add_func("/latecomers/revived-elsewhere", test_revived_elsewhere);
        g_test_add_func("/latecomers/revived-alone", test_revived_alone);
        return g_test_run();
}
