/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/facts.h"

#include <string.h>

#include "ctl/firewall/remedy.h"
#include "dbus/names.h"

PiPeer *pi_peer_new(const char *name) {
        PiPeer *peer = g_new0(PiPeer, 1);

        peer->name = g_strdup(name);
        peer->addresses = g_ptr_array_new_with_free_func(g_free);
        return peer;
}

void pi_peer_free(PiPeer *peer) {
        g_free(peer->name);
        g_ptr_array_unref(peer->addresses);
        g_free(peer);
}

PiFirewallFacts *pi_firewall_facts_new(void) {
        PiFirewallFacts *facts = g_new0(PiFirewallFacts, 1);

        facts->port = PI_REMEDY_PORT;
        facts->peers = g_ptr_array_new_with_free_func((GDestroyNotify) pi_peer_free);
        facts->state = g_strdup("");
        facts->state_error = g_strdup("");
        facts->program = g_strdup("");
        facts->legacy = g_strdup("");
        facts->legacy6 = g_strdup("");
        return facts;
}

void pi_firewall_facts_free(PiFirewallFacts *facts) {
        g_ptr_array_unref(facts->peers);
        g_free(facts->state);
        g_free(facts->state_error);
        g_clear_pointer(&facts->rules, pi_rules_free);
        g_clear_error(&facts->rules_error);
        g_clear_pointer(&facts->blocks, g_ptr_array_unref);
        g_clear_error(&facts->blocks_error);
        g_free(facts->program);
        g_free(facts->legacy);
        g_free(facts->legacy6);
        g_free(facts);
}

const PiPeer *pi_firewall_facts_peer(const PiFirewallFacts *facts, const char *address) {
        for (guint i = 0; i < facts->peers->len; i++) {
                const PiPeer *peer = facts->peers->pdata[i];

                if (g_ptr_array_find_with_equal_func(peer->addresses, address, g_str_equal, NULL))
                        return peer;
        }
        return NULL;
}

gboolean pi_firewall_facts_only_connects(const PiFirewallFacts *facts) {
        return facts->in_cluster && strcmp(facts->state, "off") == 0;
}

GPtrArray *pi_firewall_facts_sources(PiFirewallFacts *facts) {
        GPtrArray *sources = g_ptr_array_new();

        facts->not_asked = 0;
        for (guint i = 0; i < facts->peers->len; i++) {
                const PiPeer *peer = facts->peers->pdata[i];

                for (guint k = 0; k < peer->addresses->len; k++)
                        if (sources->len < PI_FIREWALL_MEMBERS_MAX)
                                g_ptr_array_add(sources, peer->addresses->pdata[k]);
                        else
                                facts->not_asked++;
        }
        g_ptr_array_add(sources, NULL);
        return sources;
}
