/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a join token is good for, and who is not let in by it. */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/roster-file.h"
#include "tests/unit/cluster/party.h"

typedef struct Pair {
        Node a, b, c;
} Pair;

/* A cluster of one, and two that might join it. */
static void pair_init(Pair *p, gboolean kept) {
        node_init(&p->a, "a", kept);
        node_init(&p->b, "b", kept);
        node_init(&p->c, "c", kept);
        node_found(&p->a);
}

static void pair_clear(Pair *p) {
        node_clear(&p->a);
        node_clear(&p->b);
        node_clear(&p->c);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static void join(Node *node, const char *token) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_join(node->cluster, token, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_no_error(answer.error);
}

static guint n_tokens(const Node *node) {
        g_autoptr(GVariant) rows = g_variant_ref_sink(pi_cluster_list_tokens(node->cluster));

        return (guint) g_variant_n_children(rows);
}

static void test_used_twice(void) {
        g_autofree char *token = NULL, *other = NULL;
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        g_assert_cmpuint(n_tokens(&p.a), ==, 1);
        join(&p.b, token);
        g_assert_cmpuint(n_tokens(&p.a), ==, 0);
        node_join_fails(&p.c, token, PI_ERROR_INVALID_TOKEN, "was used");
        /* While there are others it comes far enough to be told by whom. */
        other = node_token(&p.a);
        node_join_fails(&p.c, token, PI_ERROR_INVALID_TOKEN, "by b (127.0.0.1");
        join(&p.c, other);
        g_assert_cmpuint(pi_cluster_n_members(p.a.cluster), ==, 3);
}

/* Two come at once: one gets in, and the other learns who it was. */
static void test_stolen(void) {
        for (guint i = 0; i < 5; i++) {
                g_autofree char *token = NULL;
                g_auto(Answer) one = { FALSE }, other = { FALSE };
                const GError *error;
                g_auto(Pair) p;

                pair_init(&p, TRUE);
                token = node_token(&p.a);
                pi_cluster_join(p.b.cluster, token, answer_take, &one);
                pi_cluster_join(p.c.cluster, token, answer_take, &other);
                WAIT_FOR(one.came && other.came);
                g_assert_true((one.error == NULL) != (other.error == NULL));
                error = one.error ?: other.error;
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_TOKEN);
                g_assert_nonnull(strstr(error->message, one.error ? "by c" : "by b"));
                g_assert_cmpuint(pi_cluster_n_members(p.a.cluster), ==, 2);
                g_assert_cmpuint(p.a.refused, ==, 1);
        }
}

static void test_several_uses(void) {
        g_auto(Answer) answer = { FALSE };
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        pi_cluster_create_token(p.a.cluster, PI_TOKEN_TTL_USEC_DEFAULT, 2, answer_take, &answer);
        WAIT_FOR(answer.came);
        join(&p.b, answer.text);
        join(&p.c, answer.text);
        g_assert_cmpuint(n_tokens(&p.a), ==, 0);
        g_assert_cmpuint(p.a.token_news[PI_TOKEN_NEWS_MADE], ==, 1);
        g_assert_cmpuint(p.a.token_news[PI_TOKEN_NEWS_USED], ==, 2);
}

static void test_expired(void) {
        g_auto(Answer) answer = { FALSE };
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        pi_cluster_create_token(p.a.cluster, PI_TOKEN_TTL_USEC_MIN, 1, answer_take, &answer);
        WAIT_FOR(answer.came);
        WAIT_FOR(p.a.token_news[PI_TOKEN_NEWS_EXPIRED] == 1);
        g_assert_cmpuint(n_tokens(&p.a), ==, 0);
        node_join_fails(&p.b, answer.text, PI_ERROR_INVALID_TOKEN, "expired");
}

static void test_revoked(void) {
        g_auto(Answer) revoked = { FALSE }, again = { FALSE };
        g_autofree char *token = NULL, *id = NULL;
        g_autoptr(GVariant) rows = NULL, row = NULL;
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        rows = g_variant_ref_sink(pi_cluster_list_tokens(p.a.cluster));
        row = g_variant_get_child_value(rows, 0);
        g_assert_true(g_variant_lookup(row, "id", "s", &id));
        pi_cluster_revoke_token(p.a.cluster, id, answer_take, &revoked);
        pi_cluster_revoke_token(p.a.cluster, id, answer_take, &again);
        WAIT_FOR(revoked.came && again.came);
        g_assert_no_error(revoked.error);
        g_assert_error(again.error, PI_ERROR, PI_ERROR_NO_SUCH_TOKEN);
        g_assert_cmpuint(p.a.token_news[PI_TOKEN_NEWS_REVOKED], ==, 1);
        node_join_fails(&p.b, token, PI_ERROR_INVALID_TOKEN, "revoked");
}

/* Tokens, and how often they can be used, survive a restart. */
static void test_kept(void) {
        g_autofree char *token = NULL, *used = NULL;
        g_auto(Pair) p;

        pair_init(&p, TRUE);
        used = node_token(&p.a);
        join(&p.b, used);
        token = node_token(&p.a);
        node_stop(&p.a);
        node_start(&p.a);
        WAIT_FOR(p.a.joined == 2);
        g_assert_cmpuint(n_tokens(&p.a), ==, 1);
        node_join_fails(&p.c, used, PI_ERROR_INVALID_TOKEN, "unknown");
        join(&p.c, token);
}

static char *with_another_secret(const char *text) {
        g_auto(PiToken) token = { 0 };
        g_autoptr(GError) error = NULL;

        pi_token_parse(text, &token, &error);
        g_assert_no_error(error);
        token.secret[0] ^= 1;
        return pi_token_to_string(&token);
}

static void test_guessed(void) {
        g_autofree char *token = NULL, *guess = NULL;
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        guess = with_another_secret(token);
        for (guint i = 0; i < 4; i++)
                node_join_fails(&p.b, guess, PI_ERROR_INVALID_TOKEN, "unknown");
        g_assert_cmpuint(p.a.token_news[PI_TOKEN_NEWS_REVOKED], ==, 0);
        node_join_fails(&p.b, guess, PI_ERROR_INVALID_TOKEN, "unknown");
        g_assert_cmpuint(p.a.token_news[PI_TOKEN_NEWS_REVOKED], ==, 1);
        node_join_fails(&p.c, token, PI_ERROR_INVALID_TOKEN, "revoked");
        g_assert_cmpuint(pi_cluster_n_members(p.a.cluster), ==, 1);
}

static void test_already_in_one(void) {
        g_autofree char *token = NULL;
        g_auto(Answer) first = { FALSE }, second = { FALSE };
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        node_join_fails(&p.a, token, PI_ERROR_ALREADY_IN_CLUSTER, "never merged");
        node_found(&p.b);
        node_join_fails(&p.b, token, PI_ERROR_ALREADY_IN_CLUSTER, "leave");
        pi_cluster_join(p.c.cluster, token, answer_take, &first);
        pi_cluster_join(p.c.cluster, token, answer_take, &second);
        WAIT_FOR(first.came && second.came);
        g_assert_no_error(first.error);
        g_assert_error(second.error, PI_ERROR, PI_ERROR_ALREADY_IN_CLUSTER);
}

static void test_own_token(void) {
        g_autofree char *token = NULL;
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        node_leave(&p.a);
        node_join_fails(&p.a, token, PI_ERROR_INVALID_TOKEN, "made by this node");
        node_join_fails(&p.a, "pi1-hello", PI_ERROR_INVALID_TOKEN, "");
}

static void test_no_tokens(void) {
        g_auto(Answer) lonely = { FALSE }, outbound = { FALSE };
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        pi_cluster_create_token(p.b.cluster, PI_TOKEN_TTL_USEC_DEFAULT, 1, answer_take, &lonely);
        WAIT_FOR(lonely.came);
        g_assert_error(lonely.error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER);
        node_stop(&p.b);
        p.b.config.port = 0;
        node_start(&p.b);
        node_join(&p.b, &p.a);
        pi_cluster_create_token(p.b.cluster, PI_TOKEN_TTL_USEC_DEFAULT, 1, answer_take, &outbound);
        WAIT_FOR(outbound.came);
        g_assert_error(outbound.error, PI_ERROR, PI_ERROR_FAILED);
}

/* Somebody else sits at the address of the token. */
static void test_impostor(void) {
        g_autofree char *token = NULL, *forged = NULL;
        g_auto(PiToken) parsed = { 0 };
        g_autoptr(GError) error = NULL;
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        pi_token_parse(token, &parsed, &error);
        g_assert_no_error(error);
        g_strlcpy(parsed.fingerprint, p.c.identity->fingerprint, sizeof(parsed.fingerprint));
        forged = pi_token_to_string(&parsed);
        node_join_fails(&p.b, forged, PI_ERROR_INVALID_TOKEN, "another node answers");
        g_assert_cmpuint(n_tokens(&p.a), ==, 1);
}

/* One of the addresses leads elsewhere, as private ones do: here to the joiner itself. */
static void test_misleading_address(void) {
        g_autofree char *token = NULL, *more = NULL;
        g_auto(PiToken) parsed = { 0 };
        g_autoptr(GError) error = NULL;
        char *addresses[] = { NULL, NULL, NULL, NULL };
        g_auto(Pair) p;

        pair_init(&p, FALSE);
        token = node_token(&p.a);
        pi_token_parse(token, &parsed, &error);
        g_assert_no_error(error);
        addresses[0] = p.b.address;
        addresses[1] = (char *) "127.0.0.1:1";
        addresses[2] = p.a.address;
        g_strfreev(parsed.addresses);
        parsed.addresses = g_strdupv(addresses);
        more = pi_token_to_string(&parsed);
        join(&p.b, more);
}

/* A token that cannot be written down is not given out, nor is a use of one that cannot. */
static void test_unwritable(void) {
        g_auto(Answer) answer = { FALSE };
        g_autofree char *token = NULL, *in_the_way = NULL;
        g_auto(Pair) p;

        pair_init(&p, TRUE);
        token = node_token(&p.a);
        in_the_way = g_build_filename(p.a.directory, PI_ROSTER_FILE ".new", NULL);
        g_assert_cmpint(g_mkdir(in_the_way, 0700), ==, 0);
        pi_cluster_create_token(p.a.cluster, PI_TOKEN_TTL_USEC_DEFAULT, 1, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_cmpuint(n_tokens(&p.a), ==, 1);
        node_join_fails(&p.b, token, PI_ERROR_FAILED, PI_ROSTER_FILE);
        g_assert_cmpuint(n_tokens(&p.a), ==, 1);
        g_assert_cmpuint(pi_cluster_n_members(p.a.cluster), ==, 1);
        g_assert_cmpstr(pi_cluster_id(p.b.cluster), ==, "");
        g_assert_cmpint(g_rmdir(in_the_way), ==, 0);
        /* Told once, and again when it works. */
        WAIT_FOR(p.a.troubles > 0 && !p.a.cluster->trouble[PI_CLUSTER_TROUBLE_ROSTER]);
        join(&p.b, token);
        g_assert_cmpuint(pi_cluster_n_members(p.a.cluster), ==, 2);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/joining/used-twice", test_used_twice);
        g_test_add_func("/joining/stolen", test_stolen);
        g_test_add_func("/joining/several-uses", test_several_uses);
        g_test_add_func("/joining/expired", test_expired);
        g_test_add_func("/joining/revoked", test_revoked);
        g_test_add_func("/joining/kept", test_kept);
        g_test_add_func("/joining/guessed", test_guessed);
        g_test_add_func("/joining/already-in-one", test_already_in_one);
        g_test_add_func("/joining/own-token", test_own_token);
        g_test_add_func("/joining/no-tokens", test_no_tokens);
        g_test_add_func("/joining/impostor", test_impostor);
        g_test_add_func("/joining/misleading-address", test_misleading_address);
        g_test_add_func("/joining/unwritable", test_unwritable);
        return g_test_run();
}
