/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/finding.h"
#include "ctl/firewall/facts.h"

/* What follows from the facts, each with the command that mends it. No facts are gathered. */
void pi_firewall_judge(const PiFirewallFacts *facts, PiFindings *findings);

/* Parts of it. */
void pi_firewall_judge_blocks(const PiFirewallFacts *facts, PiFindings *findings);
void pi_firewall_judge_counters(const PiFirewallFacts *facts, PiFindings *findings);
void pi_firewall_judge_host(const PiFirewallFacts *facts, PiFindings *findings);
