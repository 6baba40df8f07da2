/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who belongs to a cluster: founding, joining, leaving, being put out, and coming back. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/roster-file.h"
#include "tests/unit/cluster/party.h"

typedef struct Three {
        Node a, b, c;
        Node *all[3];
} Three;

static void three_init(Three *t, gboolean kept) {
        node_init(&t->a, "a", kept);
        node_init(&t->b, "b", kept);
        node_init(&t->c, "c", kept);
        t->all[0] = &t->a;
        t->all[1] = &t->b;
        t->all[2] = &t->c;
}

static void three_join(Three *t, gboolean kept) {
        three_init(t, kept);
        node_found(&t->a);
        node_join(&t->b, &t->a);
        node_join(&t->c, &t->b);
        WAIT_FOR(nodes_are_up(t->all, 3));
}

static void three_clear(Three *t) {
        node_clear(&t->a);
        node_clear(&t->b);
        node_clear(&t->c);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Three, three_clear)

static gboolean listens(const Node *node) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons(node->config.port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        gboolean connected = connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0;

        (void) close(fd);
        return connected;
}

static void test_founding(void) {
        g_auto(Answer) again = { FALSE };
        Node a;

        node_init(&a, "a", TRUE);
        g_assert_cmpstr(pi_cluster_id(a.cluster), ==, "");
        g_assert_cmpuint(pi_cluster_n_members(a.cluster), ==, 0);
        g_assert_false(listens(&a));
        node_found(&a);
        g_assert_cmpuint(strlen(pi_cluster_id(a.cluster)), ==, 32);
        g_assert_cmpuint(pi_cluster_n_members(a.cluster), ==, 1);
        g_assert_cmpstr(node_sees(&a, &a), ==, "self");
        g_assert_cmpuint(a.joined, ==, 1);
        g_assert_true(listens(&a));
        pi_cluster_init(a.cluster, answer_take, &again);
        WAIT_FOR(again.came);
        g_assert_error(again.error, PI_ERROR, PI_ERROR_ALREADY_IN_CLUSTER);
        node_leave(&a);
        g_assert_false(listens(&a));
        g_assert_cmpuint(a.left, ==, 1);
        node_clear(&a);
}

/* Two nodes of this port: the other one has it. */
static void test_founding_without_port(void) {
        g_auto(Answer) answer = { FALSE };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        node_stop(&b);
        b.config.port = a.config.port;
        node_start(&b);
        pi_cluster_init(b.cluster, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_cmpstr(pi_cluster_id(b.cluster), ==, "");
        node_clear(&a);
        node_clear(&b);
}

static void test_three(void) {
        g_auto(Three) t;
        PiMemberView view;

        three_join(&t, FALSE);
        for (guint i = 0; i < 3; i++) {
                g_assert_cmpuint(t.all[i]->added, ==, 2);
                g_assert_cmpuint(t.all[i]->joined, ==, 1);
                g_assert_cmpuint(t.all[i]->refused, ==, 0);
                /* This node first, then by name. */
                pi_cluster_member(t.all[i]->cluster, 0, &view);
                g_assert_cmpint(view.state, ==, PI_MEMBER_SELF);
                g_assert_cmpstr(view.name, ==, t.all[i]->name);
                pi_cluster_member(t.all[i]->cluster, 1, &view);
                g_assert_cmpstr(view.name, ==, i == 0 ? "b" : "a");
        }
        g_assert_true(pi_cluster_find(t.a.cluster, "c", &view));
        g_assert_cmpstr(view.fingerprint, ==, t.c.identity->fingerprint);
        g_assert_cmpstr(view.addresses[0], ==, t.c.address);
        g_assert_cmpuint(view.cpus, ==, 4);
        g_assert_cmpfloat(view.terms_per_second, ==, 4e9);
        g_assert_cmpuint(view.round_trip_usec, >, 0);
        g_assert_cmpuint(view.last_seen_usec, >, 0);
        g_assert_cmpint(ABS(view.clock_offset_usec), <, 60 * G_USEC_PER_SEC);
        g_assert_cmpstr(view.version, ==, "0.1");
        g_assert_false(pi_cluster_find(t.a.cluster, "d", &view));
        g_assert_cmpuint(t.a.token_news[PI_TOKEN_NEWS_USED], ==, 1);
        g_assert_cmpuint(t.b.token_news[PI_TOKEN_NEWS_USED], ==, 1);
}

static void test_leaving(void) {
        g_auto(Answer) none = { FALSE };
        g_auto(Three) t;

        three_join(&t, FALSE);
        node_leave(&t.c);
        WAIT_FOR(nodes_know_each_other(t.all, 2));
        g_assert_cmpuint(t.a.removed, ==, 1);
        g_assert_cmpuint(t.b.removed, ==, 1);
        g_assert_cmpuint(t.c.left, ==, 1);
        g_assert_false(listens(&t.c));
        pi_cluster_leave(t.c.cluster, answer_take, &none);
        WAIT_FOR(none.came);
        g_assert_error(none.error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER);

        /* The key is still its own, and a new token lets it in again. */
        node_join(&t.c, &t.a);
        WAIT_FOR(nodes_are_up(t.all, 3));
}

static void test_removing(void) {
        g_auto(Answer) self = { FALSE }, none = { FALSE };
        g_auto(Three) t;

        three_join(&t, TRUE);
        node_remove(&t.a, "b");
        WAIT_FOR(t.b.left == 1 && pi_cluster_n_members(t.c.cluster) == 2);
        g_assert_cmpstr(pi_cluster_id(t.b.cluster), ==, "");
        g_assert_false(listens(&t.b));
        pi_cluster_remove(t.a.cluster, "a", answer_take, &self);
        pi_cluster_remove(t.a.cluster, "b", answer_take, &none);
        WAIT_FOR(self.came && none.came);
        g_assert_error(self.error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_error(none.error, PI_ERROR, PI_ERROR_NO_SUCH_NODE);

        node_join(&t.b, &t.c);
        WAIT_FOR(nodes_are_up(t.all, 3));
}

/* One that was off when it was put out is told when it comes, and believes members alone. */
static void test_removed_while_off(void) {
        g_auto(Three) t;

        three_join(&t, TRUE);
        node_stop(&t.b);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "lost"));
        node_remove(&t.a, t.b.identity->node_id);
        WAIT_FOR(pi_cluster_n_members(t.c.cluster) == 2);
        node_start(&t.b);
        g_assert_cmpuint(pi_cluster_n_members(t.b.cluster), ==, 3);
        WAIT_FOR(t.b.left == 1);
        g_assert_cmpstr(pi_cluster_id(t.b.cluster), ==, "");

        /* Also after another start. */
        node_stop(&t.b);
        node_start(&t.b);
        g_assert_cmpstr(pi_cluster_id(t.b.cluster), ==, "");
        g_assert_cmpuint(pi_cluster_n_members(t.a.cluster), ==, 2);
}

static void test_restart(void) {
        g_autofree char *id = NULL;
        g_auto(Three) t;

        three_join(&t, TRUE);
        id = g_strdup(pi_cluster_id(t.b.cluster));
        node_stop(&t.b);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "lost") &&
                 g_str_equal(node_sees(&t.c, &t.b), "lost"));
        node_start(&t.b);
        g_assert_cmpstr(pi_cluster_id(t.b.cluster), ==, id);
        g_assert_cmpuint(pi_cluster_n_members(t.b.cluster), ==, 3);
        WAIT_FOR(nodes_are_up(t.all, 3));
        g_assert_cmpuint(t.b.joined, ==, 2);
        g_assert_cmpuint(t.b.added, ==, 2);
}

/* All of them, without anybody who would know better. */
static void test_all_restart(void) {
        g_auto(Three) t;

        three_join(&t, TRUE);
        for (guint i = 0; i < 3; i++)
                node_stop(t.all[i]);
        for (guint i = 0; i < 3; i++)
                node_start(t.all[i]);
        WAIT_FOR(nodes_are_up(t.all, 3));
}

static void test_damaged_roster(void) {
        g_autoptr(GError) error = NULL, io = NULL;
        g_autofree char *path = NULL, *text = NULL;
        Node a;

        node_init(&a, "a", TRUE);
        node_found(&a);
        node_stop(&a);
        path = g_build_filename(a.directory, PI_ROSTER_FILE, NULL);
        g_assert_true(g_file_set_contents(path, "damaged", -1, &io));
        g_assert_null(pi_cluster_new(&a.config, (PiJobs *) &a.jobs, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_true(g_file_get_contents(path, &text, NULL, &io));
        g_assert_cmpstr(text, ==, "damaged");
        node_clear(&a);
}

/* A member comes to know of others by those it knows. */
static void test_learning(void) {
        Node n[5], *all[5];

        for (guint i = 0; i < 5; i++) {
                static const char *const names[] = { "n0", "n1", "n2", "n3", "n4" };

                node_init(&n[i], names[i], FALSE);
                all[i] = &n[i];
                if (i == 0)
                        node_found(&n[0]);
                else
                        node_join(&n[i], &n[i - 1]);
        }
        WAIT_FOR(nodes_are_up(all, 5));
        node_remove(&n[4], "n0");
        WAIT_FOR(n[0].left == 1 && nodes_are_up(all + 1, 4));
        for (guint i = 0; i < 5; i++)
                node_clear(&n[i]);
}

/* A node has its own say on what it is called and where it is. */
static void test_moved(void) {
        PiMemberView view;
        g_auto(Three) t;

        three_join(&t, TRUE);
        node_stop(&t.b);
        t.b.name = "renamed";
        node_start(&t.b);
        WAIT_FOR(pi_cluster_find(t.a.cluster, "renamed", &view) &&
                 pi_cluster_find(t.c.cluster, "renamed", &view));
        WAIT_FOR(nodes_are_up(t.all, 3));
        g_assert_false(pi_cluster_find(t.a.cluster, "b", &view));
}

static void test_same_names(void) {
        g_auto(Answer) answer = { FALSE };
        PiMemberView view;
        Node a, b, c, *all[] = { &a, &b, &c };

        node_init(&a, "a", FALSE);
        node_init(&b, "twin", FALSE);
        node_init(&c, "twin", FALSE);
        node_found(&a);
        node_join(&b, &a);
        node_join(&c, &a);
        WAIT_FOR(nodes_are_up(all, 3));
        g_assert_false(pi_cluster_find(a.cluster, "twin", &view));
        pi_cluster_remove(a.cluster, "twin", answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_NO_SUCH_NODE);
        g_assert_nonnull(strstr(answer.error->message, "2 members"));
        node_remove(&a, c.identity->node_id);
        WAIT_FOR(c.left == 1 && nodes_are_up(all, 2));
        node_clear(&a);
        node_clear(&b);
        node_clear(&c);
}

/* Whoever waits for something when the service ends is told. */
static void test_ending(void) {
        g_auto(Answer) founding = { FALSE }, joining = { FALSE }, leaving = { FALSE };
        g_autofree char *token = NULL;
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        pi_cluster_init(a.cluster, answer_take, &founding);
        node_stop(&a);
        g_assert_true(founding.came);
        node_start(&a);
        node_found(&a);
        token = node_token(&a);
        pi_cluster_join(b.cluster, token, answer_take, &joining);
        node_stop(&b);
        g_assert_true(joining.came);
        g_assert_error(joining.error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        pi_cluster_leave(a.cluster, answer_take, &leaving);
        node_stop(&a);
        g_assert_true(leaving.came);
        node_clear(&a);
        node_clear(&b);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/members/founding", test_founding);
        g_test_add_func("/members/founding-without-port", test_founding_without_port);
        g_test_add_func("/members/three", test_three);
        g_test_add_func("/members/leaving", test_leaving);
        g_test_add_func("/members/removing", test_removing);
        g_test_add_func("/members/removed-while-off", test_removed_while_off);
        g_test_add_func("/members/restart", test_restart);
        g_test_add_func("/members/all-restart", test_all_restart);
        g_test_add_func("/members/damaged-roster", test_damaged_roster);
        g_test_add_func("/members/learning", test_learning);
        g_test_add_func("/members/moved", test_moved);
        g_test_add_func("/members/same-names", test_same_names);
        g_test_add_func("/members/ending", test_ending);
        return g_test_run();
}
