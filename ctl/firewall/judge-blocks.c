/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/judge.h"

#include <string.h>

#include "ctl/firewall/remedy.h"

/* Sources of one rule that are named, with a command each. */
#define SOURCES_SHOWN_MAX 8

static gboolean is_same_rule(const PiBlock *a, const PiBlock *b) {
        return a->verdict == b->verdict && a->handle == b->handle &&
               strcmp(a->family, b->family) == 0 && strcmp(a->table, b->table) == 0 &&
               strcmp(a->chain, b->chain) == 0;
}

/* "gpu-1 (192.0.2.7)", or the address of who has no name. */
static void append_source(const PiFirewallFacts *f, const PiBlock *block, GString *text) {
        const PiPeer *peer = pi_firewall_facts_peer(f, block->source);

        if (peer && !peer->stranger)
                g_string_append_printf(text, "%s (%s)", peer->name, block->source);
        else
                g_string_append(text, block->source);
}

/* What a rule does to whom, and the commands for each of them, of which many may be the same. */
static void gather_rule(const PiFirewallFacts *f, guint first, GString *sources,
                        GPtrArray *remedies) {
        guint n = 0;

        for (guint i = first; i < f->blocks->len; i++) {
                const PiBlock *block = f->blocks->pdata[i];
                g_autofree char *remedy = NULL;

                if (!is_same_rule(block, f->blocks->pdata[first]) || n++ >= SOURCES_SHOWN_MAX)
                        continue;
                g_string_append(sources, n > 1 ? ", " : "");
                append_source(f, block, sources);
                remedy = pi_remedy_of_block(block, f->ufw, f->port);
                if (!g_ptr_array_find_with_equal_func(remedies, remedy, g_str_equal, NULL))
                        g_ptr_array_add(remedies, g_steal_pointer(&remedy));
        }
        if (n > SOURCES_SHOWN_MAX)
                g_string_append_printf(sources, " and %u more", n - SOURCES_SHOWN_MAX);
}

static char *place_of(const PiBlock *block) {
        if (block->handle == 0)
                return g_strdup_printf("the policy of chain %s of table \"%s %s\"", block->chain,
                                       block->family, block->table);
        return g_strdup_printf("rule %" G_GUINT64_FORMAT " of chain %s of table \"%s %s\"",
                               block->handle, block->chain, block->family, block->table);
}

/* A rule that was added by hand is gone with the next start of what else is in its table. */
static const char *advice_of(const PiBlock *block, gboolean ufw) {
        switch (pi_block_owner(block, ufw)) {
        case PI_BLOCK_OF_IPTABLES:
                return "and save it as the other rules of iptables are";
        case PI_BLOCK_OF_OTHER:
                return "and add it to the file that chain comes from, such as /etc/nftables.conf";
        case PI_BLOCK_OF_FIREWALLD:
        case PI_BLOCK_OF_UFW:
        default:
                return NULL;
        }
}

static void judge_rule(const PiFirewallFacts *f, guint first, PiFindings *findings) {
        static const char *const does[] = {
                [PI_BLOCK_DROP] = "drops", [PI_BLOCK_REJECT] = "rejects",
                [PI_BLOCK_MAYBE] = "may drop (it could not be judged)",
        };
        const PiBlock *block = f->blocks->pdata[first];
        g_autoptr(GString) sources = g_string_new(NULL);
        g_autoptr(GPtrArray) remedies = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *place = place_of(block), *remedy = NULL;
        const char *advice = advice_of(block, f->ufw);

        gather_rule(f, first, sources, remedies);
        if (advice)
                g_ptr_array_add(remedies, g_strdup(advice));
        g_ptr_array_add(remedies, NULL);
        remedy = g_strjoinv("\n", (char **) remedies->pdata);
        pi_findings_add(findings,
                        block->verdict == PI_BLOCK_MAYBE ? PI_FINDING_WARNING : PI_FINDING_BROKEN,
                        "filters", remedy, "%s %s connections to port %u from %s%s", place,
                        does[block->verdict], f->port, sources->str,
                        block->verdict == PI_BLOCK_MAYBE ? "" : "; our rules cannot overrule it");
}

static gboolean is_first(const GPtrArray *blocks, guint index) {
        for (guint i = 0; i < index; i++)
                if (is_same_rule(blocks->pdata[i], blocks->pdata[index]))
                        return FALSE;
        return TRUE;
}

void pi_firewall_judge_blocks(const PiFirewallFacts *f, PiFindings *findings) {
        if (f->blocks_error)
                pi_findings_add_error(findings, PI_FINDING_BROKEN, "filters", f->blocks_error);
        if (!f->blocks)
                return;
        for (guint i = 0; i < f->blocks->len; i++)
                if (is_first(f->blocks, i))
                        judge_rule(f, i, findings);
        if (f->not_asked > 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "filters",
                                "sudo pictl firewall check --from=ADDRESS",
                                "%u more addresses of members were not looked at, as they are too "
                                "many", f->not_asked);
        if (f->blocks->len == 0 && f->peers->len > 0)
                pi_findings_add(findings, PI_FINDING_OK, "filters", NULL,
                                "no rule of another table of nftables keeps %s from port %u",
                                f->only_some ? "them" : "members", f->port);
}
