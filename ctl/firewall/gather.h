/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/firewall/facts.h"
#include "ctl/service.h"

/* All facts, as far as the caller may know them: what cannot be known is so in them. Whoever asks,
 * the client waits PI_HELPER_USEC for an answer, then and later. `from`: a list of members by name
 * or id, and addresses, that the rules are to be looked at for, or NULL for all members; an entry
 * that is neither is PI_ERROR_INVALID_OPTION. */
PiFirewallFacts *pi_firewall_gather(PiClient *client, const PiService *service, const char *from,
                                    GError **error);

/* The other members, and the port of this one, of the properties of nodes. */
void pi_firewall_facts_take_nodes(PiFirewallFacts *facts, const GPtrArray *nodes);

/* The rules, which are taken over. Peers that are outbound only, and have no addresses of their
 * own, are at those that the rules have for members of their names. The port is that of the rules
 * when the service does not say. */
void pi_firewall_facts_take_rules(PiFirewallFacts *facts, PiRules *rules);

/* Leaves only the peers of a list, as above, and adds addresses of strangers. `nodes` as above, or
 * NULL. */
gboolean pi_firewall_facts_choose(PiFirewallFacts *facts, const GPtrArray *nodes, const char *from,
                                  GError **error);
