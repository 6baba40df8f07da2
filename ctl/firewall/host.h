/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/client.h"
#include "ctl/firewall/facts.h"

/* A file of at most so many bytes, those behind left out; NULL when it cannot be read. */
char *pi_host_read(const char *path, gsize bytes_max);

/* Whether ufw.conf(5) has ENABLED=yes. */
gboolean pi_host_ufw_is_on(const char *text);

/* Whether a script of nft(8) takes all tables away: has the command "flush ruleset". */
gboolean pi_host_flushes(const char *text);

/* "filter nat" of the lines of /proc/net/ip_tables_names, safe to print. */
char *pi_host_legacy_tables(const char *text);

/* All of these into the facts, as far as the caller may read them. */
void pi_host_gather(PiClient *client, PiFirewallFacts *facts);
