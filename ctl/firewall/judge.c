/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/judge.h"

#include <string.h>

#include "ctl/format.h"
#include "dbus/error.h"

#define APPLY "sudo pictl firewall apply"

static void judge_state(const PiFirewallFacts *f, PiFindings *findings) {
        if (!f->service)
                return;
        if (!f->in_cluster)
                pi_findings_add(findings, PI_FINDING_OK, "firewall", NULL,
                                "this node is in no cluster: nobody may connect to it");
        else if (pi_firewall_facts_only_connects(f))
                pi_findings_add(findings, PI_FINDING_OK, "firewall", NULL,
                                "nothing listens here: this node connects to the others");
        else if (strcmp(f->state, "applied") == 0)
                pi_findings_add(findings, PI_FINDING_OK, "firewall", NULL,
                                "only members may connect to port %u", f->port);
        else if (strcmp(f->state, "failed") == 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "firewall",
                                "journalctl -u pi-computed-firewall -n 20\n" APPLY,
                                "the rules could not be made, so that TLS alone protects port "
                                "%u: %s", f->port, f->state_error);
        else if (strcmp(f->state, "disabled") == 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "firewall", NULL,
                                "Firewall=no in pi-computed.conf: TLS alone protects port %u",
                                f->port);
        else if (f->state[0])
                pi_findings_add(findings, PI_FINDING_WARNING, "firewall", APPLY,
                                "the rules are %s: TLS alone protects port %u",
                                strcmp(f->state, "removed") == 0 ? "removed" : "not made yet",
                                f->port);
}

static void judge_helper(const PiFirewallFacts *f, PiFindings *findings) {
        if (f->rules)
                return;
        if (g_error_matches(f->rules_error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED))
                pi_findings_add(findings, PI_FINDING_NOTE, "helper", "sudo pictl firewall check",
                                "rules of the kernel were not looked at: only root may see them");
        else if (g_error_matches(f->rules_error, PI_ERROR, PI_ERROR_UNREACHABLE))
                pi_findings_add_error(findings, f->in_cluster ? PI_FINDING_WARNING
                                                              : PI_FINDING_NOTE,
                                      "helper", f->rules_error);
        else
                pi_findings_add_error(findings, PI_FINDING_BROKEN, "helper", f->rules_error);
}

static void judge_table(const PiFirewallFacts *f, PiFindings *findings) {
        const PiRules *r = f->rules;
        char times[32];

        if (!r->applied) {
                if (f->in_cluster && strcmp(f->state, "applied") == 0)
                        pi_findings_add(findings, PI_FINDING_BROKEN, "table", APPLY,
                                        "the helper has no rules, though the service had them "
                                        "made: was it started anew?");
                return;
        }
        g_snprintf(times, sizeof(times), "%" G_GUINT64_FORMAT, r->restored);
        if (!r->live[0])
                pi_findings_add(findings, PI_FINDING_BROKEN, "table", APPLY,
                                "the table \"inet picomputed\" is gone from the kernel");
        else if (strcmp(r->intended, r->live) != 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "table",
                                "sudo pictl firewall show\n" APPLY,
                                "the kernel has other rules than were made");
        else if (r->restored > 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "table",
                                "journalctl -u pi-computed-firewall",
                                "somebody took the rules away or changed them; they were put "
                                "back, %s time%s", times, r->restored == 1 ? "" : "s");
        else
                pi_findings_add(findings, PI_FINDING_OK, "table", NULL,
                                "the kernel has the rules as they were made%s",
                                r->owner ? ", and lets nobody else change them" : "");
        if (!r->limits)
                pi_findings_add(findings, PI_FINDING_WARNING, "kernel",
                                "sudo modprobe -a nft_limit nft_log\n" APPLY,
                                "the kernel has no rate limit for rules (nft_limit, nft_log): "
                                "strangers are refused, as often as they like");
}

static gboolean is_let_in(const PiRules *rules, const PiPeer *peer) {
        for (guint i = 0; i < peer->addresses->len; i++)
                if (pi_rules_has_member(rules, peer->addresses->pdata[i]))
                        return TRUE;
        return FALSE;
}

/* A stranger, or a member with a new address, whom a window lets in for a while. */
static gboolean judge_window(const PiRules *rules, const PiPeer *peer, PiFindings *findings) {
        const char *address = peer->addresses->len > 0 ? peer->addresses->pdata[0] : "";
        const PiRuleWindow *window = pi_rules_window_of(rules, address);
        g_autofree char *left = window ? pi_format_usec(window->left_usec) : NULL;

        if (window)
                pi_findings_add(findings, PI_FINDING_OK, "addresses", NULL,
                                "%s is let in by the window %s, for %s", peer->name,
                                window->prefix, left);
        return window != NULL;
}

/* The window that lets in whoever comes from wherever. */
static const PiRuleWindow *window_for_all(const PiRules *rules) {
        for (guint i = 0; i < rules->windows->len; i++) {
                const PiRuleWindow *window = rules->windows->pdata[i];

                if (strcmp(window->prefix, "0.0.0.0/0") == 0 || strcmp(window->prefix, "::/0") == 0)
                        return window;
        }
        return NULL;
}

/* Where a member that only connects to others will come from is not known before it is there. */
static gboolean judge_away(const PiRules *rules, const PiPeer *peer, PiFindings *findings) {
        const PiRuleWindow *window = window_for_all(rules);
        g_autofree char *left = window ? pi_format_usec(window->left_usec) : NULL;

        if (!peer->outbound_only || peer->addresses->len > 0)
                return FALSE;
        if (window)
                pi_findings_add(findings, PI_FINDING_OK, "addresses", NULL,
                                "%s is let in from wherever it comes by the window %s, for %s",
                                peer->name, window->prefix, left);
        else
                pi_findings_add(findings, PI_FINDING_WARNING, "addresses", APPLY,
                                "where member %s comes from is not known, and no window lets it in "
                                "from everywhere", peer->name);
        return TRUE;
}

static void judge_peer(const PiPeer *peer, PiFindings *findings) {
        g_autofree char *open = g_strdup_printf(
                "sudo pictl firewall open %s",
                peer->addresses->len > 0 ? (const char *) peer->addresses->pdata[0] : "ADDRESS");

        if (peer->stranger)
                pi_findings_add(findings, PI_FINDING_WARNING, "addresses", open,
                                "%s is no address of a member: it is refused", peer->name);
        else if (peer->addresses->len == 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "addresses", open,
                                "no address of member %s is known: it cannot connect to this node",
                                peer->name);
        else
                pi_findings_add(findings, PI_FINDING_BROKEN, "addresses", APPLY,
                                "the rules have no address of member %s: it cannot connect to "
                                "this node", peer->name);
}

static void judge_addresses(const PiFirewallFacts *f, PiFindings *findings) {
        guint before = findings->len;

        if (!f->rules->applied)
                return;
        for (guint i = 0; i < f->peers->len; i++)
                if (!is_let_in(f->rules, f->peers->pdata[i]) &&
                    !judge_away(f->rules, f->peers->pdata[i], findings) &&
                    !judge_window(f->rules, f->peers->pdata[i], findings))
                        judge_peer(f->peers->pdata[i], findings);
        if (findings->len == before && f->peers->len > 0)
                pi_findings_add(findings, PI_FINDING_OK, "addresses", NULL,
                                "the rules let in %s (%u)",
                                f->only_some ? "each of them" : "every member", f->peers->len);
}

static void judge_listener(const PiFirewallFacts *f, PiFindings *findings) {
        const char *option = f->user ? "--user " : "";
        g_autofree char *again = g_strdup_printf("systemctl %srestart pi-computed", option);
        g_autofree char *look = g_strdup_printf("journalctl %s-u pi-computed -n 50\n%s", option,
                                                again);
        g_autofree char *move = g_strdup_printf(
                "stop that program, or set another Port= in pi-computed.conf\n%s", again);

        if (!f->in_cluster)
                return;
        switch (f->listener) {
        case PI_LISTENER_NONE:
                pi_findings_add(findings, PI_FINDING_BROKEN, "listener", look,
                                "nothing listens at port %u", f->port);
                break;
        case PI_LISTENER_OTHER:
                pi_findings_add(findings, PI_FINDING_BROKEN, "listener", move,
                                "another program has port %u%s%s", f->port,
                                f->program[0] ? ": " : "", f->program);
                break;
        case PI_LISTENER_SERVICE:
                pi_findings_add(findings, PI_FINDING_OK, "listener", NULL,
                                "the service listens at port %u", f->port);
                break;
        case PI_LISTENER_SYSTEMD:
                pi_findings_add(findings, PI_FINDING_OK, "listener", NULL,
                                "systemd listens at port %u, for the service", f->port);
                break;
        case PI_LISTENER_UNKNOWN:
        default:
                break;
        }
}

void pi_firewall_judge(const PiFirewallFacts *f, PiFindings *findings) {
        judge_state(f, findings);
        if (pi_firewall_facts_only_connects(f))
                return;
        judge_helper(f, findings);
        if (f->rules) {
                judge_table(f, findings);
                judge_addresses(f, findings);
        }
        judge_listener(f, findings);
        pi_firewall_judge_blocks(f, findings);
        pi_firewall_judge_host(f, findings);
        pi_firewall_judge_counters(f, findings);
        if (!f->local)
                pi_findings_add(findings, PI_FINDING_NOTE, "host", "run it there: pictl doctor",
                                "listener, ufw and old iptables of another machine were not "
                                "looked at");
}
