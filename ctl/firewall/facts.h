/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/firewall/blocks.h"
#include "ctl/firewall/rules.h"

/* Another member, or an address that somebody asks about. */
typedef struct PiPeer {
        char *name;           /* safe to print */
        GPtrArray *addresses; /* text as inet_ntop(3) prints it; of one that is outbound only, those
                               * that the rules let it in from, and none while it is away */
        gboolean lost, outbound_only;
        gboolean stranger; /* no member */
} PiPeer;

PiPeer *pi_peer_new(const char *name);
void pi_peer_free(PiPeer *peer);

/* Who listens at the port. */
typedef enum PiListener {
        PI_LISTENER_UNKNOWN,
        PI_LISTENER_NONE,
        PI_LISTENER_SERVICE,
        PI_LISTENER_SYSTEMD, /* for the service, which it starts when somebody comes */
        PI_LISTENER_OTHER,
} PiListener;

typedef enum PiFirewalld {
        PI_FIREWALLD_ABSENT,
        PI_FIREWALLD_OPEN,    /* its default zone has our service */
        PI_FIREWALLD_SHUT,
        PI_FIREWALLD_UNTAUGHT, /* it does not know our service: it was not reloaded */
        PI_FIREWALLD_UNKNOWN, /* it does not say */
} PiFirewalld;

/* What pictl firewall check is told, from which all its findings follow. */
typedef struct PiFirewallFacts {
        guint16 port;
        gboolean only_some; /* the caller chose the peers */
        GPtrArray *peers;   /* of PiPeer */

        /* The service. */
        gboolean service; /* it answers */
        gboolean user;    /* it is the user's own */
        gboolean in_cluster;
        char *state, *state_error; /* FirewallState and FirewallError, safe to print; "" unknown */

        /* The helper. */
        PiRules *rules;     /* NULL: rules_error says why */
        GError *rules_error;
        GPtrArray *blocks; /* of PiBlock; NULL: it was not asked, or blocks_error says why */
        GError *blocks_error;
        guint not_asked; /* addresses of peers beyond those that the helper looks at in one call */
        gboolean wide_open; /* strangers may connect to other ports as well */

        /* This machine, unless pictl talks to another. */
        gboolean local;
        PiListener listener;
        char *program;         /* that listens and is another; "" unknown */
        char *legacy, *legacy6; /* tables of the old iptables, "filter nat"; "" none or unknown */
        PiFirewalld firewalld;
        gboolean ufw;
        gboolean flushes; /* a reload of nftables.service takes away what is not its own */
} PiFirewallFacts;

PiFirewallFacts *pi_firewall_facts_new(void);
void pi_firewall_facts_free(PiFirewallFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiFirewallFacts, pi_firewall_facts_free)

/* Whether the service is in a cluster and listens at no port, Port=0: then nobody can be in the way
 * of who connects to it. */
gboolean pi_firewall_facts_only_connects(const PiFirewallFacts *facts);

/* The addresses of peers that the helper is asked about, NULL-terminated and theirs; how many are
 * left out is a fact. */
GPtrArray *pi_firewall_facts_sources(PiFirewallFacts *facts);

/* The peer with this address, or NULL. */
const PiPeer *pi_firewall_facts_peer(const PiFirewallFacts *facts, const char *address);
