/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "nft/firewall.h"

/* The object of the firewall on the bus: reads calls, refuses callers who may not, and answers. */
typedef struct PiFirewallServer PiFirewallServer;

typedef struct PiFirewallServerConfig {
        gboolean user; /* the session bus */
        PiFirewall *firewall;
        void (*called)(gpointer userdata); /* by whomever */
        void (*lost)(gpointer userdata);   /* the bus is gone */
        gpointer userdata;
} PiFirewallServerConfig;

/* Owns the bus name from the return on. `config` is copied. Errors: PI_ERROR_FAILED. */
PiFirewallServer *pi_firewall_server_new(const PiFirewallServerConfig *config, GError **error);
void pi_firewall_server_free(PiFirewallServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiFirewallServer, pi_firewall_server_free)

/* For the end: gives the name up and answers what came before that. The bus starts another process
 * for later calls; whoever was answered here knows by the name that it was in vain. */
void pi_firewall_server_retire(PiFirewallServer *server);
