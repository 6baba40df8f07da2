/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/nft/made.h"

#include <string.h>

#define PICK(list) ((list)[g_rand_int_range(rand, 0, G_N_ELEMENTS(list))])

/* Chains jump to later ones only: the kernel refuses loops. */
#define CHAINS 4
#define RULES_MAX 6

/* A rule has one of each list at most, or nft would find that they exclude each other. */
static const char *const of_transport[] = {
        "tcp dport 31415", "tcp dport != 31415", "tcp dport { 22, 31415 }", "tcp dport 31000-32000",
        "tcp dport @ports", "tcp dport != @ports", "meta l4proto { tcp, udp } th dport 31415",
        "tcp dport < 31415", "tcp dport >= 31415", "udp dport 31415", "udp dport != 53",
        "tcp sport 1024-65535", "tcp sport != 22", "tcp sport 1-40000", "meta l4proto tcp",
        "meta l4proto { icmp, udp }", "meta l4proto != tcp", "tcp flags syn", "tcp flags ! syn",
        "tcp flags & (fin|syn|rst|ack) == syn", "tcp flags & (fin|syn|rst|ack) != syn",
        "tcp flags == syn", "tcp dport 31415 tcp flags & (syn|ack) == syn",
};

static const char *const of_network4[] = {
        "ip saddr 10.32.0.2", "ip saddr != 10.32.0.2", "ip saddr 10.32.0.0/24",
        "ip saddr { 10.32.1.0/24, 192.0.2.1 }", "ip saddr @friends", "ip saddr != @friends",
        "ip saddr 10.32.0.1-10.32.0.9", "ip saddr & 255.255.255.0 == 10.32.1.0",
        "ip saddr . tcp dport { 10.32.0.2 . 31415, 10.32.1.5 . 22 }", "ip protocol tcp",
        "ip protocol != tcp", "ip saddr > 10.32.0.255", "ip daddr 10.32.0.1",
        "ip saddr . iifname { 10.32.0.2 . \"lo\" }",
};

static const char *const of_network6[] = {
        "ip6 saddr fd32::2", "ip6 saddr != fd32::2", "ip6 saddr fd32::/48",
        "ip6 saddr { fd32:0:1::/48, ::1 }", "ip6 saddr & ffff:ffff:ffff:: == fd32::",
        "ip6 nexthdr tcp", "ip6 nexthdr { icmpv6, udp }", "exthdr frag exists", "rt type 0",
};

static const char *const of_others[] = {
        "ct state new", "ct state != new", "ct state established,related",
        "ct state { new, invalid }", "ct state invalid", "ct state untracked",
        "ct state & (established | related) == 0", "ct status dnat", "iifname lo",
        "iifname != lo", "iifname { lo, eth7 }", "iifname \"cable*\"", "iif lo",
        "meta mark 0", "meta mark & 0xf != 0", "fib daddr type local", "fib daddr type != local",
        "meta pkttype host", "meta pkttype { broadcast, multicast }",
        "fib saddr . iif oif missing", "limit rate 100/second",
};

/* What stands before, between and behind two verdicts. */
static const char *const maps[][3] = {
        { "tcp dport vmap { 31415 : ", ", 22 : ", " }" },
        { "tcp dport vmap { 31000-32000 : ", ", * : ", " }" },
        { "ct state vmap { new : ", ", established : ", " }" },
        { "iifname vmap { \"lo\" : ", ", * : ", " }" },
        { "ct state vmap { invalid : ", ", related : ", " }" },
        { "tcp dport . iifname vmap { 31415 . \"cable0\" : ", ", 31415 . \"lo\" : ", " }" },
};

static void add_verdict(GRand *rand, int chain, GString *s) {
        static const char *const ends[] = { "accept", "accept", "drop", "return", "continue" };
        int target = chain + 1 + g_rand_int_range(rand, 0, 3);

        if (target >= CHAINS || g_rand_int_range(rand, 0, 3) == 0)
                g_string_append(s, PICK(ends));
        else
                g_string_append_printf(s, "%s c%d", g_rand_boolean(rand) ? "jump" : "goto", target);
}

static void add_conditions(GRand *rand, const char *family, GString *s) {
        gboolean six = strcmp(family, "ip6") == 0 ||
                       (strcmp(family, "inet") == 0 && g_rand_boolean(rand));

        if (g_rand_int_range(rand, 0, 3) == 0)
                g_string_append_printf(s, "%s ", six ? PICK(of_network6) : PICK(of_network4));
        if (g_rand_int_range(rand, 0, 3) == 0)
                g_string_append_printf(s, "%s ", PICK(of_others));
        if (g_rand_int_range(rand, 0, 3) == 0)
                g_string_append_printf(s, "%s ", PICK(of_transport));
}

static void add_rule(GRand *rand, const char *family, int chain, GString *s) {
        const char *const *map = PICK(maps);
        gsize before = s->len;

        if (g_rand_int_range(rand, 0, 6) == 0) {
                g_string_append(s, map[0]);
                add_verdict(rand, chain, s);
                g_string_append(s, map[1]);
                add_verdict(rand, chain, s);
                g_string_append(s, map[2]);
        } else {
                add_conditions(rand, family, s);
                if (s->len > before && g_rand_int_range(rand, 0, 6) == 0)
                        g_string_append(s, "counter reject");
                else
                        add_verdict(rand, chain, s);
        }
        g_string_append_c(s, '\n');
}

static void add_chain(GRand *rand, const char *family, int chain, GString *s) {
        int n = g_rand_int_range(rand, 1, RULES_MAX + 1);

        for (int i = 0; i < n; i++)
                add_rule(rand, family, chain, s);
        g_string_append(s, "}\n");
}

static void add_table(GRand *rand, int number, GString *s) {
        static const char *const families[] = { "inet", "inet", "ip", "ip6" };
        static const char *const hooks[] = { "input priority 0", "input priority 10",
                                             "prerouting priority -300",
                                             "prerouting priority -150" };
        static const char *const policies[] = { "accept", "accept", "drop" };
        const char *family = PICK(families);

        g_string_append_printf(s, "table %s t%d {\n"
                               "set ports { type inet_service; flags interval\n"
                               "elements = { 22, 31400-31420 }\n}\n", family, number);
        if (strcmp(family, "ip6") != 0)
                g_string_append(s, "set friends { type ipv4_addr; elements = { 10.32.0.2 }\n}\n");
        for (int i = CHAINS - 1; i > 0; i--) {
                g_string_append_printf(s, "chain c%d {\n", i);
                add_chain(rand, family, i, s);
        }
        g_string_append_printf(s, "chain base {\ntype filter hook %s; policy %s\n", PICK(hooks),
                               PICK(policies));
        add_chain(rand, family, 0, s);
        g_string_append(s, "}\n");
}

char *made_rules(GRand *rand) {
        GString *s = g_string_new(NULL);
        int n = g_rand_int_range(rand, 1, 3);

        for (int i = 0; i < n; i++)
                add_table(rand, i, s);
        return g_string_free(s, FALSE);
}
