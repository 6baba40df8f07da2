/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no rule set is refused, in words. */
#include <string.h>

#include "dbus/error.h"
#include "nft/foreign/foreign.h"

static void assert_refused(const char *json, gsize length, const char *part) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiForeign) f = pi_foreign_parse(json, length, &error);

        g_assert_null(f);
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_true(g_str_has_prefix(error->message, "The rules of nftables: "));
        g_assert_nonnull(strstr(error->message, part));
}

#define TABLE "{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}"
#define CHAIN "{\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\"}}"

static void test_refusals(void) {
        static const char *const texts[][2] = {
                { "", "no list" },
                { "{", "not JSON" },
                { "\"\\", "not JSON" },
                { "Error: No such file or directory", "not JSON" },
                { "{} /* [ */", "not JSON" },
                { "[]", "no list" },
                { "{\"nftables\": 1}", "no list" },
                { "{\"nftables\": [1]}", "no object of nftables" },
                { "{\"nftables\": [{\"table\": 1}]}", "no object of nftables" },
                { "{\"nftables\": [{\"a\": {}, \"b\": {}}]}", "no object of nftables" },
                { "{\"nftables\": [" TABLE ", {\"chain\": {\"family\": \"ip\", "
                  "\"table\": \"t\"}}]}",
                  "no name" },
                { "{\"nftables\": [" TABLE ", " CHAIN ", " CHAIN "]}", "twice" },
                { "{\"nftables\": [" TABLE ", {\"rule\": {\"family\": \"ip\", \"table\": \"t\"}}]}",
                  "a rule lacks" },
                { "{\"nftables\": [" TABLE ", {\"rule\": {\"family\": \"ip\", \"table\": \"t\", "
                  "\"chain\": \"c\", \"handle\": 1, \"expr\": []}}]}", "a rule lacks" },
                { "{\"nftables\": [" TABLE ", " CHAIN ", {\"rule\": {\"family\": \"ip\", "
                  "\"table\": \"t\", \"chain\": \"c\", \"handle\": \"1\", \"expr\": []}}]}",
                  "a rule lacks" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_refused(texts[i][0], strlen(texts[i][0]), texts[i][1]);
}

static void test_depth(void) {
        g_autofree char *deep = g_strnfill(1 << 20, '[');

        assert_refused(deep, 1 << 20, "nested too deep");
}

static void test_bytes(void) {
        assert_refused("", PI_FOREIGN_BYTES_MAX + 1, "more than 16777216 bytes");
}

static void test_rules(void) {
        g_autoptr(GString) s = g_string_new("{\"nftables\": [" TABLE ", " CHAIN);

        for (int i = 0; i <= PI_FOREIGN_RULES_MAX; i++)
                g_string_append(s, ",{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\","
                                "\"handle\":1,\"expr\":[]}}");
        g_string_append(s, "]}");
        assert_refused(s->str, s->len, "more than 200000 rules");
}

static void test_chains(void) {
        g_autoptr(GString) s = g_string_new("{\"nftables\": [" TABLE);

        for (int i = 0; i <= PI_FOREIGN_CHAINS_MAX; i++)
                g_string_append_printf(s, ",{\"chain\":{\"family\":\"ip\",\"table\":\"t\","
                                       "\"name\":\"%d\"}}", i);
        g_string_append(s, "]}");
        assert_refused(s->str, s->len, "more than 50000 chains");
}

/* What a map refers to is read for each rule: the text is short, and what it means is long. */
static void test_elements(void) {
        g_autoptr(GString) s = g_string_new("{\"nftables\": [" TABLE ", " CHAIN);

        g_string_append(s, ",{\"map\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"m\","
                        "\"elem\":[1");
        for (int i = 0; i < 20000; i++)
                g_string_append(s, ",1");
        g_string_append(s, "]}}");
        for (int i = 0; i < 101; i++)
                g_string_append(s, ",{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\","
                                "\"handle\":1,\"expr\":[{\"vmap\":{\"key\":1,\"data\":\"@m\"}}]}}");
        g_string_append(s, "]}");
        assert_refused(s->str, s->len, "more than 2000000 elements");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/nft/foreign/refusals", test_refusals);
        g_test_add_func("/nft/foreign/depth", test_depth);
        g_test_add_func("/nft/foreign/bytes", test_bytes);
        g_test_add_func("/nft/foreign/rules", test_rules);
        g_test_add_func("/nft/foreign/chains", test_chains);
        g_test_add_func("/nft/foreign/elements", test_elements);
        return g_test_run();
}
