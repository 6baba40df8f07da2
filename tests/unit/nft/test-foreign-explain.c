/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What JSON leaves out of the extensions of iptables is taken from text. */
#include "tests/unit/nft/blocks.h"

static char *record(const char *name) {
        g_autofree char *path = g_build_filename(g_getenv("PI_RECORDS"), name, NULL);
        g_autoptr(GError) error = NULL;
        char *text = NULL;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        return text;
}

static void assert_ufw(const char *source, const char *wanted) {
        g_autofree char *json = record("ufw.json"), *text = record("ufw.txt");
        g_autofree char *blocks = blocks_explained(json, text, source, 31415);

        g_assert_cmpstr(blocks, ==, wanted);
}

static void test_ufw(void) {
        assert_ufw("10.0.0.1", "");
        assert_ufw("192.0.2.1", "drop ip filter INPUT 0");
}

#define DROP(match)                                                                                \
        "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": "        \
        "{\"family\": \"ip\", \"table\": \"t\", \"name\": \"i\", \"type\": \"filter\", "          \
        "\"hook\": \"input\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": "    \
        "\"i\", \"handle\": 4, \"expr\": [" match ", {\"drop\": null}]}}]}"
#define XT(name) "{\"xt\": {\"type\": \"match\", \"name\": \"" name "\"}}"

#define NO ""
#define YES "drop ip t i 4"
#define MAYBE "maybe ip t i 4"

static void test_lines(void) {
        static const struct {
                const char *json, *text, *wanted;
        } cases[] = {
                { DROP(XT("conntrack")), "ct state invalid drop # handle 4", NO },
                { DROP(XT("state")), "ct state invalid,new drop # handle 4", YES },
                { DROP(XT("conntrack")), "ct state ! new  counter drop # handle 4", NO },
                { DROP(XT("conntrack")), "ct state != established drop # handle 4", YES },
                { DROP(XT("conntrack")), "ct state invalid drop # handle 5", MAYBE },
                { DROP(XT("conntrack")), "ct state invalid drop", MAYBE },
                { DROP(XT("conntrack")), "ct state later drop # handle 4", MAYBE },
                { DROP(XT("conntrack")), "ct state invalid ct mark 1 drop # handle 4", MAYBE },
                { DROP(XT("conntrack")), "ct status dnat drop # handle 4", MAYBE },
                { DROP(XT("conntrack")), "xt match conntrack drop # handle 4", MAYBE },
                { DROP(XT("conntrack")), "ct # handle 4", MAYBE },
                { DROP(XT("conntrack")), "drop comment \"a ct state new b\" # handle 4", MAYBE },
                { DROP(XT("conntrack") ", " XT("u32")), "ct state invalid drop # handle 4", MAYBE },
                { DROP(XT("addrtype")), "fib daddr type local drop # handle 4", YES },
                { DROP(XT("addrtype")), "fib daddr type != local drop # handle 4", NO },
                { DROP(XT("addrtype")), "fib daddr type multicast drop # handle 4", NO },
                { DROP(XT("addrtype")), "fib saddr type local drop # handle 4", MAYBE },
                { DROP(XT("addrtype")), "fib daddr . iif type local drop # handle 4", MAYBE },
                { DROP(XT("geoip")), "ct state invalid drop # handle 4", MAYBE },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = g_strdup_printf("table ip t { # handle 1\n\t%s\n",
                                                        cases[i].text);
                g_autofree char *other = g_strdup_printf("table ip u { # handle 1\n\t%s\n}",
                                                         cases[i].text);
                g_autofree char *blocks = blocks_explained(cases[i].json, text, "192.0.2.1", 9);
                g_autofree char *not = blocks_explained(cases[i].json, other, "192.0.2.1", 9);

                g_test_message("%s", cases[i].text);
                g_assert_cmpstr(blocks, ==, cases[i].wanted);
                g_assert_cmpstr(not, ==, MAYBE);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/nft/foreign/explain/ufw", test_ufw);
        g_test_add_func("/nft/foreign/explain/lines", test_lines);
        return g_test_run();
}
