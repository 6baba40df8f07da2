/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases that members run for each other. */
#include <string.h>

#include "tests/unit/cluster/party.h"

typedef struct Two {
        Node a, b;
        const PiPeers *peers; /* of a */
        const char *id;       /* of b */
} Two;

static void two_init(Two *t) {
        Node *both[] = { &t->a, &t->b };

        node_init(&t->a, "a", TRUE);
        node_init(&t->b, "b", TRUE);
        node_found(&t->a);
        node_join(&t->b, &t->a);
        WAIT_FOR(nodes_are_up(both, 2));
        t->peers = pi_cluster_peers(t->a.cluster);
        t->id = t->b.identity->node_id;
}

static void two_clear(Two *t) {
        node_clear(&t->a);
        node_clear(&t->b);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Two, two_clear)

typedef struct Result {
        gboolean came;
        PiLeaseAnswer answer;
        GError *error;
} Result;

static void result_clear(Result *r) {
        g_clear_error(&r->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Result, result_clear)

static void on_answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata) {
        Result *r = userdata;

        g_assert_false(r->came);
        g_assert_true((answer != NULL) != (error != NULL));
        r->came = TRUE;
        if (answer)
                r->answer = *answer;
        else
                r->error = g_error_copy(error);
}

static const PiLeaseOrder order = {
        .job = 5, .terms = 1000000, .parts = 100, .first_lease = 10, .n_leases = 2, .cpus = 3,
        .priority = 7, .kernel = "generic",
};

static uint64_t run(Two *t, Result *result) {
        uint64_t number = t->peers->run(t->id, &order, on_answered, result, t->peers->userdata);

        g_assert_false(result->came);
        return number;
}

static void assert_fails(Result *result, PiError code) {
        WAIT_FOR(result->came);
        g_assert_error(result->error, PI_ERROR, (int) code);
}

static void view_b(Two *t, PiMemberView *ret) {
        g_assert_true(pi_cluster_find(t->a.cluster, t->id, ret));
}

static void test_list(void) {
        PiPeer peers[PI_PEERS_MAX];
        const char *id;
        g_auto(Two) t;

        two_init(&t);
        g_assert_cmpuint(t.peers->list(peers, t.peers->userdata), ==, 1);
        g_assert_cmpstr(peers[0].id, ==, t.id);
        g_assert_cmpstr(peers[0].name, ==, "b");
        g_assert_cmpuint(peers[0].cpus, ==, 4);
        g_assert_cmpfloat(peers[0].terms_per_second, ==, 4e9);
        g_assert_cmpuint(peers[0].round_trip_usec, >, 0);
        g_assert_true(t.peers->find("b", &id, t.peers->userdata));
        g_assert_cmpstr(id, ==, t.id);
        g_assert_true(t.peers->find(t.id, &id, t.peers->userdata));
        g_assert_false(t.peers->find("a", &id, t.peers->userdata));
        g_assert_cmpuint(t.a.jobs.peers_changed, >, 0);
        node_stop(&t.b);
        WAIT_FOR(t.peers->list(peers, t.peers->userdata) == 0);
        g_assert_true(t.peers->find("b", &id, t.peers->userdata));
}

static void test_run(void) {
        PiLeaseAnswer answer = { .n_leases = 2, .cpu_nsec = 3, .elapsed_nsec = 4, .retries = 5,
                                 .kernel = "generic" };
        g_auto(Result) result = { FALSE };
        const PiGuest *guest;
        PiMemberView view;
        g_auto(Two) t;

        two_init(&t);
        run(&t, &result);
        WAIT_FOR(t.b.jobs.guests->len == 1);
        guest = t.b.jobs.guests->pdata[0];
        g_assert_cmpmem(&guest->order, sizeof(order), &order, sizeof(order));
        g_assert_cmpstr(guest->node, ==, t.a.identity->node_id);
        for (guint i = 0; i < 3; i++)
                answer.sum[1].limb[i] = UINT64_C(0x0123456789abcdef) * (i + 1);
        guest_answer(&t.b.jobs, &answer, NULL);
        WAIT_FOR(result.came);
        g_assert_no_error(result.error);
        g_assert_cmpmem(&result.answer, sizeof(answer), &answer, sizeof(answer));
        t.peers->verified(t.id, 2, t.peers->userdata);
        view_b(&t, &view);
        g_assert_cmpuint(view.leases_verified, ==, 2);
        g_assert_cmpuint(view.leases_failed + view.leases_lost, ==, 0);
        g_assert_true(pi_cluster_find(t.b.cluster, "a", &view));
        g_assert_cmpuint(view.leases_served, ==, 2);
}

/* Many at once, answered in another order than they came. */
static void test_many(void) {
        Result results[40] = { { FALSE } };
        g_auto(Two) t;

        two_init(&t);
        for (guint i = 0; i < G_N_ELEMENTS(results); i++)
                run(&t, &results[i]);
        WAIT_FOR(t.b.jobs.guests->len == G_N_ELEMENTS(results));
        for (guint i = 0; i < G_N_ELEMENTS(results); i += 2) {
                gpointer *guests = t.b.jobs.guests->pdata, first = guests[i];

                guests[i] = guests[i + 1];
                guests[i + 1] = first;
        }
        for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
                PiLeaseAnswer answer = { .n_leases = 2, .cpu_nsec = 1000 + (i ^ 1) };

                guest_answer(&t.b.jobs, &answer, NULL);
        }
        for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
                WAIT_FOR(results[i].came);
                g_assert_no_error(results[i].error);
                g_assert_cmpuint(results[i].answer.cpu_nsec, ==, 1000 + i);
        }
}

static void test_refused(void) {
        g_auto(Result) result = { FALSE };
        PiLeaseOrder bad = order;
        g_auto(Two) t;

        two_init(&t);
        g_strlcpy(bad.kernel, "none", sizeof(bad.kernel));
        t.peers->run(t.id, &bad, on_answered, &result, t.peers->userdata);
        assert_fails(&result, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(result.error->message, "no such kernel"));
}

static void test_cancel(void) {
        g_auto(Result) result = { FALSE };
        uint64_t number;
        g_auto(Two) t;

        two_init(&t);
        number = run(&t, &result);
        WAIT_FOR(t.b.jobs.guests->len == 1);
        t.peers->cancel(t.id, number, t.peers->userdata);
        assert_fails(&result, PI_ERROR_CANCELLED);
        g_assert_cmpuint(t.b.jobs.guests->len, ==, 0);
        /* It is over: nothing is left to cancel. */
        t.peers->cancel(t.id, number, t.peers->userdata);
}

static void test_member_lost(void) {
        g_auto(Result) result = { FALSE }, later = { FALSE };
        PiMemberView view;
        g_auto(Two) t;

        two_init(&t);
        run(&t, &result);
        WAIT_FOR(t.b.jobs.guests->len == 1);
        node_stop(&t.b);
        g_assert_cmpuint(t.b.jobs.guests->len, ==, 0);
        assert_fails(&result, PI_ERROR_SHUTTING_DOWN);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "lost"));
        run(&t, &later);
        assert_fails(&later, PI_ERROR_NODE_LOST);
        view_b(&t, &view);
        g_assert_cmpuint(view.leases_lost, ==, 2);
}

/* The one who asked is gone, and nobody waits for the sums. */
static void test_coordinator_lost(void) {
        g_auto(Result) result = { FALSE };
        g_auto(Two) t;

        two_init(&t);
        run(&t, &result);
        WAIT_FOR(t.b.jobs.guests->len == 1);
        node_stop(&t.a);
        assert_fails(&result, PI_ERROR_NODE_LOST);
        WAIT_FOR(t.b.jobs.guests->len == 0);
        g_assert_cmpuint(t.b.jobs.cancelled, ==, 1);
}

/* An answer to another question cuts the member off; it may come again. */
static void test_nonsense(void) {
        PiLeaseAnswer answer = { .n_leases = 1 };
        g_auto(Result) result = { FALSE };
        PiMemberView view;
        g_auto(Two) t;

        two_init(&t);
        run(&t, &result);
        WAIT_FOR(t.b.jobs.guests->len == 1);
        guest_answer(&t.b.jobs, &answer, NULL);
        assert_fails(&result, PI_ERROR_NODE_LOST);
        g_assert_nonnull(strstr(result.error->message, "nonsense"));
        view_b(&t, &view);
        g_assert_cmpint(view.state, ==, PI_MEMBER_LOST);
        g_assert_nonnull(strstr(view.why, "sums"));
        g_assert_cmpuint(view.leases_lost, ==, 2);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "up"));
}

static void test_quarantine(void) {
        g_autoptr(GError) error = NULL;
        PiPeer peers[PI_PEERS_MAX];
        PiMemberView view;
        g_auto(Two) t;

        two_init(&t);
        t.peers->wrong(t.id, &order, 11, t.peers->userdata);
        t.peers->wrong(t.id, &order, 10, t.peers->userdata);
        view_b(&t, &view);
        g_assert_cmpint(view.state, ==, PI_MEMBER_QUARANTINED);
        g_assert_nonnull(strstr(view.why, "lease 11 of job 5"));
        g_assert_cmpuint(view.leases_failed, ==, 2);
        g_assert_cmpuint(t.peers->list(peers, t.peers->userdata), ==, 0);

        /* It lasts, and is nobody else's opinion. */
        node_stop(&t.a);
        node_start(&t.a);
        t.peers = pi_cluster_peers(t.a.cluster);
        WAIT_FOR(g_str_equal(node_sees(&t.b, &t.a), "up"));
        g_assert_cmpstr(node_sees(&t.a, &t.b), ==, "quarantined");
        g_assert_cmpuint(t.peers->list(peers, t.peers->userdata), ==, 0);
        g_assert_true(pi_cluster_restore(t.a.cluster, "b", &error));
        g_assert_no_error(error);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "up"));
        g_assert_cmpuint(t.peers->list(peers, t.peers->userdata), ==, 1);
        g_assert_false(pi_cluster_restore(t.a.cluster, "x", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_NO_SUCH_NODE);
}

static void test_quarantine_ends_by_joining(void) {
        g_auto(Two) t;

        two_init(&t);
        t.peers->wrong(t.id, &order, 11, t.peers->userdata);
        node_leave(&t.b);
        WAIT_FOR(pi_cluster_n_members(t.a.cluster) == 1);
        node_join(&t.b, &t.a);
        WAIT_FOR(g_str_equal(node_sees(&t.a, &t.b), "up"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/peers/list", test_list);
        g_test_add_func("/peers/run", test_run);
        g_test_add_func("/peers/many", test_many);
        g_test_add_func("/peers/refused", test_refused);
        g_test_add_func("/peers/cancel", test_cancel);
        g_test_add_func("/peers/member-lost", test_member_lost);
        g_test_add_func("/peers/coordinator-lost", test_coordinator_lost);
        g_test_add_func("/peers/nonsense", test_nonsense);
        g_test_add_func("/peers/quarantine", test_quarantine);
        g_test_add_func("/peers/quarantine-ends-by-joining", test_quarantine_ends_by_joining);
        return g_test_run();
}
