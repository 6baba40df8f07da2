/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How verdicts of rules follow from each other, in tables of a few rules. */
#include "tests/unit/nft/blocks.h"

#define PORT(port)                                                                                 \
        "{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"tcp\", "           \
        "\"field\": \"dport\"}}, \"right\": " port "}}, "
#define META(key, op, value)                                                                       \
        "{\"match\": {\"op\": \"" op "\", \"left\": {\"meta\": {\"key\": \"" key "\"}}, "         \
        "\"right\": " value "}}, "
#define UNSURE META("iifname", "==", "\"eth0\"")
#define ACCEPT "{\"accept\": null}"
#define DROP "{\"drop\": null}"
#define REJECT "{\"reject\": {\"type\": \"tcp reset\"}}"
#define RETURN "{\"return\": null}"
#define JUMP(chain) "{\"jump\": {\"target\": \"" chain "\"}}"
#define GOTO(chain) "{\"goto\": {\"target\": \"" chain "\"}}"
#define XT(type, name) "{\"xt\": {\"type\": \"" type "\", \"name\": \"" name "\"}}"
#define IN_CHAIN(chain, handle, rule)                                                              \
        ", {\"rule\": {\"family\": \"inet\", \"table\": \"t\", \"chain\": \"" chain "\", "        \
        "\"handle\": " handle ", \"expr\": [" rule "]}}"

typedef struct Case {
        const char *name;
        const char *policy;
        const char *rules[5]; /* of chain "i", handles from 10 on */
        const char *more;     /* rules of other chains */
        const char *wanted;
} Case;

static const Case cases[] = {
        { "empty", "accept", { NULL }, "", "" },
        { "policy", "drop", { NULL }, "", "drop inet t i 0" },
        { "first-wins", "drop", { PORT("31415") ACCEPT, DROP }, "", "" },
        { "other-port", "accept", { PORT("22") DROP }, "", "" },
        { "reject", "drop", { REJECT }, "", "reject inet t i 10" },
        { "behind-verdict", "accept", { ACCEPT ", " DROP }, "", "" },
        { "only-counted", "accept", { "{\"counter\": {}}", "{\"log\": null}" }, "", "" },
        /* What may drop, before what lets through; and what may let through before what drops. */
        { "maybe-drop", "accept", { UNSURE DROP, ACCEPT }, "", "maybe inet t i 10" },
        { "maybe-accept", "drop", { UNSURE ACCEPT }, "", "maybe inet t i 0" },
        { "maybe-both", "accept", { UNSURE DROP, UNSURE ACCEPT, REJECT }, "",
          "maybe inet t i 12" },
        { "drop-either-way", "drop", { UNSURE DROP }, "", "drop inet t i 0" },
        { "maybe-after-certain", "accept", { DROP, UNSURE ACCEPT }, "", "drop inet t i 10" },
        { "maybe-return", "accept", { UNSURE RETURN, DROP }, "", "maybe inet t i 11" },
        { "return", "accept", { RETURN, DROP }, "", "" },
        { "limit", "drop", { "{\"limit\": {\"rate\": 1}}, " ACCEPT }, "", "maybe inet t i 0" },
        { "later-version", "accept", { "{\"new thing\": {}}" }, "", "maybe inet t i 10" },
        { "nameless-chain", "accept", { PORT("31415") "\"jump {\\n drop\\n}\"" }, "",
          "maybe inet t i 10" },
        { "nameless-chain-elsewhere", "accept", { PORT("22") "\"jump {\\n drop\\n}\"" }, "", "" },
        { "queue", "accept", { "{\"queue\": {\"num\": 1}}" }, "", "maybe inet t i 10" },
        { "jump", "accept", { JUMP("a") }, IN_CHAIN("a", "20", DROP), "drop inet t a 20" },
        { "jump-returns", "drop", { JUMP("a"), ACCEPT }, IN_CHAIN("a", "20", RETURN), "" },
        { "goto-ends", "drop", { GOTO("a"), ACCEPT }, "", "drop inet t i 0" },
        { "goto-in-jump", "drop", { JUMP("a"), ACCEPT },
          IN_CHAIN("a", "20", GOTO("b")) IN_CHAIN("a", "21", DROP), "" },
        { "maybe-jump", "accept", { UNSURE JUMP("a") }, IN_CHAIN("a", "20", DROP),
          "maybe inet t a 20" },
        { "jump-maybe", "drop", { JUMP("a") }, IN_CHAIN("a", "20", UNSURE ACCEPT),
          "maybe inet t i 0" },
        { "nowhere", "accept", { JUMP("nowhere") }, "", "maybe inet t i 10" },
        { "loop", "accept", { JUMP("a") }, IN_CHAIN("a", "20", JUMP("b"))
          IN_CHAIN("b", "21", GOTO("a")), "maybe inet t b 21" },
        { "loop-of-itself", "drop", { JUMP("i"), ACCEPT }, "", "maybe inet t i 10" },
        { "loop-behind-verdict", "accept", { JUMP("a") }, IN_CHAIN("a", "20", DROP)
          IN_CHAIN("a", "21", JUMP("a")), "drop inet t a 20" },
        { "xt-drop", "accept", { XT("target", "DROP") }, "", "drop inet t i 10" },
        { "xt-reject", "accept", { PORT("31415") XT("target", "REJECT") }, "",
          "reject inet t i 10" },
        { "xt-log", "accept", { XT("target", "LOG") }, "", "" },
        { "xt-target", "accept", { XT("target", "TARPIT") }, "", "maybe inet t i 10" },
        { "xt-match", "drop", { XT("match", "geoip") ", " ACCEPT }, "", "maybe inet t i 0" },
        { "xt-comment", "drop", { XT("match", "comment") ", " ACCEPT }, "", "" },
        { "xt-old", "accept", { "{\"xt\": null}" }, "", "maybe inet t i 10" },
        { "loopback", "drop", { META("iifname", "==", "\"lo\"") ACCEPT }, "", "drop inet t i 0" },
        { "loopback-index", "drop", { META("iif", "==", "1") ACCEPT }, "", "drop inet t i 0" },
        { "not-loopback", "accept", { META("iifname", "!=", "\"lo\"") DROP }, "",
          "drop inet t i 10" },
        { "pattern", "drop", { META("iifname", "==", "\"l*\"") ACCEPT }, "", "maybe inet t i 0" },
        { "mark", "drop", { META("mark", "==", "5") ACCEPT }, "", "drop inet t i 0" },
        { "below", "accept", { META("l4proto", "<", "6") DROP, META("l4proto", ">=", "7") DROP },
          "", "" },
        { "no-such-operator", "accept", { META("l4proto", "~", "6") DROP }, "",
          "maybe inet t i 10" },
};

static void test_case(gconstpointer data) {
        const Case *c = data;
        g_autofree char *table = table_of_rules(c->policy, c->rules);
        g_autofree char *all = g_strconcat(table, c->more, NULL);

        assert_blocks(all, "192.0.2.1", c->wanted);
}

/* Jumps deeper than the kernel takes, and each of many chains to the next two: as many ways
 * through them as nobody could follow one by one. */
static void test_many_ways(void) {
        g_autoptr(GString) s = g_string_new("{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}");

        for (int i = 0; i < 2000; i++)
                g_string_append_printf(s, ", {\"chain\": {\"family\": \"ip\", \"table\": \"t\", "
                                       "\"name\": \"c%d\"%s}}", i,
                                       i ? "" : ", \"type\": \"filter\", \"hook\": \"input\"");
        for (int i = 0; i < 1998; i++)
                for (int j = 1; j <= 2; j++)
                        g_string_append_printf(s, ", {\"rule\": {\"family\": \"ip\", \"table\": "
                                               "\"t\", \"chain\": \"c%d\", \"handle\": 7, "
                                               "\"expr\": [{\"jump\": {\"target\": \"c%d\"}}]}}",
                                               i, i + j);
        assert_blocks(s->str, "192.0.2.1", "maybe ip t c31 7");
}

#define CHAIN(family, table, name, hook, prio, policy)                                             \
        "{\"table\": {\"family\": \"" family "\", \"name\": \"" table "\"}}, {\"chain\": "        \
        "{\"family\": \"" family "\", \"table\": \"" table "\", \"name\": \"" name "\", "         \
        "\"type\": \"filter\", \"hook\": \"" hook "\", \"prio\": " prio ", \"policy\": \""        \
        policy "\"}}"

static void test_tables(void) {
        const char *two = CHAIN("ip", "x", "late", "input", "10", "drop") ", "
                          CHAIN("ip", "x", "soon", "input", "-5", "drop") ", "
                          CHAIN("ip", "x", "sooner", "prerouting", "500", "drop");

        assert_blocks(two, "192.0.2.1", "drop ip x sooner 0");
        assert_blocks(two, "2001:db8::1", "");
        assert_blocks(CHAIN("inet", "picomputed", "i", "input", "0", "drop"), "192.0.2.1", "");
        assert_blocks(CHAIN("ip", "picomputed", "i", "input", "0", "drop"), "192.0.2.1",
                      "drop ip picomputed i 0");
        assert_blocks(CHAIN("ip", "x", "o", "output", "0", "drop"), "192.0.2.1", "");
        assert_blocks(CHAIN("ip", "x", "f", "forward", "0", "drop"), "192.0.2.1", "");
        assert_blocks(CHAIN("netdev", "x", "n", "ingress", "0", "drop"), "192.0.2.1",
                      "maybe netdev x n 0");
        assert_blocks(CHAIN("arp", "x", "i", "input", "0", "drop"), "192.0.2.1", "");
        assert_blocks(CHAIN("ip", "x", "i", "input", "0", "drop") ", "
                      CHAIN("inet", "y", "i", "input", "0", "drop"), "192.0.2.1",
                      "drop ip x i 0\ndrop inet y i 0");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/nft/foreign/rules/", cases[i].name, NULL);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/nft/foreign/many-ways", test_many_ways);
        g_test_add_func("/nft/foreign/tables", test_tables);
        return g_test_run();
}
