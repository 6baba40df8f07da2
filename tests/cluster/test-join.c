/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <unistd.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* Who is in the cluster, and who is not: made, joined, left, removed, come back. */

#define PORT 31415

static char *cluster_id(TestNode *node) {
        g_autoptr(GVariant) id = test_manager_property(node, "ClusterId");

        return g_variant_dup_string(id, NULL);
}

static gboolean listens(TestCluster *c, guint number) {
        TestNode *from = test_cluster_node(c, number == 1 ? 2 : 1);
        int fd = test_node_connect(from, test_cluster_node(c, number)->link->address, PORT);

        if (fd < 0)
                return FALSE;
        close(fd);
        return TRUE;
}

static GVariant *one_string(const char *text) {
        return g_variant_new("(s)", text);
}

static void assert_alone(TestNode *node) {
        g_autofree char *id = cluster_id(node);

        g_assert_cmpstr(id, ==, "");
        g_assert_cmpuint(test_count_members(node), ==, 0);
}

static void assert_all_in_one(TestCluster *c) {
        g_autofree char *first = cluster_id(test_cluster_node(c, 1));

        g_assert_cmpuint(strlen(first), ==, 32);
        for (guint i = 1; i <= c->n; i++) {
                TestNode *node = test_cluster_node(c, i);
                g_autoptr(GVariant) nodes = test_manager_property(node, "Nodes");
                g_autofree char *id = cluster_id(node);

                g_assert_cmpstr(id, ==, first);
                g_assert_cmpuint(g_variant_n_children(nodes), ==, c->n);
                g_assert_cmpuint(test_count_members(node), ==, c->n);
                g_assert_true(listens(c, i));
        }
}

static void three(void) {
        g_autoptr(TestCluster) c = test_cluster_new(3);
        TestNode *a = test_cluster_node(c, 1);
        g_autofree char *token = NULL, *second = NULL;

        for (guint i = 1; i <= 3; i++) {
                assert_alone(test_cluster_node(c, i));
                g_assert_false(listens(c, i));
        }
        test_create(a);
        token = test_token(a, NULL);
        test_join(test_cluster_node(c, 2), token);
        /* Any member can take another one in. */
        second = test_token(test_cluster_node(c, 2), NULL);
        test_join(test_cluster_node(c, 3), second);
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

/* Who is a member is on disk, and one after the other they find each other again. */
static void restarted(void) {
        g_autoptr(TestCluster) c = test_cluster_new_joined(3);

        for (guint i = 1; i <= 3; i++)
                test_node_kill(test_cluster_node(c, i));
        for (guint i = 1; i <= 3; i++)
                test_node_start(test_cluster_node(c, i));
        test_wait_until_connected(c);
        assert_all_in_one(c);
        for (guint i = 1; i <= 3; i++) {
                test_node_stop(test_cluster_node(c, i));
                test_node_start(test_cluster_node(c, i));
        }
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

static void left(void) {
        g_autoptr(TestCluster) c = test_cluster_new_joined(3);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        TestNode *leaver = test_cluster_node(c, 3);
        g_autofree char *token = NULL;

        g_assert_null(test_call_ok(leaver, "LeaveCluster", NULL));
        assert_alone(leaver);
        g_assert_false(listens(c, 3));
        test_wait_until_forgotten(a, leaver);
        test_wait_until_forgotten(b, leaver);
        for (guint i = 1; i <= 3; i++)
                g_assert_false(test_node_has_logged(test_cluster_node(c, i), "is lost"));
        test_call_fails(leaver, "LeaveCluster", NULL, "NotInCluster", NULL);
        test_call_fails(leaver, "CreateJoinToken", g_variant_new("(a{sv})", NULL), "NotInCluster",
                        NULL);

        /* It has not come back by itself, and comes back by a token. */
        test_node_stop(leaver);
        test_node_start(leaver);
        assert_alone(leaver);
        token = test_token(b, NULL);
        test_join(leaver, token);
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

/* Whatever of the joining is still going on. */
static void left_at_once(void) {
        g_autoptr(TestCluster) c = test_cluster_new(2);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);

        test_create(a);
        for (guint round = 0; round < 10; round++) {
                g_autofree char *token = test_token(a, NULL);

                test_join(b, token);
                g_assert_null(test_call_ok(b, "LeaveCluster", NULL));
                assert_alone(b);
                test_wait_until_forgotten(a, b);
        }
}

static void removed(void) {
        g_autoptr(TestCluster) c = test_cluster_new_joined(3);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        TestNode *gone = test_cluster_node(c, 3);
        g_autofree char *token = NULL;

        test_call_fails(a, "RemoveNode", one_string("nobody"), "NoSuchNode", "nobody");
        test_call_fails(a, "RemoveNode", one_string(a->name), "InvalidOption", NULL);
        g_assert_null(test_call_ok(a, "RemoveNode", one_string(gone->name)));
        test_wait_until_forgotten(a, gone);
        test_wait_until_forgotten(b, gone);
        test_wait_until_forgotten(gone, a);
        assert_alone(gone);
        token = test_token(a, NULL);
        test_join(gone, token);
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

/* Who was removed while it was away still takes itself for a member, and nobody else does. One of
 * those who keep it out did not hear of the removal when it was made, either. */
static void removed_while_away(void) {
        g_autoptr(TestCluster) c = test_cluster_new_joined(4);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        TestNode *late = test_cluster_node(c, 3), *gone = test_cluster_node(c, 4);
        g_autofree char *token = NULL;

        test_node_kill(gone);
        test_node_kill(late);
        g_assert_null(test_call_ok(a, "RemoveNode", one_string(gone->name)));
        test_wait_until_forgotten(b, gone);
        test_node_start(late);
        test_wait_until_forgotten(late, gone);
        test_node_start(gone);
        test_wait_until_forgotten(gone, a);
        assert_alone(gone);
        for (guint i = 1; i <= 3; i++)
                g_assert_cmpuint(test_count_members(test_cluster_node(c, i)), ==, 3);
        token = test_token(late, NULL);
        test_join(gone, token);
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

static void two_clusters(void) {
        g_autoptr(TestCluster) c = test_cluster_new(4);
        g_autofree char *first = NULL, *second = NULL, *id = NULL, *other = NULL;

        test_create(test_cluster_node(c, 1));
        test_create(test_cluster_node(c, 3));
        first = test_token(test_cluster_node(c, 1), "{'uses': <uint32 9>}");
        second = test_token(test_cluster_node(c, 3), "{'uses': <uint32 9>}");
        test_join(test_cluster_node(c, 2), first);
        test_join(test_cluster_node(c, 4), second);
        for (guint i = 1; i <= 4; i++) {
                test_call_fails(test_cluster_node(c, i), "JoinCluster",
                                one_string(i <= 2 ? second : first), "AlreadyInCluster", NULL);
                test_call_fails(test_cluster_node(c, i), "CreateCluster", NULL, "AlreadyInCluster",
                                NULL);
                g_assert_cmpuint(test_count_members(test_cluster_node(c, i)), ==, 2);
        }
        id = cluster_id(test_cluster_node(c, 2));
        other = cluster_id(test_cluster_node(c, 4));
        g_assert_cmpstr(id, !=, other);
}

/* The other side must be reached both ways, and who cannot be is named, with the port. */
static void one_way(void) {
        g_autoptr(TestCluster) c = test_cluster_new(2);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        g_autofree char *token = NULL;

        if (!test_links_can_filter())
                return;
        test_create(a);
        token = test_token(a, NULL);
        test_link_refuse_incoming(b->link);
        test_call_fails(b, "JoinCluster", one_string(token), "Unreachable", "31415");
        assert_alone(b);
        g_assert_cmpuint(test_count_members(a), ==, 1);
        test_link_unblock(b->link);
        test_link_refuse_incoming(a->link);
        test_call_fails(b, "JoinCluster", one_string(token), "Unreachable", "31415");
        assert_alone(b);
        test_link_unblock(a->link);
        g_free(token);
        token = test_token(a, NULL);
        test_join(b, token);
        test_wait_until_connected(c);
}

static void over_ipv6(void) {
        g_autoptr(TestCluster) c = test_cluster_new(2);

        for (guint i = 1; i <= 2; i++) {
                TestNode *node = test_cluster_node(c, i);
                g_autofree char *line = g_strdup_printf("Address=[%s]:%d\n", node->link->address6,
                                                        PORT);

                test_node_configure(node, line);
                test_node_stop(node);
                test_node_start(node);
        }
        {
                g_autofree char *token = NULL;

                test_create(test_cluster_node(c, 1));
                token = test_token(test_cluster_node(c, 1), NULL);
                test_join(test_cluster_node(c, 2), token);
        }
        test_wait_until_connected(c);
        assert_all_in_one(c);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cluster/join/three", three);
        g_test_add_func("/cluster/join/restarted", restarted);
        g_test_add_func("/cluster/join/left", left);
        g_test_add_func("/cluster/join/left-at-once", left_at_once);
        g_test_add_func("/cluster/join/removed", removed);
        g_test_add_func("/cluster/join/removed-while-away", removed_while_away);
        g_test_add_func("/cluster/join/two-clusters", two_clusters);
        g_test_add_func("/cluster/join/one-way", one_way);
        g_test_add_func("/cluster/join/over-ipv6", over_ipv6);
        return g_test_run();
}
