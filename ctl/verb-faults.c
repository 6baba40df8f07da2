/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/signals.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

#define LINES_DEFAULT 20

static const PiColumn columns[] = {
        { "TIME", FALSE },   { "JOB", TRUE },   { "VERDICT", FALSE },  { "CPU", TRUE },
        { "PACKAGE", TRUE }, { "PARTS", TRUE }, { "RESIDUAL", TRUE },
};

static char *parts_text(GVariant *fault) {
        guint64 first = pi_dict_u64(fault, "first_part"), n = pi_dict_u64(fault, "parts");

        if (n <= 1)
                return g_strdup_printf("%" G_GUINT64_FORMAT, first);
        return g_strdup_printf("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, first, first + n - 1);
}

static char *u64_text(GVariant *fault, const char *key) {
        return pi_dict_has(fault, key) ? g_strdup_printf("%" G_GUINT64_FORMAT,
                                                         pi_dict_u64(fault, key))
                                       : g_strdup("-");
}

static void add_row(PiTable *table, GVariant *fault) {
        const char *verdict = pi_dict_string(fault, "verdict");

        pi_table_take(table, pi_format_moment(pi_dict_u64(fault, "time_usec")), PI_STYLE_PLAIN);
        pi_table_take(table, u64_text(fault, "job"), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(verdict, FALSE, 16), pi_style_of_state(verdict));
        pi_table_take(table, u64_text(fault, "cpu"), PI_STYLE_PLAIN);
        pi_table_take(table, u64_text(fault, "package"), PI_STYLE_PLAIN);
        pi_table_take(table, parts_text(fault), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_difference(pi_dict_double(fault, "residual")),
                      PI_STYLE_PLAIN);
}

static void append_table(PiOutput *out, GVariant *faults) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        gsize n = g_variant_n_children(faults);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) fault = g_variant_get_child_value(faults, i);
                add_row(table, fault);
        }
        if (n > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out,
                                 n == 0   ? "No faults since the service started.\n"
                                 : n == 1 ? "\n%" G_GSIZE_FORMAT " fault.\n"
                                          : "\n%" G_GSIZE_FORMAT " faults.\n",
                                 n);
}

int pi_verb_faults(PiInvocation *inv, GError **error) {
        guint32 limit = inv->options.lines > 0 ? (guint32) inv->options.lines : LINES_DEFAULT;
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) reply = NULL, faults = NULL;

        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_list_faults,
                                       g_variant_new("(u)", limit), error);
        if (!reply)
                return PI_VERB_ERROR;
        faults = g_variant_get_child_value(reply, 0);
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(faults, inv->out.json, inv->out.text);
        else
                append_table(&inv->out, faults);
        return EXIT_SUCCESS;
}
