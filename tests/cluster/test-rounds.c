/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* Random faults, one after the other, over a job that is always running: the bits never change,
 * nothing hangs, and nothing is left behind. PI_CLUSTER_ROUNDS says how many, PI_CLUSTER_TERMS of
 * how many terms the job is; the seed of GLib's tests (--seed) says which. */

#define NODES 3
#define ROUNDS 10
#define TERMS UINT64_C(1000000000000)
#define TERMS_INSTRUMENTED UINT64_C(100000000000)
#define FAULT_USEC_MAX 6000000 /* below and above what it takes to be noticed */
#define CALM_USEC_MAX 1500000
#define GROWTH_BYTES (12 * 1024 * 1024)

typedef struct Rounds {
        TestCluster *cluster;
        uint64_t terms;
        char *sum;
        char *path;  /* of the job that is running at node 1 */
        guint jobs;  /* done */
        guint kills[NODES + 1];
} Rounds;

static uint64_t number(const char *variable, uint64_t otherwise) {
        const char *text = g_getenv(variable);

        return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static TestNode *node(Rounds *r, guint i) {
        return test_cluster_node(r->cluster, i);
}

static void pass(int max_usec) {
        g_usleep((gulong) g_test_rand_int_range(0, max_usec));
}

static void submit(Rounds *r) {
        g_clear_pointer(&r->path, g_free);
        g_assert_null(test_submit(node(r, 1)->client, r->terms, NULL, &r->path));
}

/* Looks after the job, and begins another one when it is done. */
static void look(Rounds *r) {
        g_autoptr(GVariant) state = test_job_property(node(r, 1)->client, r->path, "State");
        const char *is = g_variant_get_string(state, NULL);
        g_autoptr(GVariant) report = NULL;
        g_autofree char *sum = NULL;

        if (g_str_equal(is, "running") || g_str_equal(is, "queued"))
                return;
        g_assert_cmpstr(is, ==, "done");
        report = test_job_property(node(r, 1)->client, r->path, "Report");
        sum = test_lookup_string(report, PI_REPORT_SUM_HEX);
        g_assert_cmpstr(sum, ==, r->sum);
        r->jobs++;
        submit(r);
}

static void kill_one(Rounds *r, guint i) {
        test_node_kill(node(r, i));
        r->kills[i]++;
        pass(FAULT_USEC_MAX);
        test_node_start(node(r, i));
}

static void stop_one(Rounds *r, guint i) {
        test_node_stop(node(r, i));
        r->kills[i]++;
        pass(FAULT_USEC_MAX);
        test_node_start(node(r, i));
}

static void freeze_one(Rounds *r, guint i) {
        test_node_freeze(node(r, i));
        pass(FAULT_USEC_MAX);
        test_node_thaw(node(r, i));
}

static void cut_one(Rounds *r, guint i) {
        test_link_cut(node(r, i)->link);
        pass(FAULT_USEC_MAX);
        test_link_mend(node(r, i)->link);
}

static void unplug_one(Rounds *r, guint i) {
        test_link_unplug(node(r, i)->link);
        pass(FAULT_USEC_MAX);
        test_link_mend(node(r, i)->link);
}

static void slow_one(Rounds *r, guint i) {
        test_link_limit(node(r, i)->link, "1mbit");
        pass(FAULT_USEC_MAX);
        test_link_limit(node(r, i)->link, NULL);
}

static void block_one(Rounds *r, guint i) {
        guint from = 1 + i % NODES;

        test_link_block(node(r, i)->link, node(r, from)->link);
        pass(FAULT_USEC_MAX);
        test_link_unblock(node(r, i)->link);
}

/* The node comes back before anybody has noticed. */
static void blink_one(Rounds *r, guint i) {
        test_node_kill(node(r, i));
        r->kills[i]++;
        test_node_start(node(r, i));
}

typedef struct Fault {
        const char *name;
        void (*happen)(Rounds *r, guint i);
        gboolean ends_it; /* the process */
} Fault;

static const Fault faults[] = {
        { "freeze", freeze_one, FALSE }, { "cut", cut_one, FALSE },
        { "unplug", unplug_one, FALSE }, { "slow", slow_one, FALSE },
        { "kill", kill_one, TRUE },      { "stop", stop_one, TRUE },
        { "blink", blink_one, TRUE },    { "block", block_one, FALSE },
};

static const Fault *any_fault(gboolean can_filter) {
        gsize n = G_N_ELEMENTS(faults) - (can_filter ? 0 : 1);

        return &faults[g_test_rand_int_range(0, (gint32) n)];
}

/* A job that is done by all, and then quiet: what is there always. */
static void settle(Rounds *r, TestResources *ret) {
        test_wait_until_connected(r->cluster);
        g_variant_unref(test_compute_over(node(r, 1), r->terms / 10, NULL, NULL));
        for (guint i = 1; i <= NODES; i++)
                ret[i] = test_node_resources(node(r, i));
}

static void assert_flat(Rounds *r, const TestResources *before, const TestResources *after) {
        for (guint i = 1; i <= NODES; i++) {
                g_test_message("n%u: %u to %u descriptors, %u to %u threads, %.1f to %.1f MB, "
                               "started %u times more",
                               i, before[i].fds, after[i].fds, before[i].threads, after[i].threads,
                               (double) before[i].rss_bytes / 1e6,
                               (double) after[i].rss_bytes / 1e6, r->kills[i]);
                g_assert_cmpuint(after[i].fds, <=, before[i].fds);
                g_assert_cmpuint(after[i].threads, <=, before[i].threads);
                if (!test_is_instrumented())
                        g_assert_cmpuint(after[i].rss_bytes, <=,
                                         before[i].rss_bytes + GROWTH_BYTES);
        }
}

static void go_through(Rounds *r, guint first, guint end, gboolean coordinator_dies) {
        gboolean can_filter = test_links_can_filter();

        for (guint round = first; round < end; round++) {
                const Fault *fault = any_fault(can_filter);
                guint i = (guint) g_test_rand_int_range(1, NODES + 1);

                if (i == 1 && fault->ends_it && !coordinator_dies)
                        i = 2;
                pass(CALM_USEC_MAX);
                g_test_message("round %u: %s n%u, %u jobs done", round + 1, fault->name, i,
                               r->jobs);
                fault->happen(r, i);
                look(r);
        }
}

static void rounds(void) {
        Rounds r = { .cluster = test_cluster_new_joined(NODES) };
        guint n = (guint) number("PI_CLUSTER_ROUNDS", ROUNDS);
        TestResources before[NODES + 1], after[NODES + 1];

        r.terms = number("PI_CLUSTER_TERMS", test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS);
        r.sum = test_sum_alone(node(&r, 1), r.terms);
        settle(&r, before);
        submit(&r);
        /* First node 1 lives through it all, so that what it leaks adds up. */
        go_through(&r, 0, n / 2, FALSE);
        go_through(&r, n / 2, n, TRUE);
        test_wait_until_connected(r.cluster);
        test_wait_for_state(node(&r, 1)->client, r.path, "done");
        look(&r);
        g_assert_null(test_job_call(node(&r, 1)->client, r.path, "Cancel"));
        settle(&r, after);
        assert_flat(&r, before, after);
        g_test_message("%u rounds, %u jobs of %" G_GUINT64_FORMAT " terms, all of them %s", n,
                       r.jobs, r.terms, r.sum);
        test_cluster_free(r.cluster);
        g_free(r.sum);
        g_free(r.path);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cluster/rounds", rounds);
        return g_test_run();
}
