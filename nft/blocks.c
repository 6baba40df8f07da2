/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/blocks.h"

#include <string.h>

#include "dbus/names.h"
#include "dbus/options.h"
#include "nft/address.h"
#include "nft/foreign/foreign.h"
#include "nft/listing.h"

static void add_string(GVariantBuilder *b, const char *key, const char *value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_string(value));
}

static void add_block(GVariantBuilder *rows, const char *source, const PiForeignBlock *block) {
        g_variant_builder_open(rows, G_VARIANT_TYPE_VARDICT);
        add_string(rows, PI_BLOCK_SOURCE, source);
        add_string(rows, PI_BLOCK_VERDICT, pi_foreign_verdict_name(block->verdict));
        add_string(rows, PI_BLOCK_FAMILY, block->family);
        add_string(rows, PI_BLOCK_TABLE, block->table);
        add_string(rows, PI_BLOCK_CHAIN, block->chain);
        g_variant_builder_add(rows, "{sv}", PI_BLOCK_HANDLE, g_variant_new_uint64(block->handle));
        g_variant_builder_close(rows);
}

static GArray *read_sources(GVariant *sources, GError **error) {
        gsize n = g_variant_n_children(sources);
        g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(PiNftAddress));

        if (n > PI_FIREWALL_MEMBERS_MAX) {
                (void) pi_option_invalid(error,
                                         "%" G_GSIZE_FORMAT " sources are too many: %u at most", n,
                                         PI_FIREWALL_MEMBERS_MAX);
                return NULL;
        }
        for (gsize i = 0; i < n; i++) {
                PiNftAddress address;
                const char *text;

                g_variant_get_child(sources, i, "&s", &text);
                if (!pi_nft_address_parse(text, &address, error)) {
                        g_prefix_error(error, "Source %" G_GSIZE_FORMAT ": ", i + 1);
                        return NULL;
                }
                g_array_append_val(addresses, address);
        }
        return g_steal_pointer(&addresses);
}

static GVariant *find(const PiForeign *foreign, uint16_t port, const GArray *addresses) {
        GVariantBuilder rows;
        guint n = 0;

        g_variant_builder_init(&rows, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < addresses->len; i++) {
                const PiNftAddress *source = &g_array_index(addresses, PiNftAddress, i);
                g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(PiForeignBlock));
                char text[PI_NFT_ADDRESS_SIZE];

                pi_foreign_find_blocks(foreign, &(PiForeignPacket) { *source, port }, blocks);
                pi_nft_address_print(source, text);
                for (guint k = 0; k < blocks->len && n < PI_BLOCKS_MAX; k++, n++)
                        add_block(&rows, text, &g_array_index(blocks, PiForeignBlock, k));
        }
        return g_variant_builder_end(&rows);
}

gboolean pi_blocks_check(uint16_t port, GVariant *sources, GError **error) {
        g_autoptr(GArray) addresses = NULL;

        if (port == 0)
                return pi_option_invalid(error, "0 is no port: 1 to 65535");
        addresses = read_sources(sources, error);
        return addresses != NULL;
}

GVariant *pi_blocks_find(PiNft *nft, uint16_t port, GVariant *sources, GError **error) {
        g_autoptr(GArray) addresses = read_sources(sources, error);
        g_autoptr(PiForeign) foreign = NULL;
        g_autofree char *json = NULL, *text = NULL;

        if (!addresses)
                return NULL;
        json = pi_listing_of_others(nft, &text, error);
        foreign = json ? pi_foreign_parse(json, strlen(json), error) : NULL;
        if (!foreign)
                return NULL;
        pi_foreign_explain(foreign, text, strlen(text));
        return find(foreign, port, addresses);
}
