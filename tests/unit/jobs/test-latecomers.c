/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members that come when a job runs already. */
#include "daemon/jobs/lender.h"

#include "tests/unit/jobs/members.h"

static void come(Cluster *c, guint member) {
        c->member[member].mood = MOOD_GOOD;
        pi_jobs_peers_changed(c->node.jobs);
        while (c->member[member].verified == 0)
                g_main_context_iteration(NULL, TRUE);
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
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        cluster_stop(&c);
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
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        cluster_stop(&c);

        cluster_start(&c, 2);
        c.member[1].mood = MOOD_GONE;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>, 'cpus': <uint32 4>}");
        c.member[1].mood = MOOD_GOOD;
        come(&c, 0);
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        g_assert_cmpuint(c.member[1].orders, ==, 0);
        cluster_stop(&c);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/latecomers/nodes-later", test_nodes_later);
        g_test_add_func("/latecomers/latecomer", test_latecomer);
        return g_test_run();
}
