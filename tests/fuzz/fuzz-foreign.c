/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of other tables, as nft prints them: in JSON on the first line, then as text. Whatever they
 * are, there is an answer, at most one for each table and the same each time. */
#include <arpa/inet.h>
#include <string.h>

#include "dbus/error.h"
#include "nft/foreign/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_block(const PiForeignBlock *block) {
        g_assert(block->family && block->table && block->chain);
        g_assert(pi_foreign_verdict_name(block->verdict));
        g_assert(strcmp(block->family, "inet") != 0 || strcmp(block->table, "picomputed") != 0);
}

static void check_source(const PiForeign *f, int family, const char *source) {
        g_autoptr(GArray) blocks = g_array_new(FALSE, TRUE, sizeof(PiForeignBlock));
        PiForeignPacket packet = { .dport = 31415, .source.family = family };
        guint n;

        g_assert(inet_pton(family, source, &packet.source.v6) == 1);
        pi_foreign_find_blocks(f, &packet, blocks);
        n = blocks->len;
        for (guint i = 0; i < n; i++)
                check_block(&g_array_index(blocks, PiForeignBlock, i));
        pi_foreign_find_blocks(f, &packet, blocks);
        g_assert(blocks->len == 2 * n);
        for (guint i = 0; i < n; i++) {
                const PiForeignBlock *one = &g_array_index(blocks, PiForeignBlock, i);
                const PiForeignBlock *two = &g_array_index(blocks, PiForeignBlock, n + i);

                g_assert(one->verdict == two->verdict && one->handle == two->handle);
                g_assert(one->table == two->table && one->chain == two->chain);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t) (newline - data) : size;
        g_autoptr(GError) error = NULL;
        g_autoptr(PiForeign) f = pi_foreign_parse((const char *) data, length, &error);

        if (f) {
                pi_foreign_explain(f, (const char *) data + length, size - length);
                check_source(f, AF_INET, "10.2.0.2");
                check_source(f, AF_INET6, "2001:db8::5");
                return 0;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_FAILED));
        g_assert(g_str_has_prefix(error->message, "The rules of nftables: "));
        g_assert(g_str_is_ascii(error->message) && strlen(error->message) < 512);
        return 0;
}
