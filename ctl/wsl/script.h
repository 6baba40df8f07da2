/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The scripts for PowerShell. Their first line is a comment with their name. Whatever stands in
 * them is a number, a prefix of pi_prefixes_parse(), or a name that passed
 * pi_wsl_distro_is_valid(). Free them with g_free(). */

#define PI_WSL_VM_CREATOR "{40E0AC32-46A5-438A-A0B2-2B479E8F2E90}"

/* 1 to 64 letters, digits, '.', '_' and '-', as WSL has them itself. */
gboolean pi_wsl_distro_is_valid(const char *name);

/* Lines "key=value": profile, build, utc (milliseconds since 1970), logon (the entry of the
 * distribution, "" for none). `distro` may be "". */
char *pi_script_facts(const char *distro);

/* Lines "key=value": enabled, inbound; rule (as name|action|protocol|ports|remote|enabled|status,
 * several); profile (as name|AllowLocalFirewallRules, several); dynamic and excluded (lines of
 * netsh). In the place of the first two, of rules and of profiles may be vmerror, ruleerror and
 * profileerror: why Windows does not tell. */
char *pi_script_network(void);

/* A line "lan=ADDRESS/LENGTH", of the interface with the default route. With NAT only Windows knows
 * it. */
char *pi_script_lan(void);

/* One rule that lets members in to one port; whatever rules of ours there are go first. Needs an
 * administrator. */
char *pi_script_allow(guint16 port, const char *const *prefixes);

/* Removes each of our rules. Needs an administrator. */
char *pi_script_disallow(void);

/* Starts the distribution when its user logs on; an entry in their part of the registry. */
char *pi_script_logon(const char *distro);
char *pi_script_no_logon(const char *distro);

/* What the names of our rules begin with. */
#define PI_WSL_RULE_PREFIX "pi-computed-"

/* The name of our rule for a port. */
char *pi_rule_name(guint16 port);
