/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/order-size.h"

#include "daemon/jobs/loan.h"

/* A cluster in which nothing but time passes: whoever leads does a lease after the other, the
 * members do what they are given. Rates in terms per second, times in seconds. */

#define NODES_MAX 8
#define MEASURED_WEIGHT 0.4

typedef struct Node {
        double rate, believed;
        double round_trip;
        gboolean steady;
        double orders[PI_ORDERS_OUT]; /* leases, the one it is at first */
        guint n_orders;
        double answers_at[PI_ORDERS_OUT];
        double free_at; /* it has done all that it has */
        double at_it_since;
} Node;

typedef struct World {
        Node node[NODES_MAX]; /* the first one leads */
        guint n;
        double lease; /* terms */
        double rest;  /* leases */
        double now;
        guint orders;
} World;

/* As whoever leads believes. */
static double undone(const World *w, const Node *node) {
        PiBorrower b = {
                .rate = node->believed,
                .at_it_since_nsec = (uint64_t) (node->at_it_since * 1e9),
        };

        for (guint k = 0; k < node->n_orders; k++)
                b.terms_out += (uint64_t) (node->orders[k] * w->lease);
        return (double) pi_borrower_undone(&b, b.terms_out, (uint64_t) (w->now * 1e9));
}

static double lent(const World *w) {
        double terms = 0;

        for (guint i = 1; i < w->n; i++)
                terms += undone(w, &w->node[i]);
        return terms;
}

static double rates(const World *w) {
        double all = 0;

        for (guint i = 0; i < w->n; i++)
                all += w->node[i].believed;
        return all;
}

static void give(World *w, guint i, double leases) {
        Node *node = &w->node[i];
        double begins = MAX(node->free_at, w->now + node->round_trip / 2);

        w->rest -= leases;
        w->orders++;
        if (node->n_orders == 0)
                node->at_it_since = w->now;
        node->free_at = begins + leases * w->lease / node->rate;
        node->orders[node->n_orders] = leases;
        node->answers_at[node->n_orders++] = node->free_at + node->round_trip / 2;
}

static void feed(World *w) {
        for (guint turn = 0; turn < PI_ORDERS_OUT; turn++)
                for (guint i = 1; i < w->n; i++) {
                        PiOrderFacts f = {
                                .untaken = w->rest * w->lease,
                                .lent = lent(w),
                                .its = undone(w, &w->node[i]),
                                .rate = w->node[i].believed,
                                .own_rate = w->node[0].believed,
                                .all_rates = rates(w),
                                .round_trip = w->node[i].round_trip,
                                .steady = w->node[i].steady,
                        };
                        guint64 terms = w->rest > 0 && w->node[i].n_orders < PI_ORDERS_OUT
                                                ? pi_order_size(&f)
                                                : 0;

                        if (terms > 0)
                                give(w, i, CLAMP((guint64) ((double) terms / w->lease), 1,
                                                 (guint64) w->rest));
                }
}

static void take_answer(World *w, Node *node) {
        node->steady = ABS(node->rate - node->believed) < node->believed / 4;
        node->at_it_since = w->now;
        node->believed += MEASURED_WEIGHT * (node->rate - node->believed);
        node->n_orders--;
        for (guint k = 0; k < node->n_orders; k++) {
                node->orders[k] = node->orders[k + 1];
                node->answers_at[k] = node->answers_at[k + 1];
        }
}

/* How much longer it takes than if all had been at it to the end. */
static double run(World *w, double terms, double leases) {
        double leader_at = 0, best = 0;

        w->lease = terms / leases;
        w->rest = leases;
        for (guint i = 0; i < w->n; i++)
                best += w->node[i].rate;
        feed(w);
        for (;;) {
                Node *next = NULL;

                for (guint i = 1; i < w->n; i++)
                        if (w->node[i].n_orders > 0 &&
                            (!next || w->node[i].answers_at[0] < next->answers_at[0]))
                                next = &w->node[i];
                if (w->rest > 0 && (!next || leader_at <= next->answers_at[0])) {
                        w->now = leader_at;
                        w->rest--;
                        leader_at += w->lease / w->node[0].rate;
                } else if (next) {
                        w->now = next->answers_at[0];
                        take_answer(w, next);
                } else
                        break;
                feed(w);
        }
        return MAX(w->now, leader_at) - terms / best;
}

static World world(guint n, double rate, double round_trip) {
        World w = { .n = n };

        for (guint i = 0; i < n; i++)
                w.node[i] = (Node) { .rate = rate, .believed = rate, .round_trip = round_trip };
        return w;
}

/* They end within two leases and the shortest of orders of each other, and few are enough. */
static void test_equal(void) {
        for (guint n = 2; n <= NODES_MAX; n++)
                for (double terms = 1e10; terms <= 1e12; terms *= 10) {
                        World w = world(n, 45e9, 0.0002);
                        double leases = MAX(128 * n, MIN(terms / 268435456, 4096));
                        double more = run(&w, terms, leases);

                        g_test_message("%u nodes, %g terms: %.2f ms more, %u orders", n, terms,
                                       1e3 * more, w.orders);
                        g_assert_cmpfloat(more, <, 2 * w.lease / 45e9 + 0.0022);
                        g_assert_cmpuint(w.orders, <=, (guint) (12 + 5 * terms / 45e9 / n) * n);
                }
}

static void test_unequal(void) {
        World w = world(3, 45e9, 0.0002);
        double more;

        w.node[1].rate = w.node[1].believed = 90e9;
        w.node[2].rate = w.node[2].believed = 10e9;
        more = run(&w, 1e10, 384);
        g_assert_cmpfloat(more, <, 0.005);
}

/* A member that is half as fast as it said, and one that is twice as fast. */
static void test_misjudged(void) {
        World slow = world(3, 45e9, 0.0002), fast = slow;

        slow.node[1].rate /= 2;
        g_assert_cmpfloat(run(&slow, 1e11, 384), <, 0.02);
        fast.node[1].rate *= 2;
        g_assert_cmpfloat(run(&fast, 1e11, 384), <, 0.02);
}

/* Half as many orders are enough for those who keep their rates. One that is half as fast all at
 * once costs what it has then, for which the others wait. */
static void test_steady(void) {
        World w = world(3, 45e9, 0.0002), slow = w, unknown = w;

        for (guint i = 1; i < w.n; i++)
                w.node[i].steady = slow.node[i].steady = TRUE;
        g_assert_cmpfloat(run(&w, 1e10, 384), <, 0.003);
        g_assert_cmpfloat(run(&unknown, 1e10, 384), <, 0.003);
        g_assert_cmpuint(w.orders * 3, <=, unknown.orders * 2);
        g_assert_cmpuint(w.orders, <=, 9);
        slow.node[1].rate /= 2;
        g_assert_cmpfloat(run(&slow, 1e12, 4096), <, 0.3);
}

/* Nobody is sent what would be done before it had got it. */
static void test_far_away(void) {
        World w = world(2, 45e9, 0.5);
        PiOrderFacts alone = { .untaken = 1e6, .rate = 45e9, .all_rates = 45e9, .round_trip = 0.5 };

        g_assert_cmpfloat(run(&w, 2e10, 384), <=, 2e10 / 90e9 + 0.01);
        g_assert_cmpuint(w.orders, ==, 0);
        /* But for jobs that are not done here. */
        g_assert_cmpuint(pi_order_size(&alone), >, 0);
        alone.its = 1e6;
        alone.lent = 1e6;
        g_assert_cmpuint(pi_order_size(&alone), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/order-size/equal", test_equal);
        g_test_add_func("/order-size/unequal", test_unequal);
        g_test_add_func("/order-size/misjudged", test_misjudged);
        g_test_add_func("/order-size/steady", test_steady);
        g_test_add_func("/order-size/far-away", test_far_away);
        return g_test_run();
}
