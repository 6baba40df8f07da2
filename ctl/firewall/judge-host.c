/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ctl/firewall/judge.h"
#include "ctl/firewall/remedy.h"

/* Whether a rule that was found is of who owns these tables or chains. */
static gboolean is_blocked_by(const PiFirewallFacts *f, PiBlockOwner owner) {
        for (guint i = 0; f->blocks && i < f->blocks->len; i++)
                if (pi_block_owner(f->blocks->pdata[i], f->ufw) == owner)
                        return TRUE;
        return FALSE;
}

static void judge_legacy(const PiFirewallFacts *f, PiFindings *findings) {
        gboolean dropped = f->rules && pi_rules_dropped_by_others(f->rules) > 0;

        if (!f->legacy[0] && !f->legacy6[0])
                return;
        pi_findings_add(findings, dropped ? PI_FINDING_WARNING : PI_FINDING_NOTE, "iptables",
                        f->legacy[0] ? "sudo iptables-legacy -S INPUT"
                                     : "sudo ip6tables-legacy -S INPUT",
                        "there are rules of the old iptables (%s%s%s), which nftables cannot show",
                        f->legacy, f->legacy[0] && f->legacy6[0] ? ", IPv6 " : "", f->legacy6);
}

/* Its rules themselves are the better witness, where the helper could look at them. */
static void judge_firewalld(const PiFirewallFacts *f, PiFindings *findings) {
        g_autofree char *allow = pi_remedy_firewalld(f->port);
        PiSeverity severity = f->blocks ? PI_FINDING_NOTE : PI_FINDING_WARNING;

        if (!f->in_cluster || is_blocked_by(f, PI_BLOCK_OF_FIREWALLD))
                return;
        switch (f->firewalld) {
        case PI_FIREWALLD_SHUT:
                pi_findings_add(findings, severity, "firewalld", allow,
                                "the default zone of firewalld does not have the service "
                                "pi-computed%s", f->blocks ? ", but lets its port through" : "");
                break;
        case PI_FIREWALLD_UNTAUGHT:
                pi_findings_add(findings, severity, "firewalld", "sudo firewall-cmd --reload",
                                "firewalld does not know the service pi-computed yet");
                break;
        case PI_FIREWALLD_UNKNOWN:
                pi_findings_add(findings, PI_FINDING_NOTE, "firewalld", "sudo pictl firewall check",
                                "firewalld runs, and does not say whether it lets members in");
                break;
        case PI_FIREWALLD_OPEN:
                pi_findings_add(findings, PI_FINDING_OK, "firewalld", NULL,
                                "its default zone has the service pi-computed");
                break;
        case PI_FIREWALLD_ABSENT:
        default:
                break;
        }
}

static void judge_ufw(const PiFirewallFacts *f, PiFindings *findings) {
        g_autofree char *allow = pi_remedy_ufw("ADDRESS", f->port);

        if (!f->ufw || !f->in_cluster || is_blocked_by(f, PI_BLOCK_OF_UFW))
                return;
        if (f->blocks)
                pi_findings_add(findings, PI_FINDING_OK, "ufw", NULL, "it lets members in");
        else
                pi_findings_add(findings, PI_FINDING_NOTE, "ufw", allow,
                                "ufw is on, and refuses members unless it has a rule for them");
}

static void judge_flushes(const PiFirewallFacts *f, PiFindings *findings) {
        if (!f->flushes || !f->rules || !f->rules->applied)
                return;
        if (f->rules->owner)
                pi_findings_add(findings, PI_FINDING_OK, "nftables", NULL,
                                "a reload of nftables.service leaves the rules alone");
        else
                pi_findings_add(findings, PI_FINDING_NOTE, "nftables",
                                "replace \"flush ruleset\" in /etc/nftables.conf by a \"flush "
                                "table\" of each of its tables",
                                "systemctl reload nftables takes the rules away; they are put "
                                "back within a second");
}

void pi_firewall_judge_host(const PiFirewallFacts *f, PiFindings *findings) {
        judge_legacy(f, findings);
        judge_firewalld(f, findings);
        judge_ufw(f, findings);
        judge_flushes(f, findings);
        if (f->wide_open && !f->legacy[0] && !f->legacy6[0])
                pi_findings_add(findings, PI_FINDING_NOTE, "host", NULL,
                                "everybody may connect to every other port of this machine, as no "
                                "firewall says otherwise; pi-computed limits its own port and "
                                "opens no other");
}
