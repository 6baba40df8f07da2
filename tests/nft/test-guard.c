/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service and its firewall: what the members of a cluster do reaches the rules by itself. */
#include <string.h>
#include <unistd.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"
#include "tests/nft/helper.h"

#define NODES 3
#define MOVED_TO "10.31.0.99"
#define TERMS UINT64_C(1000000000)

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *node[NODES];
        TestHelper *helper[NODES];
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new(NODES);
        for (guint i = 0; i < NODES; i++) {
                f->node[i] = test_cluster_node(f->cluster, i + 1);
                f->helper[i] = test_helper_new(f->node[i]->link, f->node[i]->bus);
                test_helper_start(f->helper[i], NULL);
        }
}

static void tear_down(Fixture *f, gconstpointer data) {
        for (guint i = 0; i < NODES; i++)
                test_helper_free(f->helper[i]);
        test_cluster_free(f->cluster);
}

typedef struct State {
        TestNode *node;
        const char *wanted;
} State;

static gboolean is_in_state(gpointer userdata) {
        State *s = userdata;
        g_autoptr(GVariant) state = test_manager_property(s->node, "FirewallState");

        return g_str_equal(g_variant_get_string(state, NULL), s->wanted);
}

static void wait_for_state(TestNode *node, const char *state) {
        test_wait_until(is_in_state, &(State) { node, state }, state);
}

/* Members of what the helper describes, or windows. */
static guint count_of(TestHelper *helper, const char *key) {
        g_autoptr(GVariant) description = test_helper_describe(helper);
        g_autoptr(GVariant) list = g_variant_lookup_value(description, key, NULL);

        return (guint) g_variant_n_children(list);
}

typedef struct Count {
        TestHelper *helper;
        const char *key;
        guint wanted;
} Count;

static gboolean has_count(gpointer userdata) {
        Count *c = userdata;

        return count_of(c->helper, c->key) == c->wanted;
}

static void wait_for_count(TestHelper *helper, const char *key, guint n) {
        test_wait_until(has_count, &(Count) { helper, key, n }, key);
}

static gboolean has_no_rules(gpointer userdata) {
        g_autofree char *rules = test_nft_list(((TestNode *) userdata)->link, "list ruleset");

        return rules[0] == '\0';
}

static gboolean lets_strangers_in(Fixture *f, guint i) {
        return test_can_connect(f->helper[i], NULL, f->node[i]->link->address, 31415);
}

/* A node has two addresses, of IPv4 and IPv6, and strangers a window of each. */
static void by_itself(Fixture *f, gconstpointer data) {
        g_autofree char *sum = test_sum_alone(f->node[0], TERMS), *token = NULL;

        g_assert_true(has_no_rules(f->node[0]));
        test_create(f->node[0]);
        wait_for_state(f->node[0], "applied");
        g_assert_false(lets_strangers_in(f, 0));
        token = test_token(f->node[0], "{'uses': <uint32 2>}");
        wait_for_count(f->helper[0], PI_FIREWALL_WINDOWS, 2);
        g_assert_true(lets_strangers_in(f, 0));
        for (guint i = 1; i < NODES; i++)
                test_join(f->node[i], token);
        test_wait_until_connected(f->cluster);
        for (guint i = 0; i < NODES; i++) {
                wait_for_state(f->node[i], "applied");
                wait_for_count(f->helper[i], PI_FIREWALL_MEMBERS, 4);
                wait_for_count(f->helper[i], PI_FIREWALL_WINDOWS, 0);
                g_assert_false(lets_strangers_in(f, i));
        }
        g_variant_unref(test_compute_over(f->node[1], TERMS, NULL, sum));

        g_assert_null(test_call_ok(f->node[2], "LeaveCluster", NULL));
        test_wait_until(has_no_rules, f->node[2], "who left has no rules");
        wait_for_state(f->node[2], "off");
        wait_for_count(f->helper[0], PI_FIREWALL_MEMBERS, 2);
        wait_for_count(f->helper[1], PI_FIREWALL_MEMBERS, 2);
        g_assert_null(test_call_ok(f->node[0], "RemoveNode", g_variant_new("(s)", "n2")));
        test_wait_until(has_no_rules, f->node[1], "who was put out has no rules");
        wait_for_count(f->helper[0], PI_FIREWALL_MEMBERS, 0);
        /* What waits at the port belongs to the service. */
        test_node_stop(f->node[0]);
        test_wait_until(has_no_rules, f->node[0], "a service that ended has no rules");
}

static guint count_in_log(const TestNode *node, const char *text) {
        g_autofree char *log = NULL;
        guint n = 0;

        g_assert_true(g_file_get_contents(node->log, &log, NULL, NULL));
        for (const char *at = log; (at = strstr(at, text)); at++)
                n++;
        return n;
}

static gboolean metrics_say_failed(TestNode *node) {
        g_autoptr(GVariant) metrics = test_metrics(node->client);
        gboolean failed;

        g_assert_true(g_variant_lookup(metrics, "firewall_failed", "b", &failed));
        return failed;
}

/* Without a helper, and with one that dies. */
static void without_helper(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0];
        g_autofree char *token = NULL;
        g_autoptr(GVariant) error = NULL;

        test_helper_stop(f->helper[0]);
        test_create(a);
        wait_for_state(a, "failed");
        error = test_manager_property(a, "FirewallError");
        g_assert_nonnull(strstr(g_variant_get_string(error, NULL), "is not installed"));
        g_assert_true(metrics_say_failed(a));
        test_call_fails(a, "ApplyFirewall", NULL, "Failed", "is not installed");
        token = test_token(a, NULL);
        test_join(f->node[1], token);
        g_assert_cmpuint(count_in_log(a, "TLS alone does"), ==, 1);

        test_helper_start(f->helper[0], NULL);
        wait_for_state(a, "applied");
        g_assert_false(metrics_say_failed(a));
        wait_for_count(f->helper[0], PI_FIREWALL_MEMBERS, 2);
        g_assert_false(lets_strangers_in(f, 0));

        test_helper_kill(f->helper[0]);
        wait_for_state(a, "pending");
        test_helper_start(f->helper[0], "--watched");
        wait_for_count(f->helper[0], PI_FIREWALL_MEMBERS, 2);
        wait_for_state(a, "applied");
        g_assert_false(lets_strangers_in(f, 0));
}

static void by_hand(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0];

        test_call_fails(a, "ApplyFirewall", NULL, "NotInCluster", "in no cluster");
        test_create(a);
        wait_for_state(a, "applied");
        g_assert_null(test_call_ok(a, "RemoveFirewall", NULL));
        g_assert_true(has_no_rules(a));
        g_assert_true(is_in_state(&(State) { a, "removed" }));
        /* It stays so, whatever happens in the cluster: here somebody comes in and leaves. */
        {
                g_autofree char *token = test_token(a, NULL);

                test_join(f->node[1], token);
                test_wait_for_member(a, f->node[1], "up");
                wait_for_state(f->node[1], "applied");
                g_assert_null(test_call_ok(f->node[1], "LeaveCluster", NULL));
                test_wait_until_forgotten(a, f->node[1]);
        }
        g_assert_true(is_in_state(&(State) { a, "removed" }));
        g_assert_true(has_no_rules(a));
        g_assert_null(test_call_ok(a, "ApplyFirewall", NULL));
        g_assert_true(is_in_state(&(State) { a, "applied" }));
        g_assert_true(test_helper_is_as_intended(f->helper[0]));
}

static void by_setting(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0];

        test_node_stop(a);
        test_node_configure(a, "Firewall=no\n");
        test_node_start(a);
        test_create(a);
        wait_for_state(a, "disabled");
        g_assert_true(has_no_rules(a));
        g_assert_null(test_call_ok(a, "ApplyFirewall", NULL));
        g_assert_false(has_no_rules(a));
}

/* A cluster of the two. */
static void meet(TestNode *a, TestNode *b) {
        g_autofree char *token = NULL;

        test_create(a);
        token = test_token(a, NULL);
        test_join(b, token);
        test_wait_for_member(a, b, "up");
}

/* Where a member will come from that nobody can connect to is only known while it is connected. */
static void outbound_only(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0], *b = f->node[1];

        test_node_stop(b);
        test_node_configure(b, "Port=0\n");
        test_node_start(b);
        meet(a, b);
        wait_for_count(f->helper[0], PI_FIREWALL_MEMBERS, 1);
        wait_for_count(f->helper[0], PI_FIREWALL_WINDOWS, 0);
        /* It listens at nothing. */
        g_assert_true(has_no_rules(b));
        test_node_kill(b);
        wait_for_count(f->helper[0], PI_FIREWALL_WINDOWS, 2);
        test_node_start(b);
        test_wait_for_member(a, b, "up");
        wait_for_count(f->helper[0], PI_FIREWALL_WINDOWS, 0);
}

/* A member that was killed comes back through its own rules and those of the others. */
static void comes_back(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0], *b = f->node[1];

        meet(a, b);
        wait_for_state(b, "applied");
        for (guint i = 0; i < 3; i++) {
                TestNode *victim = i % 2 ? a : b, *other = i % 2 ? b : a;

                test_node_kill(victim);
                test_wait_for_member(other, victim, "lost");
                test_node_start(victim);
                test_wait_for_member(other, victim, "up");
                wait_for_state(victim, "applied");
                g_assert_false(lets_strangers_in(f, 0));
                g_assert_false(lets_strangers_in(f, 1));
        }
}

static void run_at(TestNode *node, const char *script) {
        g_autofree char *said = NULL;
        int before = test_netns_enter(node->link->netns);
        gboolean good = test_run((const char *const[]) { "sh", "-e", NULL }, script, &said);

        test_netns_return(before);
        if (!good)
                g_error("%s", said);
}

/* Whether the new address is in a list that the helper describes, first in its entries. */
static gboolean is_in(TestHelper *helper, const char *key) {
        g_autoptr(GVariant) description = test_helper_describe(helper);
        g_autoptr(GVariant) list = g_variant_lookup_value(description, key, NULL);

        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                g_autoptr(GVariant) address = g_variant_get_child_value(entry, 0);

                if (g_str_equal(g_variant_get_string(address, NULL), MOVED_TO))
                        return TRUE;
        }
        return FALSE;
}

static gboolean is_refused(gpointer userdata) {
        return is_in(userdata, PI_FIREWALL_REFUSED_SOURCES);
}

static gboolean is_member(gpointer userdata) {
        return is_in(userdata, PI_FIREWALL_MEMBERS);
}

/* Off while its address changed, it is a stranger until somebody opens a window for it. */
static void moved(Fixture *f, gconstpointer data) {
        TestNode *a = f->node[0], *b = f->node[1];

        meet(a, b);
        test_node_stop(b);
        run_at(b, "ip addr flush dev eth0 && ip addr add " MOVED_TO "/16 dev eth0");
        test_node_start(b);
        test_wait_until(is_refused, f->helper[0], "who has a new address is refused");
        test_helper_ok(f->helper[0], "OpenWindow", "('" MOVED_TO "', uint64 60000000)");
        test_wait_for_member(a, b, "up");
        test_wait_until(is_member, f->helper[0], "the new address is a member's");
        /* It needs no window any more. */
        test_helper_ok(f->helper[0], "CloseWindow", "('" MOVED_TO "',)");
        test_node_kill(b);
        test_wait_for_member(a, b, "lost");
        test_node_start(b);
        test_wait_for_member(a, b, "up");
}

#define ADD(name, function) \
        g_test_add("/guard/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        test_enter_namespaces();
        test_require_filter();
        g_test_init(&argc, &argv, NULL);
        ADD("by-itself", by_itself);
        ADD("without-helper", without_helper);
        ADD("by-hand", by_hand);
        ADD("by-setting", by_setting);
        ADD("outbound-only", outbound_only);
        ADD("comes-back", comes_back);
        ADD("moved", moved);
        return g_test_run();
}
