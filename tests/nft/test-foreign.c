/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of rules, and what the kernel does by them: a connection is tried across a cable,
 * with each of many rule sets. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/namespaces.h"
#include "tests/nft/made.h"
#include "tests/nft/trial.h"

/* More with PI_FOREIGN_ROUNDS. */
#define ROUNDS 150

#define INPUT(policy) "type filter hook input priority 0; policy " policy "\n"

typedef struct Case {
        const char *path;
        const char *rules;
        const char *source;
        const char *verdict; /* "" when nothing is in the way, NULL where that is not known */
} Case;

typedef struct Counts {
        guint certain, maybe, refused;
} Counts;

static Trial *trial;

static const Case cases[] = {
        { "/none", "", TRIAL_NEAR_4, "" },
        { "/policy", "table inet x {\nchain i {\n" INPUT("drop") "}\n}\n", TRIAL_NEAR_4, "drop" },
        { "/policy-6", "table inet x {\nchain i {\n" INPUT("drop") "}\n}\n", TRIAL_NEAR_6, "drop" },
        { "/other-family", "table ip6 x {\nchain i {\n" INPUT("drop") "}\n}\n", TRIAL_NEAR_4, "" },
        { "/port-open", "table inet x {\nchain i {\n" INPUT("drop")
          "tcp dport 31415 accept\n}\n}\n",
          TRIAL_NEAR_4, "" },
        { "/two-tables", "table inet x {\nchain i {\n" INPUT("drop")
          "tcp dport 31415 accept\n}\n}\n"
          "table ip y {\nchain i {\n" INPUT("accept") "tcp dport 1-65535 drop\n}\n}\n",
          TRIAL_NEAR_4, "drop" },
        { "/reset", "table inet x {\nchain i {\n" INPUT("accept")
          "tcp dport 31415 reject with tcp reset\n}\n}\n", TRIAL_NEAR_4, "reject" },
        { "/icmp", "table inet x {\nchain i {\n" INPUT("accept")
          "tcp dport 31415 reject with icmpx admin-prohibited\n}\n}\n", TRIAL_NEAR_6, "reject" },
        { "/sets/near", "table ip x {\nset s { type ipv4_addr; flags interval\n"
          "elements = { 10.32.0.0/24, 192.0.2.7 }\n}\nchain i {\n" INPUT("drop")
          "ip saddr @s accept\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/sets/far", "table ip x {\nset s { type ipv4_addr; flags interval\n"
          "elements = { 10.32.0.0/24, 192.0.2.7 }\n}\nchain i {\n" INPUT("drop")
          "ip saddr @s accept\n}\n}\n", TRIAL_FAR_4, "drop" },
        { "/sets/not", "table ip x {\nchain i {\n" INPUT("accept")
          "ip saddr != { 10.32.0.0/24 } drop\n}\n}\n", TRIAL_FAR_4, "drop" },
        { "/sets/concat", "table ip x {\nset s { type ipv4_addr . inet_service; flags interval\n"
          "elements = { 10.32.0.0/24 . 31000-32000 }\n}\nchain i {\n" INPUT("drop")
          "ip saddr . tcp dport @s accept\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/sets/timeout", "table ip x {\nset s { type ipv4_addr; flags timeout\n"
          "elements = { 10.32.1.5 timeout 1h comment \"x\" }\n}\nchain i {\n" INPUT("accept")
          "ip saddr @s drop\n}\n}\n", TRIAL_FAR_4, "drop" },
        { "/mask", "table ip6 x {\nchain i {\n" INPUT("accept")
          "ip6 saddr & ffff:ffff:ffff:: == fd32:0:1:: drop\n}\n}\n", TRIAL_FAR_6, "drop" },
        { "/map", "table inet x {\nchain yes {\naccept\n}\nchain i {\n" INPUT("drop")
          "tcp dport vmap { 22 : drop, 31000-32000 : jump yes }\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/map/rest", "table inet x {\nchain i {\n" INPUT("accept")
          "tcp dport vmap { 22 : accept, * : drop }\n}\n}\n", TRIAL_NEAR_4, "drop" },
        { "/map/named", "table inet x {\nmap m { type ipv4_addr : verdict; flags interval\n"
          "elements = { 10.32.1.0/24 : drop, 10.32.0.0/24 : accept }\n}\nchain i {\n"
          INPUT("drop") "ip saddr vmap @m\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/state/map", "table inet x {\nchain i {\n" INPUT("drop")
          "ct state vmap { established : accept, related : accept, invalid : drop }\n"
          "tcp dport 31415 ct state new accept\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/state/before-tracking", "table inet x {\nchain p {\n"
          "type filter hook prerouting priority -300; policy accept\nct state invalid drop\n}\n"
          "chain i {\n" INPUT("accept") "ct state established accept\n}\n}\n", TRIAL_NEAR_4,
          "drop" },
        { "/state/untracked", "table inet x {\nchain p {\n"
          "type filter hook prerouting priority -300; policy accept\nnotrack\n}\n"
          "chain i {\n" INPUT("accept") "ct state untracked drop\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/jump/return", "table inet x {\nchain c {\ntcp dport 31415 return\ndrop\n}\nchain i {\n"
          INPUT("accept") "jump c\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/goto", "table inet x {\nchain c {\ntcp dport 22 drop\n}\nchain i {\n" INPUT("drop")
          "goto c\naccept\n}\n}\n", TRIAL_NEAR_4, "drop" },
        { "/loopback", "table inet x {\nchain i {\n" INPUT("drop") "iif lo accept\n"
          "iifname { \"lo\" } accept\n}\n}\n", TRIAL_NEAR_4, "drop" },
        { "/interface", "table inet x {\nchain i {\n" INPUT("drop")
          "iifname \"" TRIAL_INTERFACE "\" accept\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/limit", "table inet x {\nchain i {\n" INPUT("drop")
          "tcp dport 31415 limit rate 100/second accept\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/mark", "table inet x {\nchain i {\n" INPUT("drop") "meta mark 0x7 accept\n}\n}\n",
          TRIAL_NEAR_4, "drop" },
        { "/mark/set", "table inet y {\nchain p {\ntype filter hook prerouting priority -150\n"
          "tcp dport 31415 meta mark set 0x7\n}\n}\ntable inet x {\nchain i {\n" INPUT("drop")
          "meta mark 0x7 accept\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/flags", "table inet x {\nchain i {\n" INPUT("accept")
          "tcp flags & (fin|syn|rst|ack) != syn drop\n"
          "tcp flags & (fin|syn) == (fin|syn) drop\n}\n}\n", TRIAL_NEAR_4, "" },
        { "/way-back", "table ip6 x {\nchain p {\ntype filter hook prerouting priority -150\n"
          "fib saddr . iif oif missing drop\n}\n}\n", TRIAL_NEAR_6, "" },
        { "/other-version", "table inet x {\nchain i {\n" INPUT("accept")
          "ip6 saddr != fe80::/10 drop\nrt type 0 drop\nudp dport != 53 drop\n}\n}\n", TRIAL_NEAR_4,
          "" },
        { "/dormant", "table inet x {\nflags dormant\nchain i {\n" INPUT("drop") "}\n}\n",
          TRIAL_NEAR_4, NULL },
        { "/nat/drop", "table ip x {\nchain p {\ntype nat hook prerouting priority -100\n"
          "tcp dport 31415 drop\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/nat/redirect", "table ip x {\nchain p {\ntype nat hook prerouting priority -100\n"
          "tcp dport 31415 redirect to :9\n}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/nat/other-port", "table ip x {\nchain p {\ntype nat hook prerouting priority -100\n"
          "tcp dport 80 redirect to :9\n}\n}\ntable inet y {\nchain i {\n" INPUT("drop")
          "ct status dnat accept\n}\n}\n", TRIAL_NEAR_4, "drop" },
        { "/ingress", "table netdev x {\nchain n {\ntype filter hook ingress device \""
          TRIAL_INTERFACE "\" priority 0; policy accept\nip saddr 10.32.0.2 tcp dport 31415 drop\n"
          "}\n}\n", TRIAL_NEAR_4, "maybe" },
        { "/own", "table inet picomputed {\nchain i {\n" INPUT("accept") "}\n}\n", TRIAL_NEAR_4,
          "" },
};

/* Asserts that the kernel does what was said. Unless `exactly` it may refuse what was to be
 * dropped, and the other way round: a rule that may match before the one that does is not named. */
static void compare(const char *rules, const char *source, const PiForeignBlock *block,
                    gboolean blocked, gboolean exactly) {
        gboolean refused = exactly && blocked && block->verdict == PI_FOREIGN_REJECT;
        TrialResult wanted = refused ? TRIAL_REFUSED : blocked ? TRIAL_SILENT : TRIAL_CONNECTED;
        TrialResult result = trial_connect(trial, source, wanted);

        if (exactly ? result != wanted : (result == TRIAL_CONNECTED) == blocked)
                g_error("from %s: said %s by %s %s %s handle %" G_GUINT64_FORMAT ", and it %s:\n%s",
                        source, blocked ? pi_foreign_verdict_name(block->verdict) : "nothing",
                        blocked ? block->family : "", blocked ? block->table : "",
                        blocked ? block->chain : "", blocked ? block->handle : 0,
                        result == TRIAL_CONNECTED ? "connected" :
                        result == TRIAL_REFUSED   ? "was refused" :
                                                    "stayed silent",
                        rules);
}

static void test_case(gconstpointer data) {
        const Case *c = data;
        g_autofree char *said = NULL;
        g_autoptr(PiForeign) f = NULL;
        PiForeignBlock block = { 0 };
        gboolean blocked;

        if (!trial_load(c->rules, &said)) {
                g_autofree char *why = g_strdup_printf("nft: %s", g_strdelimit(said, "\n", ' '));

                g_test_skip(why);
                return;
        }
        f = trial_judge(c->source, &block, &blocked);
        if (c->verdict)
                g_assert_cmpstr(blocked ? pi_foreign_verdict_name(block.verdict) : "", ==,
                                c->verdict);
        if (!blocked || block.verdict != PI_FOREIGN_MAYBE)
                compare(c->rules, c->source, &block, blocked, TRUE);
}

static void try_made(const char *rules, const char *source, Counts *counts) {
        g_autoptr(PiForeign) f = NULL;
        PiForeignBlock block = { 0 };
        gboolean blocked;

        f = trial_judge(source, &block, &blocked);
        if (blocked && block.verdict == PI_FOREIGN_MAYBE) {
                counts->maybe++;
                return;
        }
        counts->certain++;
        compare(rules, source, &block, blocked, FALSE);
}

static void test_made(void) {
        static const char *const sources[] = { TRIAL_NEAR_4, TRIAL_FAR_4, TRIAL_NEAR_6,
                                               TRIAL_FAR_6 };
        const char *more = g_getenv("PI_FOREIGN_ROUNDS");
        int rounds = more ? atoi(more) : ROUNDS;
        g_autoptr(GRand) rand = g_rand_new_with_seed(31415);
        Counts counts = { 0 };

        for (int i = 0; i < rounds; i++) {
                g_autofree char *rules = made_rules(rand), *said = NULL;

                if (trial_load(rules, &said))
                        try_made(rules, sources[i % 4], &counts);
                else if (counts.refused++ == 0)
                        g_test_message("nft refuses: %s", said);
        }
        g_test_message("%u certain, %u maybe, %u refused by nft", counts.certain, counts.maybe,
                       counts.refused);
        /* Or this tries nothing. */
        g_assert_cmpuint(counts.certain * 2, >, (guint) rounds);
}

int main(int argc, char *argv[]) {
        g_autofree char *nft = NULL;
        int status;

        test_enter_namespaces();
        nft = g_find_program_in_path("nft");
        if (!nft) {
                printf("TAP version 13\n1..0 # SKIP there is no nft\n");
                return EXIT_SUCCESS;
        }
        g_test_init(&argc, &argv, NULL);
        trial = trial_new();
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/nft/foreign", cases[i].path, NULL);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/nft/foreign/made", test_made);
        status = g_test_run();
        trial_free(trial);
        return status;
}
