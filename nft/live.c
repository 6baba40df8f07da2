/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/live.h"

#include <string.h>

#include "nft/ruleset.h"

#define TABLE PI_NFT_FAMILY " " PI_NFT_TABLE

/* Where a set stands in a listing, from its first line to behind its last; FALSE: nowhere. */
static gboolean find_set(const char *listing, const char *name, gsize *ret_begin, gsize *ret_end) {
        static const char last[] = "\n\t}\n";
        g_autofree char *first = g_strdup_printf("\tset %s {", name);
        const char *begin = strstr(listing, first), *end = begin ? strstr(begin, last) : NULL;

        if (!end)
                return FALSE;
        *ret_begin = (gsize) (begin - listing);
        *ret_end = (gsize) (end - listing) + strlen(last);
        return TRUE;
}

/* Puts a set with its elements in the place of the same one without. */
static gboolean fill_set(PiNft *nft, GString *table, const char *name, GError **error) {
        g_autofree char *command = g_strdup_printf("list set " TABLE " %s", name);
        g_autofree char *full = pi_nft_list(nft, command, TRUE, error);
        gsize begin, end, full_begin, full_end;

        if (!full)
                return FALSE;
        if (find_set(full, name, &full_begin, &full_end) &&
            find_set(table->str, name, &begin, &end)) {
                g_string_erase(table, (gssize) begin, (gssize) (end - begin));
                g_string_insert_len(table, (gssize) begin, full + full_begin,
                                    (gssize) (full_end - full_begin));
        }
        return TRUE;
}

/* What libnftables says of an owner whose name it does not know. */
#define NAMELESS " # progname (null)"

char *pi_live_list(PiNft *nft, GError **error) {
        static const char *const sets[] = { PI_NFT_MEMBERS "4", PI_NFT_MEMBERS "6", PI_NFT_JOIN "4",
                                            PI_NFT_JOIN "6" };
        g_autofree char *table = pi_nft_list(nft, "list table " TABLE, FALSE, error);
        g_autoptr(GString) all = g_string_new(table);

        for (gsize i = 0; table && i < G_N_ELEMENTS(sets); i++)
                if (!fill_set(nft, all, sets[i], error))
                        return NULL;
        g_string_replace(all, NAMELESS, "", 1);
        return table ? g_string_free(g_steal_pointer(&all), FALSE) : NULL;
}

gboolean pi_live_tally(PiNft *nft, PiTally *tally, GError **error) {
        static const char *const lists[] = {
                "list set " TABLE " " PI_NFT_MEMBERS "4",
                "list set " TABLE " " PI_NFT_MEMBERS "6",
                "list set " TABLE " " PI_NFT_REFUSED "4",
                "list set " TABLE " " PI_NFT_REFUSED "6",
        };

        g_autofree char *text = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
                g_autofree char *json = pi_nft_list_json(nft, lists[i], error);

                if (!json || !pi_tally_add_sets(tally, json, error))
                        return FALSE;
        }
        text = pi_nft_list_counts(nft, "list table " TABLE, error);
        if (text)
                pi_tally_add_counters(tally, text);
        return text != NULL;
}
