/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/nft/blocks.h"

#include <arpa/inet.h>
#include <string.h>

char *blocks_explained(const char *json, const char *text, const char *source, guint16 port) {
        g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(PiForeignBlock));
        GString *s = g_string_new(NULL);
        PiForeignPacket packet = { .dport = port };
        g_autoptr(GError) error = NULL;
        g_autoptr(PiForeign) f = pi_foreign_parse(json, strlen(json), &error);

        g_assert_no_error(error);
        pi_foreign_explain(f, text, strlen(text));
        packet.source.family = strchr(source, ':') ? AF_INET6 : AF_INET;
        g_assert_cmpint(inet_pton(packet.source.family, source, &packet.source.v6), ==, 1);
        pi_foreign_find_blocks(f, &packet, blocks);
        for (guint i = 0; i < blocks->len; i++) {
                const PiForeignBlock *b = &g_array_index(blocks, PiForeignBlock, i);

                g_string_append_printf(s, "%s%s %s %s %s %" G_GUINT64_FORMAT, i ? "\n" : "",
                                       pi_foreign_verdict_name(b->verdict), b->family, b->table,
                                       b->chain, b->handle);
        }
        return g_string_free(s, FALSE);
}

char *blocks_text(const char *json, const char *source, guint16 port) {
        return blocks_explained(json, "", source, port);
}

void assert_blocks(const char *objects, const char *source, const char *wanted) {
        g_autofree char *json = g_strdup_printf("{\"nftables\": [%s]}", objects);
        g_autofree char *text = blocks_text(json, source, 31415);

        g_assert_cmpstr(text, ==, wanted);
}

char *table_of_rules(const char *policy, const char *const *rules) {
        GString *s = g_string_new("{\"table\": {\"family\": \"inet\", \"name\": \"t\"}}");

        g_string_append_printf(s, ", {\"chain\": {\"family\": \"inet\", \"table\": \"t\", "
                               "\"name\": \"i\", \"type\": \"filter\", "
                               "\"hook\": \"input\", \"prio\": 0, \"policy\": \"%s\"}}", policy);
        for (const char *name = "abc"; *name; name++)
                g_string_append_printf(s, ", {\"chain\": {\"family\": \"inet\", \"table\": \"t\", "
                                       "\"name\": \"%c\"}}", *name);
        for (guint i = 0; rules[i]; i++)
                g_string_append_printf(s, ", {\"rule\": {\"family\": \"inet\", \"table\": \"t\", "
                                       "\"chain\": \"i\", \"handle\": %u, \"expr\": [%s]}}",
                                       10 + i, rules[i]);
        return g_string_free(s, FALSE);
}
