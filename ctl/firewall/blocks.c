/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/blocks.h"

#include <string.h>

#include "ctl/firewall/address.h"
#include "ctl/job.h"
#include "ctl/text.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* What FindBlocks answers at most. */
#define BLOCKS_MAX 256
/* The kernel's own limit is 256 bytes. */
#define NAME_MAX_CHARACTERS 256

static const char *const verdicts[] = {
        [PI_BLOCK_DROP] = "drop",
        [PI_BLOCK_REJECT] = "reject",
        [PI_BLOCK_MAYBE] = "maybe",
};
static const char *const families[] = { "ip", "ip6", "inet", "bridge", "netdev", "arp", NULL };

static void block_free(gpointer data) {
        PiBlock *block = data;

        g_free(block->source);
        g_free(block->family);
        g_free(block->table);
        g_free(block->chain);
        g_free(block);
}

static gboolean read_verdict(const char *text, PiBlockVerdict *ret) {
        for (gsize i = 0; i < G_N_ELEMENTS(verdicts); i++)
                if (strcmp(verdicts[i], text) == 0) {
                        *ret = (PiBlockVerdict) i;
                        return TRUE;
                }
        return FALSE;
}

static PiBlock *parse_block(GVariant *entry) {
        g_autofree char *source = pi_address_canonical(pi_dict_string(entry, PI_BLOCK_SOURCE));
        const char *family = pi_dict_string(entry, PI_BLOCK_FAMILY);
        const char *table = pi_dict_string(entry, PI_BLOCK_TABLE);
        const char *chain = pi_dict_string(entry, PI_BLOCK_CHAIN);
        PiBlockVerdict verdict;
        PiBlock *block;

        if (!source || !read_verdict(pi_dict_string(entry, PI_BLOCK_VERDICT), &verdict) ||
            !g_strv_contains(families, family) || !table[0] || !chain[0])
                return NULL;
        block = g_new0(PiBlock, 1);
        block->verdict = verdict;
        block->source = g_steal_pointer(&source);
        block->family = g_strdup(family);
        block->table = pi_text_escape(table, FALSE, NAME_MAX_CHARACTERS);
        block->chain = pi_text_escape(chain, FALSE, NAME_MAX_CHARACTERS);
        block->handle = pi_dict_u64(entry, PI_BLOCK_HANDLE);
        return block;
}

GPtrArray *pi_blocks_parse(GVariant *list, GError **error) {
        g_autoptr(GPtrArray) blocks = g_ptr_array_new_with_free_func(block_free);
        gsize n = g_variant_n_children(list);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                PiBlock *block = n <= BLOCKS_MAX ? parse_block(entry) : NULL;

                if (!block) {
                        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                                    "what the helper pi-computed-firewall found in other tables %s;"
                                    " is it of another version? systemctl restart "
                                    "pi-computed-firewall", n > BLOCKS_MAX
                                            ? "is more than it can be" : "cannot be read");
                        return NULL;
                }
                g_ptr_array_add(blocks, block);
        }
        return g_steal_pointer(&blocks);
}
