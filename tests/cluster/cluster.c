/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/cluster.h"

TestNode *test_cluster_add(TestCluster *cluster) {
        cluster->n++;
        cluster->nodes = g_renew(TestNode *, cluster->nodes, cluster->n);
        cluster->nodes[cluster->n - 1] = test_node_new(cluster->n);
        return cluster->nodes[cluster->n - 1];
}

TestCluster *test_cluster_new(guint n) {
        TestCluster *cluster = g_new0(TestCluster, 1);

        for (guint i = 0; i < n; i++)
                test_node_start(test_cluster_add(cluster));
        return cluster;
}

void test_cluster_free(TestCluster *cluster) {
        for (guint i = 0; i < cluster->n; i++)
                test_node_free(cluster->nodes[i]);
        g_free(cluster->nodes);
        g_free(cluster);
}

TestNode *test_cluster_node(TestCluster *cluster, guint number) {
        g_assert_cmpuint(number, >=, 1);
        g_assert_cmpuint(number, <=, cluster->n);
        return cluster->nodes[number - 1];
}

TestCluster *test_cluster_new_joined(guint n) {
        TestCluster *cluster = test_cluster_new(n);
        g_autofree char *options = g_strdup_printf("{'uses': <uint32 %u>}", MAX(n - 1, 1));
        g_autofree char *token = NULL;

        test_create(test_cluster_node(cluster, 1));
        token = test_token(test_cluster_node(cluster, 1), options);
        for (guint i = 2; i <= n; i++)
                test_join(test_cluster_node(cluster, i), token);
        test_wait_until_connected(cluster);
        return cluster;
}

void test_create(TestNode *node) {
        g_assert_null(test_call_ok(node, "CreateCluster", NULL));
}

char *test_token(TestNode *node, const char *options) {
        g_autoptr(GVariant) o = g_variant_parse(
                        G_VARIANT_TYPE_VARDICT, options ? options : "{}", NULL, NULL, NULL);
        g_autoptr(GVariant) token = test_call_ok(node, "CreateJoinToken",
                                                 g_variant_new("(@a{sv})", o));

        return g_variant_dup_string(token, NULL);
}

void test_join(TestNode *node, const char *token) {
        g_autoptr(GVariant) nothing =
                test_call_ok(node, "JoinCluster", g_variant_new("(s)", token));

        g_assert_null(nothing);
}

typedef struct Sight {
        TestNode *at;
        const char *name;
        const char *state;
} Sight;

static gboolean is_in_state(gpointer userdata) {
        Sight *s = userdata;
        g_autoptr(GVariant) member = test_member(s->at, s->name);
        g_autofree char *state = member ? test_lookup_string(member, "State") : NULL;

        return g_strcmp0(state, s->state) == 0;
}

gint64 test_wait_for_member(TestNode *at, const TestNode *of, const char *state) {
        gint64 begin = g_get_monotonic_time();
        g_autofree char *what = g_strdup_printf("%s to be %s at %s", of->name, state, at->name);

        test_wait_until(is_in_state, &(Sight) { at, of->name, state }, what);
        return g_get_monotonic_time() - begin;
}

void test_wait_until_forgotten(TestNode *at, const TestNode *of) {
        g_autofree char *what = g_strdup_printf("%s to be forgotten by %s", of->name, at->name);

        test_wait_until(is_in_state, &(Sight) { at, of->name, NULL }, what);
}

void test_wait_until_connected(TestCluster *cluster) {
        for (guint i = 0; i < cluster->n; i++)
                for (guint k = 0; k < cluster->n; k++)
                        if (cluster->nodes[i]->pid && cluster->nodes[k]->pid)
                                test_wait_for_member(cluster->nodes[i], cluster->nodes[k],
                                                     i == k ? "self" : "up");
}

GVariant *test_compute_over(TestNode *node, uint64_t terms, const char *options, const char *sum) {
        g_autoptr(TestCall) call = test_call(node, "ComputePi",
                                             test_compute_arguments(terms, options));
        g_autofree char *is = test_call_sum(call);

        if (sum)
                g_assert_cmpstr(is, ==, sum);
        return test_call_report(call);
}

GVariant *test_report_row(GVariant *report, const char *name) {
        g_autoptr(GVariant) rows =
                g_variant_lookup_value(report, PI_REPORT_NODES, G_VARIANT_TYPE("aa{sv}"));

        g_assert_nonnull(rows);
        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autofree char *is = test_lookup_string(row, "name");

                if (g_str_equal(is, name))
                        return g_steal_pointer(&row);
        }
        return NULL;
}
