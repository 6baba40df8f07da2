/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/gather.h"

#include <string.h>

#include "ctl/firewall/address.h"
#include "ctl/firewall/firewalld.h"
#include "ctl/firewall/helper.h"
#include "ctl/firewall/host.h"
#include "ctl/firewall/sockets.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/text.h"
#include "dbus/error.h"

#define NAME_SHOWN_MAX 64
#define TEXT_SHOWN_MAX 1000
/* Of a list --from. */
#define CHOSEN_MAX 128
/* What a rule set lets through of these, it lets through of everybody: addresses for documentation
 * (RFC 5737, RFC 3849), and the port of a service that nobody has (tcpmux). */
#define STRANGER "192.0.2.1"
#define STRANGER6 "2001:db8::1"
#define OTHER_PORT 1

static void take_addresses(GVariant *node, PiPeer *peer, guint16 *ret_port) {
        g_autofree const char **addresses = NULL;

        if (!g_variant_lookup(node, "Addresses", "^a&s", &addresses))
                return;
        for (const char **text = addresses; *text; text++) {
                char *address = pi_address_of_endpoint(*text, ret_port);

                if (address)
                        g_ptr_array_add(peer->addresses, address);
        }
}

static PiPeer *peer_of(GVariant *node, guint16 *ret_port) {
        g_autofree char *name = pi_text_escape(pi_dict_string(node, "Name"), FALSE, NAME_SHOWN_MAX);
        PiPeer *peer = pi_peer_new(name);

        peer->lost = pi_node_is(node, "lost");
        g_variant_lookup(node, "OutboundOnly", "b", &peer->outbound_only);
        take_addresses(node, peer, ret_port);
        return peer;
}

void pi_firewall_facts_take_nodes(PiFirewallFacts *facts, const GPtrArray *nodes) {
        for (guint i = 0; i < nodes->len; i++) {
                gboolean self = pi_node_is(nodes->pdata[i], "self");
                PiPeer *peer = peer_of(nodes->pdata[i], self ? &facts->port : NULL);

                if (self)
                        pi_peer_free(peer);
                else
                        g_ptr_array_add(facts->peers, peer);
        }
}

static void locate(PiFirewallFacts *facts, PiPeer *peer) {
        for (guint i = 0; i < facts->rules->members->len; i++) {
                const PiRuleMember *member = facts->rules->members->pdata[i];

                /* What is another's is not this one's, whatever they are called. */
                if (strcmp(member->name, peer->name) == 0 &&
                    !pi_firewall_facts_peer(facts, member->address))
                        g_ptr_array_add(peer->addresses, g_strdup(member->address));
        }
}

void pi_firewall_facts_take_rules(PiFirewallFacts *facts, PiRules *rules) {
        facts->rules = rules;
        if (!facts->service && rules->applied && rules->port > 0)
                facts->port = rules->port;
        for (guint i = 0; i < facts->peers->len; i++) {
                PiPeer *peer = facts->peers->pdata[i];

                if (peer->outbound_only && peer->addresses->len == 0)
                        locate(facts, peer);
        }
}

/* The member that is called so, or has this id. */
static GVariant *find_node(const GPtrArray *nodes, const char *text) {
        for (guint i = 0; nodes && text[0] && i < nodes->len; i++)
                if (!pi_node_is(nodes->pdata[i], "self") &&
                    (strcmp(pi_dict_string(nodes->pdata[i], "Name"), text) == 0 ||
                     strcmp(pi_dict_string(nodes->pdata[i], "Id"), text) == 0))
                        return nodes->pdata[i];
        return NULL;
}

static PiPeer *choose(const PiFirewallFacts *facts, const GPtrArray *nodes, const char *text,
                      GError **error) {
        GVariant *node = find_node(nodes, text);
        g_autofree char *address = node ? NULL : pi_address_canonical(text), *quoted = NULL;
        const PiPeer *known = address ? pi_firewall_facts_peer(facts, address) : NULL;
        PiPeer *peer;

        if (node)
                return peer_of(node, NULL);
        if (!address) {
                quoted = pi_text_quote(text, NAME_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is neither another member nor an address: --from takes a list of "
                            "them, for example node2,192.0.2.7 (pictl nodes lists members)",
                            quoted);
                return NULL;
        }
        peer = pi_peer_new(known ? known->name : address);
        peer->stranger = !known;
        g_ptr_array_add(peer->addresses, g_steal_pointer(&address));
        return peer;
}

gboolean pi_firewall_facts_choose(PiFirewallFacts *facts, const GPtrArray *nodes, const char *from,
                                  GError **error) {
        g_autoptr(GPtrArray) chosen = g_ptr_array_new_with_free_func((GDestroyNotify) pi_peer_free);
        g_auto(GStrv) items = g_strsplit(from, ",", CHOSEN_MAX);

        for (char **item = items; *item || item == items; item++) {
                PiPeer *peer = choose(facts, nodes, *item ?: "", error);

                if (!peer)
                        return FALSE;
                g_ptr_array_add(chosen, peer);
        }
        g_ptr_array_unref(facts->peers);
        facts->peers = g_steal_pointer(&chosen);
        facts->only_some = TRUE;
        return TRUE;
}

static void take_service(PiFirewallFacts *facts, const PiService *service) {
        if (!service->manager)
                return;
        facts->service = TRUE;
        facts->in_cluster = pi_service_in_cluster(service);
        g_free(facts->state);
        g_free(facts->state_error);
        facts->state = pi_text_escape(pi_dict_string(service->manager, "FirewallState"), FALSE,
                                      NAME_SHOWN_MAX);
        facts->state_error = pi_text_escape(pi_dict_string(service->manager, "FirewallError"),
                                            FALSE, TEXT_SHOWN_MAX);
        pi_firewall_facts_take_nodes(facts, service->nodes);
}

static void ask_blocks(PiClient *client, PiFirewallFacts *facts) {
        const char *const strangers[] = { STRANGER, STRANGER6, NULL };
        g_autoptr(GPtrArray) sources = pi_firewall_facts_sources(facts), other = NULL;

        facts->blocks = pi_helper_find_blocks(client, facts->port,
                                              (const char *const *) sources->pdata,
                                              &facts->blocks_error);
        /* It lists all tables anew each time; where a rule is in the way there is a firewall. */
        if (!facts->blocks || facts->blocks->len > 0)
                return;
        other = pi_helper_find_blocks(client, OTHER_PORT, strangers, NULL);
        facts->wide_open = other && other->len == 0;
}

static void ask_helper(PiClient *client, PiFirewallFacts *facts) {
        g_autoptr(GVariant) description = pi_helper_describe(client, &facts->rules_error);
        PiRules *rules = description ? pi_rules_parse(description, &facts->rules_error) : NULL;

        /* One that does not answer is not asked again. */
        if (!rules)
                return;
        pi_firewall_facts_take_rules(facts, rules);
        ask_blocks(client, facts);
}

PiFirewallFacts *pi_firewall_gather(PiClient *client, const PiService *service, const char *from,
                                    GError **error) {
        g_autoptr(PiFirewallFacts) facts = pi_firewall_facts_new();

        pi_client_set_deadline(client, PI_HELPER_USEC);
        take_service(facts, service);
        if (from && !pi_firewall_facts_choose(facts, service->nodes, from, error))
                return NULL;
        if (!pi_firewall_facts_only_connects(facts))
                ask_helper(client, facts);
        facts->user = pi_client_is_user(client);
        facts->firewalld = pi_firewalld_ask(client);
        facts->local = pi_client_is_local(client);
        if (facts->local) {
                pi_host_gather(client, facts);
                pi_listener_find(facts->port, service->uid, service->pid, &facts->listener,
                                 &facts->program);
        }
        return g_steal_pointer(&facts);
}
