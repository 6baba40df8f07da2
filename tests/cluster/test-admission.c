/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* What gets a machine in: who has a token, once, as long as it lasts. */

#define TOKENS_MAX 100

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *member;
        TestNode *joiner;
        TestNode *other;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new(3);
        f->member = test_cluster_node(f->cluster, 1);
        f->joiner = test_cluster_node(f->cluster, 2);
        f->other = test_cluster_node(f->cluster, 3);
        test_create(f->member);
}

static void tear_down(Fixture *f, gconstpointer data) {
        test_cluster_free(f->cluster);
}

static GVariant *one_string(const char *text) {
        return g_variant_new("(s)", text);
}

static GVariant *tokens(Fixture *f) {
        return test_call_ok(f->member, "ListJoinTokens", NULL);
}

static gsize count_tokens(Fixture *f) {
        g_autoptr(GVariant) list = tokens(f);

        return g_variant_n_children(list);
}

static void assert_not_in(TestNode *node, const char *token, const char *why) {
        g_autoptr(GVariant) id = NULL;

        test_call_fails(node, "JoinCluster", one_string(token), "InvalidToken", why);
        id = test_manager_property(node, "ClusterId");
        g_assert_cmpstr(g_variant_get_string(id, NULL), ==, "");
}

static void used(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, NULL);

        g_assert_cmpuint(count_tokens(f), ==, 1);
        test_join(f->joiner, token);
        g_assert_cmpuint(count_tokens(f), ==, 0);
        assert_not_in(f->other, token, NULL);
        g_assert_cmpuint(test_count_members(f->member), ==, 2);
        /* Also the one that it let in has no more use of it. */
        g_assert_null(test_call_ok(f->joiner, "LeaveCluster", NULL));
        assert_not_in(f->joiner, token, NULL);
}

static void twice(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, "{'uses': <uint32 2>}");
        g_autoptr(GVariant) list = NULL, row = NULL;

        test_join(f->joiner, token);
        list = tokens(f);
        row = g_variant_get_child_value(list, 0);
        g_assert_cmpuint(test_lookup_u32(row, PI_TOKEN_USES), ==, 1);
        test_join(f->other, token);
        g_assert_cmpuint(count_tokens(f), ==, 0);
        test_wait_until_connected(f->cluster);
}

static gboolean are_over(gpointer userdata) {
        return count_tokens(userdata) == 0;
}

static void expired(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, "{'ttl_usec': <uint64 1000000>}");

        test_wait_until(are_over, f, "a token of a second to expire");
        assert_not_in(f->joiner, token, "expired");
        g_assert_cmpuint(test_count_members(f->member), ==, 1);
}

static void revoked(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, NULL), *kept = test_token(f->member, NULL);
        g_autofree char *id = NULL;
        g_autoptr(GVariant) list = tokens(f);

        g_assert_cmpuint(g_variant_n_children(list), ==, 2);
        /* They hold nothing that gets anybody in. */
        {
                g_autofree char *text = g_variant_print(list, FALSE);
                g_autoptr(GVariant) row = g_variant_get_child_value(list, 0);

                g_assert_null(strstr(text, token));
                id = test_lookup_string(row, PI_TOKEN_ID);
        }
        g_assert_null(test_call_ok(f->member, "RevokeJoinToken", one_string(id)));
        test_call_fails(f->member, "RevokeJoinToken", one_string(id), "NoSuchToken", id);
        g_assert_cmpuint(count_tokens(f), ==, 1);
        /* The list is in no order that tells which of the two it was. */
        {
                g_autoptr(TestCall) first = test_call(f->joiner, "JoinCluster", one_string(token));
                g_autoptr(TestCall) second = test_call(f->other, "JoinCluster", one_string(kept));

                g_assert_cmpint(first->error == NULL, !=, second->error == NULL);
                g_assert_cmpstr(first->error ? first->error : second->error, ==,
                                PI_BUS_NAME ".Error.InvalidToken");
        }
        g_assert_cmpuint(test_count_members(f->member), ==, 2);
}

/* A token that two have, since somebody has stolen it: one of them gets in, whatever they do, and
 * the other one is told. */
static void stolen(Fixture *f, gconstpointer data) {
        for (guint round = 0; round < 5; round++) {
                g_autofree char *token = test_token(f->member, NULL);
                g_autoptr(TestCall) first = test_call_begin(f->joiner, "JoinCluster",
                                                            one_string(token));
                g_autoptr(TestCall) second = test_call_begin(f->other, "JoinCluster",
                                                             one_string(token));
                TestNode *winner;

                test_call_wait(first);
                test_call_wait(second);
                g_assert_cmpint(first->error == NULL, !=, second->error == NULL);
                g_assert_cmpstr(first->error ? first->error : second->error, ==,
                                PI_BUS_NAME ".Error.InvalidToken");
                winner = first->error ? f->other : f->joiner;
                g_assert_cmpuint(test_count_members(f->member), ==, 2);
                test_wait_for_member(f->member, winner, "up");
                g_assert_null(test_call_ok(winner, "LeaveCluster", NULL));
                test_wait_until_forgotten(f->member, winner);
        }
}

/* One character of it is another one, or it ends too soon. */
static void mistyped(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, NULL);
        gsize length = strlen(token);

        for (gsize at = 0; at < length; at += 1 + length / 24) {
                g_autofree char *wrong = g_strdup(token), *cut = g_strndup(token, at);

                wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
                assert_not_in(f->joiner, wrong, NULL);
                assert_not_in(f->joiner, cut, NULL);
        }
        assert_not_in(f->joiner, "https://example.org/", NULL);
        g_assert_cmpuint(count_tokens(f), ==, 1);
        test_join(f->joiner, token);
}

static void options(Fixture *f, gconstpointer data) {
        static const char *const bad[] = {
                "{'ttl_usec': <uint64 999999>}", "{'ttl_usec': <uint64 604800000001>}",
                "{'ttl_usec': <uint32 1000000>}", "{'uses': <uint32 0>}", "{'uses': <uint32 101>}",
                "{'use': <uint32 1>}",
        };

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                GVariant *o = g_variant_parse(G_VARIANT_TYPE_VARDICT, bad[i], NULL, NULL, NULL);

                test_call_fails(f->member, "CreateJoinToken", g_variant_new("(@a{sv})", o),
                                "InvalidOption", NULL);
                g_variant_unref(o);
        }
        g_assert_cmpuint(count_tokens(f), ==, 0);
}

static void many(Fixture *f, gconstpointer data) {
        for (guint i = 0; i < TOKENS_MAX; i++)
                g_free(test_token(f->member, NULL));
        test_call_fails(f->member, "CreateJoinToken", g_variant_new("(a{sv})", NULL), "QueueFull",
                        G_STRINGIFY(TOKENS_MAX));
        g_assert_cmpuint(count_tokens(f), ==, TOKENS_MAX);
}

/* It was told, so it is on disk; and what was used stays used. */
static void kept(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->member, "{'uses': <uint32 2>}");

        test_node_kill(f->member);
        test_node_start(f->member);
        test_join(f->joiner, token);
        test_node_kill(f->member);
        test_node_start(f->member);
        test_join(f->other, token);
        test_node_kill(f->member);
        test_node_start(f->member);
        g_assert_cmpuint(count_tokens(f), ==, 0);
        g_assert_null(test_call_ok(f->other, "LeaveCluster", NULL));
        assert_not_in(f->other, token, NULL);
}

static void add(const char *path, void (*test)(Fixture *f, gconstpointer data)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/tokens/used", used);
        add("/cluster/tokens/twice", twice);
        add("/cluster/tokens/expired", expired);
        add("/cluster/tokens/revoked", revoked);
        add("/cluster/tokens/stolen", stolen);
        add("/cluster/tokens/mistyped", mistyped);
        add("/cluster/tokens/options", options);
        add("/cluster/tokens/many", many);
        add("/cluster/tokens/kept", kept);
        return g_test_run();
}
