/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of GetMetrics for the members of a cluster. */
#include "daemon/jobs/peers.h"
#include "daemon/series/sum.h"
#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"

/* Members without a network, and without jobs: the test sums their leases itself. */

#define MEMBERS 2
#define TERMS UINT64_C(2000000003)

typedef struct Cluster {
        Node node;
        PiPeers peers;
        guint n; /* members but this node: "a", "b" */
        gboolean gone[MEMBERS];
        uint64_t verified[MEMBERS];
        guint runs;
} Cluster;

typedef struct Run {
        Cluster *cluster;
        PiLeaseOrder order;
        PiLeaseAnswered answered;
        gpointer userdata;
} Run;

static const char *const ids[MEMBERS] = { "a", "b" };

static guint index_of(const char *id) {
        return g_str_equal(id, ids[0]) ? 0 : 1;
}

static guint list(PiPeer *ret, gpointer userdata) {
        Cluster *c = userdata;
        guint n = 0;

        for (guint i = 0; i < c->n; i++)
                if (!c->gone[i])
                        ret[n++] = (PiPeer) { .id = ids[i], .name = ids[i], .cpus = 2,
                                              .terms_per_second = 1e9 };
        return n;
}

static gboolean find(const char *id, const char **ret_id, gpointer userdata) {
        Cluster *c = userdata;

        for (guint i = 0; i < c->n; i++)
                if (g_str_equal(id, ids[i])) {
                        *ret_id = ids[i];
                        return TRUE;
                }
        return FALSE;
}

static guint members(PiMetricsNode *ret, guint max, gpointer userdata) {
        Cluster *c = userdata;

        g_assert_cmpuint(max, >, MEMBERS);
        ret[0] = (PiMetricsNode) { .is_self = TRUE, .id = "0", .name = "test", .state = "self" };
        for (guint i = 0; i < c->n; i++)
                ret[1 + i] = (PiMetricsNode) {
                        .id = ids[i], .name = ids[i], .state = c->gone[i] ? "lost" : "up",
                        .cpus = 2, .terms_per_second = 1, .leases_verified = c->verified[i],
                        .round_trip_usec = 77, .usage = { .has_memory = TRUE, .memory_bytes = 5 },
                };
        return 1 + c->n;
}

static gboolean on_run(gpointer userdata) {
        g_autofree Run *run = userdata;
        const PiLeaseOrder *o = &run->order;
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, o->terms, o->parts, 1);
        PiLeaseAnswer answer = { .n_leases = o->n_leases, .kernel = "generic" };

        for (uint32_t i = 0; i < o->n_leases; i++)
                pi_sum_range(&pi_kernel_generic, pi_task_lease_range(task, o->first_lease + i),
                             &answer.sum[i]);
        run->cluster->runs--;
        run->answered(&answer, NULL, run->userdata);
        return G_SOURCE_REMOVE;
}

static uint64_t run(const char *id, const PiLeaseOrder *order, PiLeaseAnswered answered,
                    gpointer answered_userdata, gpointer userdata) {
        Cluster *c = userdata;
        Run *run = g_new(Run, 1);

        *run = (Run) { c, *order, answered, answered_userdata };
        c->runs++;
        g_idle_add(on_run, run);
        return c->runs;
}

static void cancel(const char *id, uint64_t number, gpointer userdata) {
}

static void verified(const char *id, uint32_t leases, gpointer userdata) {
        ((Cluster *) userdata)->verified[index_of(id)] += leases;
}

static void wrong(const char *id, const PiLeaseOrder *order, uint32_t lease, gpointer userdata) {
        g_error("a right sum of %s was taken for wrong", id);
}

static void cluster_start(Cluster *c, guint n) {
        *c = (Cluster) { .n = n };
        node_start(&c->node, 2);
        c->peers = (PiPeers) { .list = list, .find = find, .members = members, .run = run,
                               .cancel = cancel, .verified = verified, .wrong = wrong,
                               .userdata = c };
        pi_jobs_set_peers(c->node.jobs, &c->peers);
}

static void cluster_wait(Cluster *c) {
        node_wait(&c->node);
        while (c->runs > 0)
                g_main_context_iteration(NULL, TRUE);
}

static void cluster_stop(Cluster *c) {
        cluster_wait(c);
        node_stop(&c->node);
}

static PiJob *submit(Cluster *c, uint64_t terms, const char *more) {
        g_autofree char *options = g_strdup_printf(
                "{'kernel': <'generic'>, 'parts': <uint64 500>%s}", more);

        return node_submit(&c->node, terms, options);
}

static GVariant *rows_of(Cluster *c) {
        g_autoptr(GVariant) metrics = g_variant_ref_sink(pi_jobs_metrics(c->node.jobs));

        return g_variant_lookup_value(metrics, "nodes", G_VARIANT_TYPE("aa{sv}"));
}

static GVariant *row_of(GVariant *rows, const char *id) {
        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                if (g_str_equal(string_of(row, "id"), id))
                        return g_steal_pointer(&row);
        }
        g_error("no row of %s", id);
}

/* As the report of the job has it, 0 when it had none of it. */
static uint64_t terms_of(const PiJob *job, const char *id) {
        g_autoptr(GVariant) nodes = entry_of(job->report, PI_REPORT_NODES, "aa{sv}");

        for (gsize i = 0; i < g_variant_n_children(nodes); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(nodes, i);

                if (g_str_equal(string_of(row, "id"), id))
                        return u64_of(row, "terms");
        }
        return 0;
}

/* The figures of each node are those of the jobs over the cluster, added up. */
static void test_added_up(void) {
        Cluster c;
        g_autoptr(GVariant) before = NULL, after = NULL, own = NULL;
        PiJob *job[2];
        uint64_t terms = 0;
        double share = 0;

        cluster_start(&c, 2);
        before = rows_of(&c);
        g_assert_cmpuint(g_variant_n_children(before), ==, 3);
        own = row_of(before, "0");
        g_assert_cmpuint(u64_of(own, "terms"), ==, 0);
        g_assert_false(has_key(own, "share"));
        /* A job that stays here is no work of the cluster. */
        (void) submit(&c, TERMS, ", 'scope': <'local'>");
        cluster_wait(&c);
        for (guint i = 0; i < 2; i++) {
                job[i] = submit(&c, TERMS, "");
                cluster_wait(&c);
        }
        after = rows_of(&c);
        for (gsize i = 0; i < 3; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(after, i);
                const char *id = string_of(row, "id");

                g_assert_cmpuint(u64_of(row, "terms"), ==,
                                 terms_of(job[0], id) + terms_of(job[1], id));
                g_assert_cmpuint(u64_of(row, "terms"), >, 0);
                g_assert_cmpuint(u64_of(row, "leases_verified"), >, 0);
                terms += u64_of(row, "terms");
                share += double_of(row, "share");
        }
        g_assert_cmpuint(terms, ==, 2 * TERMS);
        g_assert_cmpfloat_with_epsilon(share, 1, 1e-9);
        cluster_stop(&c);
}

/* What jobs know of this node and of the rates, and what they hand through. */
static void test_figures(void) {
        Cluster c;
        g_autoptr(GVariant) rows = NULL, own = NULL, a = NULL, b = NULL;

        cluster_start(&c, 2);
        c.gone[1] = TRUE;
        (void) submit(&c, 2 * TERMS, "");
        cluster_wait(&c);
        rows = rows_of(&c);
        own = row_of(rows, "0");
        g_assert_cmpstr(string_of(own, "state"), ==, "self");
        g_assert_cmpuint(u32_of(own, "cpus"), ==, 2);
        g_assert_cmpuint(u32_of(own, "slots_in_use"), ==, 0);
        g_assert_cmpuint(u64_of(own, "memory_bytes"), >, 100000);
        g_assert_cmpfloat(double_of(own, "terms_per_second"), ==,
                          pi_jobs_terms_per_second(c.node.jobs));
        g_assert_false(has_key(own, "leases_lost"));
        g_assert_false(has_key(own, "round_trip_usec"));
        a = row_of(rows, "a");
        /* No longer what it says itself. */
        g_assert_cmpfloat(double_of(a, "terms_per_second"), >, 1);
        g_assert_cmpuint(u64_of(a, "round_trip_usec"), ==, 77);
        g_assert_cmpuint(u64_of(a, "memory_bytes"), ==, 5);
        g_assert_false(has_key(a, "cpu_usage"));
        b = row_of(rows, "b");
        g_assert_cmpstr(string_of(b, "state"), ==, "lost");
        g_assert_cmpfloat(double_of(b, "terms_per_second"), ==, 1);
        g_assert_cmpuint(u64_of(b, "terms"), ==, 0);
        g_assert_cmpfloat(double_of(b, "share"), ==, 0);
        cluster_stop(&c);
}

/* Terms do not become fewer: neither while a job runs nor when it ends. */
static void test_counters(void) {
        Cluster c;
        g_autoptr(GVariant) rows = NULL, own = NULL;
        PiJob *job;
        uint64_t own_before = 0, before = 0;

        cluster_start(&c, 2);
        job = node_submit(&c.node, UINT64_C(1000000000000),
                          "{'kernel': <'generic'>, 'parts': <uint64 100000>}");
        for (guint round = 0; own_before == 0 || before == 0 || round < 10; round++) {
                g_autoptr(GVariant) now = rows_of(&c), here = row_of(now, "0"),
                                    a = row_of(now, "a"), b = row_of(now, "b");
                uint64_t members_now = u64_of(a, "terms") + u64_of(b, "terms");

                g_assert_cmpuint(u64_of(here, "terms"), >=, own_before);
                g_assert_cmpuint(members_now, >=, before);
                own_before = u64_of(here, "terms");
                before = members_now;
                g_main_context_iteration(NULL, TRUE);
        }
        pi_jobs_end(c.node.jobs, job, node_reason("enough"));
        cluster_wait(&c);
        rows = rows_of(&c);
        own = row_of(rows, "0");
        g_assert_cmpuint(u64_of(own, "terms"), >=, own_before);
        cluster_stop(&c);
}

/* What was done by a member that is none any more was done, and not by the others. */
static void test_removed_member(void) {
        Cluster c;
        g_autoptr(GVariant) rows = NULL;
        PiJob *job;
        double share = 0;

        cluster_start(&c, 2);
        job = submit(&c, TERMS, "");
        cluster_wait(&c);
        c.n = 1;
        pi_jobs_peers_changed(c.node.jobs);
        rows = rows_of(&c);
        g_assert_cmpuint(g_variant_n_children(rows), ==, 2);
        for (gsize i = 0; i < 2; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                share += double_of(row, "share");
        }
        g_assert_cmpuint(terms_of(job, "b"), >, 0);
        g_assert_cmpfloat_with_epsilon(share, 1 - (double) terms_of(job, "b") / (double) TERMS,
                                       1e-9);
        cluster_stop(&c);
}

/* Nobody who can tell: no rows, and all the rest. */
static void test_none(void) {
        Cluster c;
        g_autoptr(GVariant) metrics = NULL;

        cluster_start(&c, 1);
        c.peers.members = NULL;
        metrics = g_variant_ref_sink(pi_jobs_metrics(c.node.jobs));
        g_assert_false(has_key(metrics, "nodes"));
        g_assert_true(has_key(metrics, "cores"));
        cluster_stop(&c);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/members/added-up", test_added_up);
        g_test_add_func("/members/figures", test_figures);
        g_test_add_func("/members/counters", test_counters);
        g_test_add_func("/members/removed-member", test_removed_member);
        g_test_add_func("/members/none", test_none);
        return g_test_run();
}
