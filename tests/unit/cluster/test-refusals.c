/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that cannot work together, or not reach each other: who is told what. */
#include <string.h>

#include "daemon/cluster/probe.h"
#include "daemon/cluster/remedy.h"
#include "tests/unit/cluster/party.h"

#define MINUTE (INT64_C(60) * 1000000)

static void start_again(Node *node) {
        node_stop(node);
        node_start(node);
}

/* Joins with what `b` pretends, is refused, and afterwards gets in by the same token. */
static void refused_then_admitted(Node *a, Node *b, PiError code, const char *const *words) {
        g_autofree char *token = node_token(a);
        g_auto(Answer) answer = { FALSE };

        for (; *words; words++)
                node_join_fails(b, token, code, *words);
        g_assert_cmpuint(pi_cluster_n_members(a->cluster), ==, 1);
        g_assert_cmpstr(pi_cluster_id(b->cluster), ==, "");
        node_stop(b);
        b->rehearsal = (PiClusterRehearsal) { 0 };
        node_start(b);
        pi_cluster_join(b->cluster, token, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_no_error(answer.error);
}

static void test_numerics(void) {
        static const char *const words[] = { "numerics 9", "numerics 1", "b runs", "a runs",
                                             "same version", NULL };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        b.rehearsal.numerics = 9;
        start_again(&b);
        refused_then_admitted(&a, &b, PI_ERROR_INCOMPATIBLE, words);
        node_clear(&a);
        node_clear(&b);
}

static void test_protocol(void) {
        static const char *const words[] = { "protocols 3 to 4", "do not overlap", NULL };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        b.rehearsal.protocol = 4;
        b.rehearsal.protocol_oldest = 3;
        start_again(&b);
        refused_then_admitted(&a, &b, PI_ERROR_INCOMPATIBLE, words);
        node_clear(&a);
        node_clear(&b);
}

/* The next version, which still speaks this one, works with it. */
static void test_next_protocol(void) {
        Node a, b, *both[] = { &a, &b };

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        b.rehearsal.protocol = 2;
        b.rehearsal.protocol_oldest = 1;
        start_again(&b);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        node_clear(&a);
        node_clear(&b);
}

/* A member is updated before the others: it gets no leases, and is a member all the same. */
static void test_updated_member(void) {
        Node a, b, *both[] = { &a, &b };
        PiPeer peers[PI_PEERS_MAX];
        PiMemberView view;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", TRUE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        g_assert_cmpuint(pi_cluster_peers(a.cluster)->list(peers, a.cluster), ==, 1);
        node_stop(&b);
        b.rehearsal.numerics = 2;
        node_start(&b);
        WAIT_FOR(g_str_equal(node_sees(&a, &b), "incompatible") &&
                 g_str_equal(node_sees(&b, &a), "incompatible"));
        g_assert_true(pi_cluster_find(a.cluster, "b", &view));
        g_assert_nonnull(strstr(view.why, "numerics 2"));
        g_assert_cmpuint(pi_cluster_peers(a.cluster)->list(peers, a.cluster), ==, 0);
        node_stop(&b);
        b.rehearsal.numerics = 0;
        node_start(&b);
        WAIT_FOR(nodes_are_up(both, 2));
        node_clear(&a);
        node_clear(&b);
}

static void test_clock_behind(void) {
        static const char *const words[] = { "clock of b is 10 min", "behind that of a",
                                             "That of b looks wrong", "timedatectl", NULL };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        b.rehearsal.clock_offset_usec = -10 * MINUTE - 5000000;
        start_again(&b);
        refused_then_admitted(&a, &b, PI_ERROR_FAILED, words);
        node_clear(&a);
        node_clear(&b);
}

static void test_clock_near(void) {
        Node a, b, *both[] = { &a, &b };
        PiMemberView view;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        b.rehearsal.clock_offset_usec = 4 * MINUTE;
        start_again(&b);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        g_assert_true(pi_cluster_find(a.cluster, "b", &view));
        g_assert_cmpint(view.clock_offset_usec, >, 3 * MINUTE);
        g_assert_cmpint(view.clock_offset_usec, <, 5 * MINUTE);
        node_clear(&a);
        node_clear(&b);
}

static void assert_clock(int64_t offset, const int64_t *others, guint n, const char *suspect) {
        g_autoptr(GError) error = pi_remedy_clock("a", "b", offset, others, n);
        g_autofree char *phrase = g_strdup_printf("That of %s looks wrong", suspect);

        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, phrase));
}

/* Whose clock is wrong is decided by the others, if they agree with one. */
static void test_clock_suspect(void) {
        const int64_t with_a[] = { MINUTE, -MINUTE, 0 },
                      with_b[] = { -60 * MINUTE, -61 * MINUTE, 0 };

        assert_clock(-60 * MINUTE, NULL, 0, "b");
        assert_clock(60 * MINUTE, NULL, 0, "a");
        assert_clock(60 * MINUTE, with_a, 3, "b");
        assert_clock(-60 * MINUTE, with_b, 3, "a");
}

/* The way back is closed, as by a firewall. */
static void test_no_way_back(void) {
        static const char *const words[] = {
                "a cannot reach b on TCP port", "127.0.0.1:1",
                "On b run: sudo pictl firewall check --from=127.0.0.1,",
                "ip saddr 127.0.0.1", "firewall-cmd", "ufw allow", "Port=0", NULL
        };
        g_autofree char *token = NULL, *good = NULL;
        g_auto(Answer) answer = { FALSE };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        token = node_token(&a);
        good = b.address;
        b.address = g_strdup("127.0.0.1:1");
        start_again(&b);
        for (guint i = 0; words[i]; i++)
                node_join_fails(&b, token, PI_ERROR_UNREACHABLE, words[i]);
        g_assert_cmpuint(pi_cluster_n_members(a.cluster), ==, 1);
        g_assert_nonnull(strstr(a.refusal, "cannot reach b"));

        /* That has used nothing up. */
        g_free(b.address);
        b.address = g_steal_pointer(&good);
        start_again(&b);
        pi_cluster_join(b.cluster, token, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_no_error(answer.error);
        node_clear(&a);
        node_clear(&b);
}

static void test_no_way_there(void) {
        g_autofree char *token = NULL;
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        token = node_token(&a);
        node_stop(&a);
        node_join_fails(&b, token, PI_ERROR_UNREACHABLE, "b cannot reach the member");
        node_join_fails(&b, token, PI_ERROR_UNREACHABLE, a.address);
        node_join_fails(&b, token, PI_ERROR_UNREACHABLE, "nft insert rule");
        node_clear(&a);
        node_clear(&b);
}

static void test_outbound_only(void) {
        Node a, b, c, *near[] = { &a, &b };
        PiMemberView view;

        node_init(&a, "a", TRUE);
        node_init(&b, "b", FALSE);
        node_init(&c, "c", FALSE);
        b.config.port = c.config.port = 0;
        start_again(&b);
        start_again(&c);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(near, 2));
        g_assert_true(pi_cluster_find(a.cluster, "b", &view));
        g_assert_true(view.outbound_only);
        g_assert_null(view.addresses[0]);

        /* It comes back by itself, since nobody can go there. */
        node_stop(&a);
        WAIT_FOR(g_str_equal(node_sees(&b, &a), "lost"));
        node_start(&a);
        WAIT_FOR(nodes_are_up(near, 2));

        /* Two of them work, but not with each other. */
        node_join(&c, &a);
        WAIT_FOR(pi_cluster_find(b.cluster, "c", &view) && view.why[0]);
        g_assert_cmpint(view.state, ==, PI_MEMBER_CONNECTING);
        g_assert_nonnull(strstr(view.why, "neither"));
        node_clear(&a);
        node_clear(&b);
        node_clear(&c);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/refusals/numerics", test_numerics);
        g_test_add_func("/refusals/protocol", test_protocol);
        g_test_add_func("/refusals/next-protocol", test_next_protocol);
        g_test_add_func("/refusals/updated-member", test_updated_member);
        g_test_add_func("/refusals/clock-behind", test_clock_behind);
        g_test_add_func("/refusals/clock-near", test_clock_near);
        g_test_add_func("/refusals/clock-suspect", test_clock_suspect);
        g_test_add_func("/refusals/no-way-back", test_no_way_back);
        g_test_add_func("/refusals/no-way-there", test_no_way_there);
        g_test_add_func("/refusals/outbound-only", test_outbound_only);
        return g_test_run();
}
