/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/gather.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/names.h"

static void add_node(GPtrArray *nodes, const char *text) {
        GVariant *node = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

        g_assert_nonnull(node);
        g_ptr_array_add(nodes, node);
}

static GPtrArray *make_nodes(void) {
        GPtrArray *nodes = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);

        add_node(nodes, "{'Name': <'node1'>, 'Id': <'aa'>, 'State': <'self'>,"
                        " 'Addresses': <['192.0.2.1:4000']>}");
        add_node(nodes, "{'Name': <'node2'>, 'Id': <'bb'>, 'State': <'lost'>,"
                        " 'Addresses': <['192.0.2.2:31415', '[2001:db8::2]:31415', 'x:1']>}");
        add_node(nodes, "{'Name': <'node3'>, 'Id': <'cc'>, 'State': <'up'>,"
                        " 'OutboundOnly': <true>, 'Addresses': <@as []>}");
        /* Of an odd service. */
        add_node(nodes, "{'Name': <1>, 'Addresses': <1>}");
        return nodes;
}

static void test_nodes(void) {
        g_autoptr(GPtrArray) nodes = make_nodes();
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();
        const PiPeer *peer;

        g_assert_cmpuint(facts->port, ==, 31415);
        pi_firewall_facts_take_nodes(facts, nodes);
        g_assert_cmpuint(facts->port, ==, 4000);
        g_assert_cmpuint(facts->peers->len, ==, 3);
        peer = facts->peers->pdata[0];
        g_assert_cmpstr(peer->name, ==, "node2");
        g_assert_true(peer->lost);
        g_assert_cmpuint(peer->addresses->len, ==, 2);
        g_assert_cmpstr(peer->addresses->pdata[1], ==, "2001:db8::2");
        peer = facts->peers->pdata[1];
        g_assert_true(peer->outbound_only);
        g_assert_true(pi_firewall_facts_peer(facts, "192.0.2.2") == facts->peers->pdata[0]);
        g_assert_null(pi_firewall_facts_peer(facts, "192.0.2.1"));
}

static void test_choose(void) {
        g_autoptr(GPtrArray) nodes = make_nodes();
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();
        g_autoptr(GError) error = NULL;
        const PiPeer *peer;

        pi_firewall_facts_take_nodes(facts, nodes);
        g_assert_true(pi_firewall_facts_choose(facts, nodes, "cc,2001:DB8::2,10.0.0.9", &error));
        g_assert_no_error(error);
        g_assert_true(facts->only_some);
        g_assert_cmpuint(facts->peers->len, ==, 3);
        peer = facts->peers->pdata[0];
        g_assert_cmpstr(peer->name, ==, "node3");
        peer = facts->peers->pdata[1];
        g_assert_cmpstr(peer->name, ==, "node2");
        g_assert_false(peer->stranger);
        peer = facts->peers->pdata[2];
        g_assert_cmpstr(peer->addresses->pdata[0], ==, "10.0.0.9");
        g_assert_true(peer->stranger);
}

static void test_refused(void) {
        static const char *const bad[] = { "", "node9", "node2,", "node1", "10.0.0.0/8",
                                           "\033[2J" };
        g_autoptr(GPtrArray) nodes = make_nodes();
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_firewall_facts_choose(facts, nodes, bad[i], &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_null(strchr(error->message, '\033'));
        }
        g_assert_true(pi_firewall_facts_choose(facts, NULL, "10.0.0.9", NULL));
}

static void add_rule(PiRules *rules, const char *address, const char *name) {
        PiRuleMember *member = g_new0(PiRuleMember, 1);

        member->address = g_strdup(address);
        member->name = g_strdup(name);
        g_ptr_array_add(rules->members, member);
}

/* Nobody but the rules knows where one is that is outbound only; the helper is asked about it. */
static void test_locate(void) {
        g_autoptr(GPtrArray) nodes = make_nodes(), sources = NULL;
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();
        PiRules *rules = pi_rules_new();
        const PiPeer *peer;

        pi_firewall_facts_take_nodes(facts, nodes);
        add_rule(rules, "192.0.2.2", "node3");
        add_rule(rules, "192.0.2.3", "node3");
        add_rule(rules, "192.0.2.9", "node2");
        pi_firewall_facts_take_rules(facts, rules);
        peer = facts->peers->pdata[1];
        g_assert_cmpuint(peer->addresses->len, ==, 1);
        g_assert_true(pi_firewall_facts_peer(facts, "192.0.2.3") == peer);
        g_assert_null(pi_firewall_facts_peer(facts, "192.0.2.9"));
        sources = pi_firewall_facts_sources(facts);
        g_assert_true(g_strv_contains((const char *const *) sources->pdata, "192.0.2.3"));
}

/* The service knows its port best; while it does not run, the rules that are left do. */
static void test_port(void) {
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new(), told = pi_firewall_facts_new();
        PiRules *rules = pi_rules_new(), *others = pi_rules_new();

        rules->applied = others->applied = TRUE;
        rules->port = others->port = 5000;
        pi_firewall_facts_take_rules(facts, rules);
        g_assert_cmpuint(facts->port, ==, 5000);
        told->service = TRUE;
        told->port = 4000;
        pi_firewall_facts_take_rules(told, others);
        g_assert_cmpuint(told->port, ==, 4000);
}

/* The helper is asked about as many as it takes, and the rest is no secret. */
static void test_sources(void) {
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();
        g_autoptr(GPtrArray) most = NULL, first = NULL;
        PiPeer *peer = pi_peer_new("a");

        g_ptr_array_add(facts->peers, peer);
        for (guint i = 0; i < PI_FIREWALL_MEMBERS_MAX; i++)
                g_ptr_array_add(peer->addresses, g_strdup("192.0.2.7"));
        most = pi_firewall_facts_sources(facts);
        g_assert_cmpuint(most->len, ==, PI_FIREWALL_MEMBERS_MAX + 1);
        g_assert_cmpuint(facts->not_asked, ==, 0);
        peer = pi_peer_new("b");
        g_ptr_array_add(facts->peers, peer);
        for (guint i = 0; i < 3; i++)
                g_ptr_array_add(peer->addresses, g_strdup("192.0.2.8"));
        first = pi_firewall_facts_sources(facts);
        g_assert_cmpuint(first->len, ==, PI_FIREWALL_MEMBERS_MAX + 1);
        g_assert_null(first->pdata[PI_FIREWALL_MEMBERS_MAX]);
        g_assert_cmpuint(facts->not_asked, ==, 3);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/firewall/gather/nodes", test_nodes);
        g_test_add_func("/ctl/firewall/gather/choose", test_choose);
        g_test_add_func("/ctl/firewall/gather/refused", test_refused);
        g_test_add_func("/ctl/firewall/gather/locate", test_locate);
        g_test_add_func("/ctl/firewall/gather/port", test_port);
        g_test_add_func("/ctl/firewall/gather/sources", test_sources);
        return g_test_run();
}
