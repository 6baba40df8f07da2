/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/finding.h"
#include "ctl/wsl/facts.h"

#define PI_WSL_PORT 31415

/* Whatever keeps this node on WSL from being reached at the port, or from staying up: the version,
 * systemd, network mode, the two files, idle shutdown, Hyper-V firewall and the policy about it,
 * reserved ports, cgroups, clock, kernel modules and the way to Windows. On no WSL that is the one
 * finding, and on WSL1 the other. Takes some seconds, as it asks Windows.
 *
 * What needs the daemon is not looked at: whether it listens, whether a peer reaches it, the clocks
 * of peers, and the sandbox. */
void pi_wsl_check(PiWslHost *host, guint16 port, PiFindings *findings);

/* The parts of it, with facts that are known: those of WSL, and those that ask Windows' firewall
 * and port ranges. */
void pi_wsl_check_facts(PiWslHost *host, const PiWslFacts *facts, PiFindings *findings);
void pi_wsl_check_network(PiWslHost *host, const PiWslFacts *facts, guint16 port,
                          PiFindings *findings);

/* The latter alone, from the answer of pi_script_network(). */
void pi_wsl_check_ports(const char *answer, const PiWslFacts *facts, guint16 port,
                        PiFindings *findings);

/* Whether that answer has the rule of pi_script_allow(), and it lets somebody in at the port. */
gboolean pi_wsl_port_has_our_rule(const char *answer, guint16 port);

typedef enum PiWslRules {
        PI_WSL_RULES_NONE,
        PI_WSL_RULES_THERE,
        PI_WSL_RULES_UNKNOWN, /* Windows did not tell */
} PiWslRules;

/* Whether it has any rule of ours, for whatever port, in force or not. */
PiWslRules pi_wsl_our_rules(const char *answer);
