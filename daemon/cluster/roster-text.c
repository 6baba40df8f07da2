/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the state file: a line with the digest of the rest, then a dictionary as GVariant
 * writes it, with a line for each entry of a list. */
#include <string.h>

#include "daemon/cluster/roster-file.h"
#include "dbus/error.h"

#define HEAD "# pi-computed keeps its cluster here; not to be edited. SHA-256 of the rest: "
#define DIGEST_LENGTH 64

static void print_rows(GString *text, GVariant *rows) {
        if (g_variant_n_children(rows) == 0) {
                g_string_append(text, "<@aa{sv} []>");
                return;
        }
        g_string_append(text, "<[");
        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                g_string_append(text, i ? ",\n  " : "\n  ");
                g_variant_print_string(row, text, TRUE);
        }
        g_string_append(text, "]>");
}

char *pi_roster_file_print(GVariant *state) {
        g_autoptr(GString) body = g_string_new("{");
        g_autofree char *digest = NULL;
        const char *key, *comma = "";
        GVariantIter iter;
        GVariant *value;

        g_variant_iter_init(&iter, state);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
                g_string_append_printf(body, "%s'%s': ", comma, key);
                comma = ",\n ";
                if (g_variant_is_of_type(value, G_VARIANT_TYPE("aa{sv}")))
                        print_rows(body, value);
                else {
                        g_autoptr(GVariant) boxed =
                                g_variant_ref_sink(g_variant_new_variant(value));

                        g_variant_print_string(boxed, body, TRUE);
                }
        }
        g_string_append(body, "}\n");
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, body->str, (gssize) body->len);
        return g_strconcat(HEAD, digest, "\n", body->str, NULL);
}

static GVariant *fail(GError **error, const char *problem) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "It is damaged: %s", problem);
        return NULL;
}

GVariant *pi_roster_file_scan(const char *text, GError **error) {
        g_autofree char *digest = NULL;
        g_autoptr(GError) why = NULL;
        const char *body;
        GVariant *state;

        if (!g_str_has_prefix(text, HEAD))
                return fail(error, "it does not begin as such a file does");
        text += strlen(HEAD);
        if (strnlen(text, DIGEST_LENGTH + 1) <= DIGEST_LENGTH || text[DIGEST_LENGTH] != '\n')
                return fail(error, "its first line was cut off or edited");
        body = text + DIGEST_LENGTH + 1;
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, body, -1);
        if (strncmp(digest, text, DIGEST_LENGTH) != 0)
                return fail(error, "its digest is not that of its first line, so it was cut off or "
                                   "edited");
        state = g_variant_parse(G_VARIANT_TYPE_VARDICT, body, NULL, NULL, &why);
        return state ?: fail(error, why->message);
}
