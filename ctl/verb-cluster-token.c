/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verb-cluster.h"
#include "dbus/names.h"

#define TTL_DEFAULT_USEC (G_GUINT64_CONSTANT(600) * G_USEC_PER_SEC)

static const PiMethod create_token = { PI_INTERFACE_MANAGER, "CreateJoinToken", "(s)",
                                       .interactive = TRUE };
static const PiMethod list_tokens = { PI_INTERFACE_MANAGER, "ListJoinTokens", "(aa{sv})" };
static const PiMethod list_tokens_asking = { PI_INTERFACE_MANAGER, "ListJoinTokens", "(aa{sv})",
                                             .interactive = TRUE };

static const PiColumn columns[] = {
        { "ID", FALSE },
        { "USES", TRUE },
        { "CREATED", FALSE },
        { "TIME-LEFT", TRUE },
};

GVariant *pi_cluster_tokens(PiClient *client, gboolean interactive, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(
                client, PI_OBJECT_PATH, interactive ? &list_tokens_asking : &list_tokens, NULL,
                error);

        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

char *pi_cluster_time_left(guint64 expires_usec) {
        guint64 now = (guint64) g_get_real_time();

        return expires_usec > now ? pi_format_usec(expires_usec - now) : g_strdup("-");
}

char *pi_cluster_make_token(PiClient *client, guint64 ttl_usec, guint64 uses, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        GVariantDict dict;
        const char *text;

        g_variant_dict_init(&dict, NULL);
        if (ttl_usec > 0)
                g_variant_dict_insert(&dict, PI_TOKEN_TTL_USEC, "t", ttl_usec);
        if (uses > 0)
                g_variant_dict_insert(&dict, PI_TOKEN_USES, "u", (guint32) uses);
        reply = pi_client_call(client, PI_OBJECT_PATH, &create_token,
                               g_variant_new("(@a{sv})", g_variant_dict_end(&dict)), error);
        if (!reply)
                return NULL;
        g_variant_get(reply, "(&s)", &text);
        return pi_text_escape(text, FALSE, 0);
}

/* Not on the standard output: what is there can be pasted as it is. */
static void hint(const PiInvocation *inv) {
        guint64 ttl = inv->options.ttl_usec > 0 ? inv->options.ttl_usec : TTL_DEFAULT_USEC;
        g_autofree char *time = pi_format_usec(ttl);

        if (inv->options.uses > 1)
                fprintf(stderr, "On each machine that is to join, %d at most, within %s:\n",
                        (int) inv->options.uses, time);
        else
                fprintf(stderr, "On the machine that is to join, once, within %s:\n", time);
}

int pi_cluster_token(PiInvocation *inv, GError **error) {
        PiOutput *out = &inv->out;
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) value = NULL;
        g_autofree char *token = NULL;

        if (client)
                token = pi_cluster_make_token(client, inv->options.ttl_usec, inv->options.uses,
                                              error);
        if (!token)
                return PI_VERB_ERROR;
        if (out->json != PI_JSON_OFF) {
                value = g_variant_ref_sink(g_variant_new_parsed("{'token': <%s>}", token));
                pi_json_append(value, out->json, out->text);
        } else if (out->terminal.is_tty && !pi_invocation_has(inv, QUIET)) {
                hint(inv);
                pi_output_printf(out, "pictl %scluster join %s\n",
                                 inv->options.bus == PI_BUS_USER ? "--user " : "", token);
        } else
                pi_output_printf(out, "%s\n", token);
        return EXIT_SUCCESS;
}

static void append_table(PiOutput *out, GVariant *tokens) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        gsize n = g_variant_n_children(tokens);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);

                pi_table_take(table, pi_text_escape(pi_dict_string(token, PI_TOKEN_ID), FALSE, 64),
                              PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_grouped(pi_dict_u64(token, PI_TOKEN_USES)),
                              PI_STYLE_PLAIN);
                pi_table_take(table,
                              pi_format_moment(pi_dict_u64(token, PI_TOKEN_CREATED_USEC)),
                              PI_STYLE_PLAIN);
                pi_table_take(table,
                              pi_cluster_time_left(pi_dict_u64(token, PI_TOKEN_EXPIRES_USEC)),
                              PI_STYLE_PLAIN);
        }
        if (n > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out, n == 0   ? "No token can be used; pictl cluster token makes "
                                                 "one.\n"
                                      : n == 1 ? "\n%" G_GSIZE_FORMAT " token.\n"
                                               : "\n%" G_GSIZE_FORMAT " tokens.\n", n);
}

int pi_cluster_list_tokens(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) tokens = client ? pi_cluster_tokens(client, TRUE, error) : NULL;

        if (!tokens)
                return PI_VERB_ERROR;
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(tokens, inv->out.json, inv->out.text);
        else
                append_table(&inv->out, tokens);
        return EXIT_SUCCESS;
}
