/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/ruleset.h"

#include <string.h>

#define TABLE PI_NFT_FAMILY " " PI_NFT_TABLE
#define SYN "tcp flags syn / fin,syn,rst,ack"
#define LIMIT G_STRINGIFY(PI_NFT_STRANGER_RATE)

/* Counters, and sets beside those of members and windows. What strangers fill has a size: full, it
 * forgets nobody and takes nobody, and the rules go on. */
static const char objects[] =
        "\tcounter seen { }\n"
        "\tcounter delivered { }\n"
        "\tcounter rate_drop { }\n"
        "\tcounter refused { }\n"
        "\tcounter joining { }\n"
        "\tcounter stray { }\n"
        "\tset rate4 { type ipv4_addr; size 4096; flags dynamic,timeout; timeout 1m; }\n"
        "\tset rate6 { type ipv6_addr; size 4096; flags dynamic,timeout; timeout 1m; }\n"
        "\tset refused4 { type ipv4_addr; size 1024; flags dynamic,timeout; timeout 1h; }\n"
        "\tset refused6 { type ipv6_addr; size 1024; flags dynamic,timeout; timeout 1h; }\n";

/* From the first look at a packet to the last: what is seen and not delivered, and was dropped here
 * neither, others have dropped. */
static void add_hooks(GString *s, uint16_t port) {
        g_string_append_printf(s,
                "\tchain seen {\n"
                "\t\ttype filter hook prerouting priority -450; policy accept;\n"
                "\t\ttcp dport %u " SYN " counter name seen\n"
                "\t}\n"
                "\tchain input {\n"
                "\t\ttype filter hook input priority -5; policy accept;\n"
                "\t\tiif lo accept\n"
                "\t\ttcp dport %u goto federation\n"
                "\t}\n"
                "\tchain delivered {\n"
                "\t\ttype filter hook input priority 400; policy accept;\n"
                "\t\ttcp dport %u " SYN " counter name delivered\n"
                "\t}\n",
                port, port, port);
}

/* Members are not limited: one that connects again and again has its reasons. */
static void add_federation(GString *s) {
        g_string_append(s,
                "\tchain federation {\n"
                "\t\tip saddr @members4 accept\n"
                "\t\tip6 saddr @members6 accept\n"
                "\t\t" SYN " goto stranger\n"
                "\t\tip saddr @join4 accept\n"
                "\t\tip6 saddr @join6 accept\n"
                "\t\tcounter name stray drop\n"
                "\t}\n");
}

static void add_stranger(GString *s, gboolean limits) {
        g_string_append(s, "\tchain stranger {\n");
        if (limits)
                g_string_append(s,
                        "\t\tupdate @rate4 { ip saddr limit rate over " LIMIT "/minute burst "
                        LIMIT " packets } counter name rate_drop drop\n"
                        "\t\tupdate @rate6 { ip6 saddr and ffff:ffff:ffff:ffff:: limit rate over "
                        LIMIT "/minute burst " LIMIT " packets } counter name rate_drop drop\n");
        g_string_append(s,
                "\t\tip saddr @join4 counter name joining accept\n"
                "\t\tip6 saddr @join6 counter name joining accept\n"
                "\t\tupdate @refused4 { ip saddr counter }\n"
                "\t\tupdate @refused6 { ip6 saddr counter }\n");
        if (limits)
                g_string_append(s, "\t\tlimit rate 6/minute burst 6 packets log prefix "
                                   "\"pi-computed refused: \" level info\n");
        g_string_append(s, "\t\tcounter name refused drop\n"
                           "\t}\n");
}

static void add_member(GString *s, const PiFirewallMember *member) {
        char address[PI_NFT_ADDRESS_SIZE];

        g_string_append_printf(s, "%s comment \"%s\"",
                               pi_nft_address_print(&member->address, address), member->name);
}

static void add_members(GString *s, const GArray *members, int family) {
        const char *lead = "elements = { ";

        for (guint i = 0; i < members->len; i++) {
                const PiFirewallMember *m = &g_array_index(members, PiFirewallMember, i);

                if (m->address.family != family)
                        continue;
                g_string_append(s, lead);
                add_member(s, m);
                lead = ", ";
        }
        g_string_append(s, strcmp(lead, ", ") == 0 ? " }; }\n" : "}\n");
}

/* In whole seconds, the last one begun. */
static void add_windows(GString *s, const GArray *windows, int family, gint64 now_usec,
                        const char *lead, const char *tail) {
        gboolean first = TRUE;

        for (guint i = 0; i < windows->len; i++) {
                const PiFirewallWindow *w = &g_array_index(windows, PiFirewallWindow, i);
                gint64 left = MAX(w->end_usec - now_usec, 1);
                char prefix[PI_NFT_PREFIX_SIZE];

                if (w->prefix.address.family != family)
                        continue;
                g_string_append_printf(s, "%s%s timeout %" G_GINT64_FORMAT "s", first ? lead : ", ",
                                       pi_nft_prefix_print(&w->prefix, prefix),
                                       (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
                first = FALSE;
        }
        if (!first)
                g_string_append(s, tail);
}

static void add_sets(GString *s, const PiIntent *intent, gint64 now_usec) {
        g_autoptr(GArray) windows = pi_intent_widest_windows(intent);

        g_string_append(s, "\tset members4 { type ipv4_addr; counter; ");
        add_members(s, intent->members, AF_INET);
        g_string_append(s, "\tset members6 { type ipv6_addr; counter; ");
        add_members(s, intent->members, AF_INET6);
        g_string_append(s, "\tset join4 { type ipv4_addr; flags interval,timeout; ");
        add_windows(s, windows, AF_INET, now_usec, "elements = { ", " }; ");
        g_string_append(s, "}\n\tset join6 { type ipv6_addr; flags interval,timeout; ");
        add_windows(s, windows, AF_INET6, now_usec, "elements = { ", " }; ");
        g_string_append(s, "}\n");
}

char *pi_ruleset_none(PiNftVariant variant) {
        return g_strdup_printf("%s\ndelete table " TABLE "\n",
                               variant.owner ? "table " TABLE " { flags owner; }"
                                             : "add table " TABLE);
}

char *pi_ruleset_whole(const PiIntent *intent, PiNftVariant variant, gint64 now_usec) {
        g_autofree char *none = pi_ruleset_none(variant);
        GString *s = g_string_new(none);

        g_string_append_printf(s, "table " TABLE " {\n%s"
                                  "\tcomment \"managed by pi-computed; edits are lost\"\n",
                               variant.owner ? "\tflags owner\n" : "");
        g_string_append(s, objects);
        add_sets(s, intent, now_usec);
        add_hooks(s, intent->port);
        add_federation(s);
        add_stranger(s, variant.limits);
        g_string_append(s, "}\n");
        return g_string_free(s, FALSE);
}

static void change_member(GString *s, const char *verb, const PiFirewallMember *member) {
        g_string_append_printf(s, "%s element " TABLE " " PI_NFT_MEMBERS "%s { ", verb,
                               member->address.family == AF_INET ? "4" : "6");
        add_member(s, member);
        g_string_append(s, " }\n");
}

/* Both are sorted. One that is called otherwise is another: an element keeps its comment. */
static void change_members(GString *s, const GArray *before, const GArray *after) {
        guint i = 0, j = 0;

        while (i < before->len || j < after->len) {
                const PiFirewallMember *old = NULL, *new = NULL;
                int order;

                if (i < before->len)
                        old = &g_array_index(before, PiFirewallMember, i);
                if (j < after->len)
                        new = &g_array_index(after, PiFirewallMember, j);
                order = !old ? 1 : !new ? -1 : pi_nft_address_cmp(&old->address, &new->address);
                if (order < 0 || (order == 0 && strcmp(old->name, new->name) != 0))
                        change_member(s, "delete", old);
                if (order > 0 || (order == 0 && strcmp(old->name, new->name) != 0))
                        change_member(s, "add", new);
                i += order <= 0;
                j += order >= 0;
        }
}

static gboolean same_windows(const GArray *a, const GArray *b) {
        if (a->len != b->len)
                return FALSE;
        for (guint i = 0; i < a->len; i++) {
                const PiFirewallWindow *x = &g_array_index(a, PiFirewallWindow, i);
                const PiFirewallWindow *y = &g_array_index(b, PiFirewallWindow, i);

                if (!pi_nft_prefix_equal(&x->prefix, &y->prefix) || x->end_usec != y->end_usec)
                        return FALSE;
        }
        return TRUE;
}

char *pi_ruleset_change(const PiIntent *before, const PiIntent *intent, gint64 now_usec) {
        g_autoptr(GArray) old = pi_intent_widest_windows(before);
        g_autoptr(GArray) new = pi_intent_widest_windows(intent);
        GString *s = g_string_new(NULL);

        change_members(s, before->members, intent->members);
        if (!same_windows(old, new)) {
                g_string_append(s, "flush set " TABLE " " PI_NFT_JOIN "4\n"
                                   "flush set " TABLE " " PI_NFT_JOIN "6\n");
                add_windows(s, new, AF_INET, now_usec,
                            "add element " TABLE " " PI_NFT_JOIN "4 { ", " }\n");
                add_windows(s, new, AF_INET6, now_usec,
                            "add element " TABLE " " PI_NFT_JOIN "6 { ", " }\n");
        }
        return g_string_free(s, FALSE);
}
