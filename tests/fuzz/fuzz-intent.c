/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a caller gives the firewall's helper: the only text that comes into rules. */
#include <string.h>

#include "dbus/error.h"
#include "nft/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What rules are made of. Names have no more letters than these, and stand in quotes. */
#define CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS " \t\n.,:;/={}@&_-\""

static void check_rules(const PiIntent *intent, guint n_quotes) {
        g_autofree char *text = pi_ruleset_whole(intent, (PiNftVariant) { TRUE, TRUE }, 0);
        guint n = 0;

        g_assert(strspn(text, CHARACTERS) == strlen(text));
        for (const char *c = text; *c; c++)
                n += *c == '"';
        g_assert(n == n_quotes + 2 * intent->members->len);
}

/* Taken, it has one form, which is taken again. */
static void check_prefix(const char *text) {
        char printed[PI_NFT_PREFIX_SIZE], again[PI_NFT_PREFIX_SIZE];
        g_autoptr(GError) error = NULL;
        PiNftPrefix prefix, same;

        if (pi_nft_prefix_parse(text, &prefix, &error)) {
                pi_nft_prefix_print(&prefix, printed);
                g_assert(pi_nft_prefix_parse(printed, &same, NULL));
                g_assert(pi_nft_prefix_equal(&prefix, &same));
                g_assert(g_str_equal(printed, pi_nft_prefix_print(&same, again)));
                return;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
        g_assert(!strpbrk(error->message, "\n\r\033\177"));
}

static GVariant *members_of(char **words) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(ss)"));
        for (char **word = words; word[0] && word[1]; word += 2)
                g_variant_builder_add(&b, "(ss)", word[0], word[1]);
        return g_variant_builder_end(&b);
}

/* Lines: each a prefix; by twos an address and a name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *given = g_strndup((const char *) data, size);
        g_autofree char *text = g_utf8_make_valid(given, -1);
        g_auto(GStrv) words = g_strsplit(text, "\n", 64);
        g_autoptr(GVariant) members = g_variant_ref_sink(members_of(words));
        g_autoptr(GVariant) windows = g_variant_ref_sink(
                g_variant_new_array(G_VARIANT_TYPE("(st)"), NULL, 0));
        g_autoptr(PiIntent) none = NULL, intent = NULL;
        g_autoptr(GVariant) nobody = g_variant_ref_sink(
                g_variant_new_array(G_VARIANT_TYPE("(ss)"), NULL, 0));
        g_autoptr(GError) error = NULL;

        for (char **word = words; *word; word++)
                check_prefix(*word);
        intent = pi_intent_new(31415, members, windows, 0, &error);
        if (!intent) {
                g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
                g_assert(!strpbrk(error->message, "\n\r\033\177"));
                return 0;
        }
        none = pi_intent_new(31415, nobody, windows, 0, NULL);
        check_rules(none, 4);
        check_rules(intent, 4);
        return 0;
}
