/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/judge.h"

#include "ctl/format.h"

/* Sources that are named; there may be thousands. */
#define REFUSED_SHOWN_MAX 8
#define ANEW \
        "\nthe counters begin anew with: sudo pictl firewall remove && sudo pictl firewall apply"

static gboolean has_lost(const PiFirewallFacts *f) {
        for (guint i = 0; i < f->peers->len; i++)
                if (((const PiPeer *) f->peers->pdata[i])->lost)
                        return TRUE;
        return FALSE;
}

/* Nothing came: either nobody tried, or it was dropped on the way. */
static void judge_silence(const PiFirewallFacts *f, PiFindings *findings) {
        g_autofree char *try = g_strdup_printf(
                "try it there: nc -zv ADDRESS-OF-THIS-NODE %u\n"
                "then look at routers, security groups of a cloud, and the firewall of Windows",
                f->port);

        if (!f->only_some && !has_lost(f))
                return;
        pi_findings_add(findings, f->only_some ? PI_FINDING_WARNING : PI_FINDING_NOTE, "attempts",
                        try, "nobody has tried to connect since the rules were made; if somebody "
                        "did, it was dropped before it came to this machine");
}

static void judge_dropped(const PiFirewallFacts *f, PiFindings *findings) {
        g_autofree char *dropped = pi_format_grouped(pi_rules_dropped_by_others(f->rules));
        g_autofree char *seen = pi_format_grouped(f->rules->counters.seen);
        gboolean legacy = f->legacy[0] || f->legacy6[0];

        if (f->rules->counters.seen == 0)
                judge_silence(f, findings);
        else if (pi_rules_dropped_by_others(f->rules) > 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "attempts",
                                legacy ? "sudo iptables-legacy -S INPUT" ANEW
                                       : "sudo nft list ruleset" ANEW,
                                "%s of %s attempts to connect were dropped by another firewall on "
                                "this machine", dropped, seen);
        else
                pi_findings_add(findings, PI_FINDING_OK, "attempts", NULL,
                                "no other firewall dropped any of %s attempts to connect", seen);
}

static void judge_refused_one(const PiFirewallFacts *f, const PiRuleRefused *refused,
                              PiFindings *findings) {
        const PiPeer *peer = pi_firewall_facts_peer(f, refused->address);
        g_autofree char *ago = pi_format_usec(refused->ago_usec);
        g_autofree char *times = pi_format_grouped(refused->attempts);
        g_autofree char *open = g_strdup_printf("sudo pictl firewall open %s", refused->address);
        gboolean member = peer && !peer->stranger;

        pi_findings_add(findings, member ? PI_FINDING_WARNING : PI_FINDING_NOTE, "refused",
                        member ? "pictl firewall apply" : open,
                        "%s%s%s tried %s time%s, last %s ago", refused->address,
                        member ? ", an address of member " : "", member ? peer->name : "", times,
                        refused->attempts == 1 ? "" : "s", ago);
}

static gint by_age(gconstpointer a, gconstpointer b) {
        const PiRuleRefused *one = *(PiRuleRefused *const *) a;
        const PiRuleRefused *other = *(PiRuleRefused *const *) b;

        return one->ago_usec < other->ago_usec ? -1 : one->ago_usec > other->ago_usec;
}

static void judge_refused(const PiFirewallFacts *f, PiFindings *findings) {
        const GPtrArray *all = f->rules->refused;
        g_autoptr(GPtrArray) sorted = g_ptr_array_new();

        for (guint i = 0; i < all->len; i++) {
                const PiRuleRefused *one = all->pdata[i];

                /* Who may connect by now needs no advice. */
                if (!pi_rules_has_member(f->rules, one->address) &&
                    !pi_rules_window_of(f->rules, one->address))
                        g_ptr_array_add(sorted, all->pdata[i]);
        }
        g_ptr_array_sort(sorted, by_age);
        for (guint i = 0; i < MIN(sorted->len, REFUSED_SHOWN_MAX); i++)
                judge_refused_one(f, sorted->pdata[i], findings);
        if (sorted->len > REFUSED_SHOWN_MAX)
                pi_findings_add(findings, PI_FINDING_NOTE, "refused", "sudo pictl firewall show",
                                "%u other addresses tried as well",
                                sorted->len - REFUSED_SHOWN_MAX);
}

void pi_firewall_judge_counters(const PiFirewallFacts *f, PiFindings *findings) {
        if (!f->rules || !f->rules->applied)
                return;
        judge_dropped(f, findings);
        judge_refused(f, findings);
        if (f->rules->counters.rate_drop > 0) {
                g_autofree char *n = pi_format_grouped(f->rules->counters.rate_drop);

                pi_findings_add(findings, PI_FINDING_NOTE, "rate limit", "sudo pictl firewall show",
                                "%s attempts of strangers were dropped as there were more than 10 "
                                "a minute from one address", n);
        }
}
