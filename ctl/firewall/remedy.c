/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/remedy.h"

#include <string.h>

/* Of the names that iptables-nft gives its tables. */
static const char *const iptables_tables[] = { "filter", "mangle", "raw", "security", "nat", NULL };
static const char *const iptables_chains[] = { "INPUT", "PREROUTING", NULL };

/* nft may have tables of these names as well; the chains of iptables are in capitals. */
static gboolean is_of_iptables(const PiBlock *block) {
        return (strcmp(block->family, "ip") == 0 || strcmp(block->family, "ip6") == 0) &&
               g_strv_contains(iptables_tables, block->table) &&
               (g_strv_contains(iptables_chains, block->chain) ||
                strcmp(block->table, "filter") == 0);
}

PiBlockOwner pi_block_owner(const PiBlock *block, gboolean ufw) {
        if (strcmp(block->table, "firewalld") == 0)
                return PI_BLOCK_OF_FIREWALLD;
        if (g_str_has_prefix(block->chain, "ufw"))
                return PI_BLOCK_OF_UFW;
        if (!is_of_iptables(block))
                return PI_BLOCK_OF_OTHER;
        return ufw && block->handle == 0 ? PI_BLOCK_OF_UFW : PI_BLOCK_OF_IPTABLES;
}

char *pi_remedy_firewalld(guint16 port) {
        if (port == PI_REMEDY_PORT)
                return g_strdup("sudo pictl firewall apply --firewalld");
        return g_strdup_printf("sudo firewall-cmd --permanent --add-port=%u/tcp && "
                               "sudo firewall-cmd --reload", port);
}

char *pi_remedy_ufw(const char *source, guint16 port) {
        if (port == PI_REMEDY_PORT)
                return g_strdup_printf("sudo ufw allow from %s to any app pi-computed", source);
        return g_strdup_printf("sudo ufw allow proto tcp from %s to any port %u", source, port);
}

/* A name that a shell and nft take as it is. */
static gboolean is_plain(const char *name) {
        return g_regex_match_simple("^[A-Za-z_.][A-Za-z0-9_./-]*$", name, 0, 0);
}

static char *remedy_of_iptables(const PiBlock *block, guint16 port) {
        return g_strdup_printf("sudo %s %s%s%s-I %s -p tcp --dport %u -s %s -j ACCEPT",
                               strcmp(block->family, "ip6") == 0 ? "ip6tables" : "iptables",
                               strcmp(block->table, "filter") == 0 ? "" : "-t ",
                               strcmp(block->table, "filter") == 0 ? "" : block->table,
                               strcmp(block->table, "filter") == 0 ? "" : " ", block->chain, port,
                               block->source);
}

static char *remedy_of_nft(const PiBlock *block, guint16 port) {
        const char *match = strchr(block->source, ':') ? "ip6 saddr" : "ip saddr";
        g_autofree char *place = block->handle > 0
                ? g_strdup_printf(" position %" G_GUINT64_FORMAT, block->handle)
                : g_strdup("");

        /* A verdict of the policy comes after all rules, so one at the end is early enough. */
        return g_strdup_printf("sudo nft %s rule %s %s %s%s %s %s tcp dport %u accept",
                               block->handle > 0 ? "insert" : "add", block->family, block->table,
                               block->chain, place, match, block->source, port);
}

char *pi_remedy_of_block(const PiBlock *block, gboolean ufw, guint16 port) {
        switch (pi_block_owner(block, ufw)) {
        case PI_BLOCK_OF_FIREWALLD:
                return pi_remedy_firewalld(port);
        case PI_BLOCK_OF_UFW:
                return pi_remedy_ufw(block->source, port);
        case PI_BLOCK_OF_IPTABLES:
        case PI_BLOCK_OF_OTHER:
        default:
                break;
        }
        if (!is_plain(block->table) || !is_plain(block->chain))
                return g_strdup_printf("sudo nft -a list ruleset, and let %s through by hand",
                                       block->source);
        return pi_block_owner(block, ufw) == PI_BLOCK_OF_IPTABLES
                       ? remedy_of_iptables(block, port)
                       : remedy_of_nft(block, port);
}
