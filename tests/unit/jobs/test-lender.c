/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lender.h"

#include <string.h>

#include "daemon/series/sum.h"
#include "dbus/names.h"
#include "tests/unit/jobs/members.h"

#define PARTS 500
#define BIG UINT64_C(4000000007)

static const PiKernel *const kernel = &pi_kernel_generic;

static void assert_right(const PiJob *job) {
        g_autofree char *want = NULL;
        const char *got;
        PiFixed sum;

        g_assert_no_error(job->error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        pi_sum_range(kernel, (PiRange) { 0, job->spec.terms }, &sum);
        want = pi_fixed_to_hex(&sum);
        g_assert_true(g_variant_lookup(job->report, PI_REPORT_SUM_HEX, "&s", &got));
        g_assert_cmpstr(got, ==, want);
}

static PiJob *submit(Cluster *c, const char *more) {
        g_autofree char *options =
                g_strdup_printf("{'kernel': <'generic'>, 'parts': <uint64 %d>%s}", PARTS, more);

        return node_submit(&c->node, BIG, options);
}

/* Terms by the rows of the report: the node's own first. */
static uint64_t terms_of(const PiJob *job, const char *id) {
        g_autoptr(GVariant) nodes = g_variant_lookup_value(job->report, PI_REPORT_NODES, NULL);
        uint64_t terms = 0;

        for (gsize i = 0; i < g_variant_n_children(nodes); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(nodes, i);
                const char *of;

                g_assert_true(g_variant_lookup(row, "id", "&s", &of));
                if (!id || g_str_equal(of, id)) {
                        uint64_t t;

                        g_assert_true(g_variant_lookup(row, "terms", "t", &t));
                        terms += t;
                }
        }
        return terms;
}

/* A member has one of the two orders in its queue, and answers at once when that is called off. */
static void test_called_off(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 3);
        job = node_submit(&c.node, BIG, "{'kernel': <'generic'>, 'parts': <uint64 4096>}");
        for (guint i = 0; i < 3; i++)
                g_assert_cmpuint(c.member[i].out, ==, 2);
        pi_jobs_end(c.node.jobs, job, node_reason("seen enough"));
        node_wait(&c.node);
        g_assert_cmpuint(job->loans, ==, 0);
        cluster_stop(&c);
}

static void test_shared(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 3);
        job = submit(&c, "");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(terms_of(job, NULL), ==, BIG);
        for (guint i = 0; i < 3; i++) {
                g_assert_cmpuint(terms_of(job, c.member[i].id), >, 0);
                g_assert_cmpuint(c.member[i].out_most, ==, 2);
                g_assert_cmpuint(c.member[i].verified, >, 0);
                g_assert_cmpuint(c.member[i].wrong, ==, 0);
        }
        cluster_stop(&c);
}

/* Whoever goes, lies, is mute or says no: the same bits, and nobody waits for ever. */
static void with_moods(Mood a, Mood b, Mood d) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 3);
        c.member[0].mood = a;
        c.member[1].mood = b;
        c.member[2].mood = d;
        job = submit(&c, "");
        node_wait(&c.node);
        assert_right(job);
        for (guint i = 0; i < 3; i++) {
                g_assert_cmpint(c.member[i].wrong > 0, ==, c.member[i].mood == MOOD_LIAR);
                if (c.member[i].mood == MOOD_MUTE || c.member[i].mood == MOOD_LOSER)
                        g_assert_cmpuint(terms_of(job, c.member[i].id), ==, 0);
        }
        cluster_stop(&c);
}

static void test_liar(void) {
        with_moods(MOOD_LIAR, MOOD_GOOD, MOOD_GONE);
        with_moods(MOOD_LIAR, MOOD_LIAR, MOOD_LIAR);
}

static gboolean make_noise(gpointer userdata) {
        pi_jobs_peers_changed(userdata);
        return G_SOURCE_CONTINUE;
}

/* Much happens all the time: what is late is seen to be so none the less. */
static void test_noise(void) {
        Cluster c;
        PiJob *job;
        guint noise;

        cluster_start(&c, 1);
        c.member[0].mood = MOOD_MUTE;
        noise = g_timeout_add(1, make_noise, c.node.jobs);
        job = submit(&c, "");
        node_wait(&c.node);
        assert_right(job);
        g_source_remove(noise);
        cluster_stop(&c);
}

static void test_mute(void) {
        with_moods(MOOD_MUTE, MOOD_GOOD, MOOD_GOOD);
        with_moods(MOOD_MUTE, MOOD_MUTE, MOOD_MUTE);
}

static void test_loser(void) {
        with_moods(MOOD_LOSER, MOOD_GOOD, MOOD_LIAR);
        with_moods(MOOD_LOSER, MOOD_LOSER, MOOD_MUTE);
}

/* A member that failed has leases of the same job again after a while, though nothing else happens
 * that would say so. */
static void test_forgiven(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 1);
        c.member[0].mood = MOOD_LOSER;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>}");
        while (c.member[0].orders == 0 || c.member[0].out > 0)
                g_main_context_iteration(NULL, TRUE);
        c.member[0].mood = MOOD_GOOD;
        cluster_wait_for(&c, 0);
        cluster_stop_in(&c, job);
}

/* What no core of this node gets right, another node does; with none there, the job fails. */
static void test_broken(void) {
        Cluster c;
        PiJob *job;

        cluster_start_with(&c, 2, 1);
        atomic_store(&node_broken, true);
        job = node_submit(&c.node, BIG, "{'parts': <uint64 50>}");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_NODE);
        g_assert_cmpuint(terms_of(job, "a") + terms_of(job, "b"), ==, BIG);
        c.member[0].mood = c.member[1].mood = MOOD_LOSER;
        job = node_submit(&c.node, BIG, "{'parts': <uint64 50>}");
        node_wait(&c.node);
        g_assert_error(job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
        c.member[0].mood = c.member[1].mood = MOOD_GONE;
        job = node_submit(&c.node, BIG, "{'parts': <uint64 50>}");
        node_wait(&c.node);
        g_assert_error(job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
        atomic_store(&node_broken, false);
        cluster_stop(&c);
}

/* A small job is done before anybody could answer. */
static void test_small(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 2);
        job = node_submit(&c.node, 1000, "{'kernel': <'generic'>}");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(c.member[0].orders + c.member[1].orders, ==, 0);
        cluster_stop(&c);
}

static void test_scope(void) {
        Cluster c;
        PiJob *job;
        g_autoptr(GError) error = NULL;

        cluster_start(&c, 2);
        job = submit(&c, ", 'scope': <'local'>");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(terms_of(job, "0"), ==, BIG);
        /* An inexact kernel stays here, too, and refuses to be sent. */
        job = node_submit(&c.node, NODE_TERMS, "{'kernel': <'reference'>}");
        g_assert_false(job->spec.cluster);
        g_assert_null(node_try(&c.node, NODE_USER, NODE_TERMS,
                               "{'kernel': <'reference'>, 'scope': <'cluster'>}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        cluster_stop(&c);
}

/* Only those that were named; with this node not among them, it does nothing of it. */
static void test_nodes(void) {
        Cluster c;
        PiJob *job;
        g_autoptr(GError) error = NULL;

        cluster_start(&c, 3);
        job = submit(&c, ", 'nodes': <['b', 'c']>");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(terms_of(job, "b") + terms_of(job, "c"), ==, BIG);
        g_assert_cmpuint(c.member[0].orders, ==, 0);
        job = submit(&c, ", 'nodes': <['test', 'a']>");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(terms_of(job, "0") + terms_of(job, "a"), ==, BIG);
        g_assert_cmpuint(terms_of(job, "0"), >, 0);
        g_assert_null(node_try(&c.node, NODE_USER, BIG, "{'nodes': <['nobody']>}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "nobody"));
        cluster_stop(&c);
}

/* Named, and gone: this node does what nobody else does. */
static void test_nodes_gone(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 1);
        c.member[0].mood = MOOD_GONE;
        job = submit(&c, ", 'nodes': <['a']>");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(terms_of(job, "0"), ==, BIG);
        cluster_stop(&c);
}

/* So many CPU slots over all nodes, this one first. */
static void test_cpus(void) {
        Cluster c;
        PiJob *job;
        g_autoptr(GError) error = NULL;

        cluster_start(&c, 2);
        job = submit(&c, ", 'cpus': <uint32 3>");
        node_wait(&c.node);
        assert_right(job);
        g_assert_cmpuint(c.member[0].orders, >, 0);
        g_assert_cmpuint(c.member[1].orders, ==, 0);
        g_assert_null(node_try(&c.node, NODE_USER, BIG, "{'cpus': <uint32 7>}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "0 to 6"));
        cluster_stop(&c);
}

/* Called off while members have leases of it. */
static void test_cancelled(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 3);
        c.member[1].mood = MOOD_MUTE;
        job = node_submit(&c.node, ENDLESS, "{'kernel': <'generic'>}");
        cluster_wait_for(&c, 0);
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        node_wait(&c.node);
        g_assert_cmpint(job->state, ==, PI_JOB_CANCELLED);
        cluster_stop(&c);
}

/* A member comes while the job runs, and goes again. */
static void test_coming_and_going(void) {
        Cluster c;
        PiJob *job;

        cluster_start(&c, 1);
        c.member[0].mood = MOOD_GONE;
        /* Not of the cluster when it was submitted, so not for it. */
        job = node_submit(&c.node, BIG, "{'kernel': <'generic'>, 'parts': <uint64 500>}");
        g_assert_false(job->spec.cluster);
        node_wait(&c.node);
        c.member[0].mood = MOOD_MUTE;
        job = submit(&c, "");
        g_assert_cmpuint(c.member[0].orders, >, 0);
        c.member[0].mood = MOOD_GONE;
        for (GList *l = c.calls.head; l; l = l->next)
                g_idle_add(lose, l->data);
        pi_jobs_peers_changed(c.node.jobs);
        node_wait(&c.node);
        assert_right(job);
        cluster_stop(&c);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lender/called-off", test_called_off);
        g_test_add_func("/lender/shared", test_shared);
        g_test_add_func("/lender/liar", test_liar);
        g_test_add_func("/lender/mute", test_mute);
        g_test_add_func("/lender/noise", test_noise);
        g_test_add_func("/lender/loser", test_loser);
        g_test_add_func("/lender/forgiven", test_forgiven);
        g_test_add_func("/lender/broken", test_broken);
        g_test_add_func("/lender/small", test_small);
        g_test_add_func("/lender/scope", test_scope);
        g_test_add_func("/lender/nodes", test_nodes);
        g_test_add_func("/lender/nodes-gone", test_nodes_gone);
        g_test_add_func("/lender/cpus", test_cpus);
        g_test_add_func("/lender/cancelled", test_cancelled);
        g_test_add_func("/lender/coming-and-going", test_coming_and_going);
        return g_test_run();
}
