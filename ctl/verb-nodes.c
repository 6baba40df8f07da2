/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

/* On a terminal, to leave room for the rest. */
#define NAME_COLUMNS_MAX 20

static const PiColumn columns[] = {
        { "NAME", FALSE },    { "STATE", FALSE },   { "CPUS", TRUE },
        { "TERMS/S", TRUE },  { "RTT", TRUE },      { "LAST-SEEN", TRUE },
        { "VERIFIED", TRUE }, { "FAILED", TRUE },   { "ADDRESS", FALSE },
};

/* "-" for what is not known. */
static char *usec_text(guint64 usec) {
        return usec > 0 ? pi_format_usec(usec) : g_strdup("-");
}

static char *seen_text(GVariant *node) {
        guint64 seen = pi_dict_u64(node, "LastSeenUsec"), now = (guint64) g_get_real_time();
        g_autofree char *age = pi_format_usec(now > seen ? now - seen : 0);

        if (pi_node_is(node, "self") || pi_node_is(node, "up"))
                return g_strdup("now");
        return seen > 0 ? g_strdup_printf("%s ago", age) : g_strdup("never");
}

static char *address_text(GVariant *node, gboolean utf8) {
        g_autofree const char **addresses = NULL;
        gboolean outbound = FALSE;

        if (g_variant_lookup(node, "OutboundOnly", "b", &outbound) && outbound)
                return g_strdup("outbound only");
        if (!g_variant_lookup(node, "Addresses", "^a&s", &addresses) || !addresses[0])
                return g_strdup("-");
        return pi_text_escape(addresses[0], utf8, 0);
}

/* Scripts get all of it. */
static char *name_text(GVariant *node, const PiTerminal *terminal) {
        g_autofree char *name = pi_text_escape(pi_dict_string(node, "Name"), terminal->utf8, 0);

        return terminal->is_tty ? pi_text_ellipsize(name, NAME_COLUMNS_MAX, terminal->utf8)
                                : g_steal_pointer(&name);
}

static void add_row(PiTable *table, GVariant *node, const PiTerminal *terminal) {
        const char *state = pi_dict_string(node, "State");
        double rate = pi_dict_double(node, "TermsPerSecond");
        guint64 cpus = pi_dict_u64(node, "Cpus");

        pi_table_take(table, name_text(node, terminal), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(state, FALSE, 16), pi_style_of_state(state));
        pi_table_take(table, cpus > 0 ? pi_format_grouped(cpus) : g_strdup("-"), PI_STYLE_PLAIN);
        pi_table_take(table, rate > 0 ? pi_format_amount(rate) : g_strdup("-"), PI_STYLE_PLAIN);
        pi_table_take(table, usec_text(pi_dict_u64(node, "RoundTripUsec")), PI_STYLE_PLAIN);
        pi_table_take(table, seen_text(node), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_amount((double) pi_dict_u64(node, "Verified")),
                      PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_grouped(pi_dict_u64(node, "Failed")), PI_STYLE_PLAIN);
        pi_table_take(table, address_text(node, terminal->utf8), PI_STYLE_PLAIN);
}

/* Why a member is not up, and what to do where pictl can do it. */
static void append_reasons(PiOutput *out, const GPtrArray *nodes) {
        gboolean utf8 = out->terminal.utf8;

        for (guint i = 0; i < nodes->len; i++) {
                GVariant *node = nodes->pdata[i];
                g_autofree char *name = pi_text_escape(pi_dict_string(node, "Name"), utf8, 64);
                g_autofree char *why = pi_text_escape(pi_dict_string(node, "StateReason"), utf8, 0);

                if (!why[0])
                        continue;
                pi_output_printf(out, "%s: %s", name, why);
                if (pi_node_is(node, "quarantined"))
                        pi_output_printf(out, "; pictl cluster restore %s gives it leases again",
                                         name);
                pi_output_printf(out, "\n");
        }
}

static void append_table(PiOutput *out, const GPtrArray *nodes) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        guint up = 0;

        for (guint i = 0; i < nodes->len; i++) {
                GVariant *node = nodes->pdata[i];

                up += pi_node_is(node, "self") || pi_node_is(node, "up");
                add_row(table, node, &out->terminal);
        }
        pi_table_render(table, &out->terminal, out->legend, out->text);
        if (!out->legend)
                return;
        pi_output_printf(out, "\n%u node%s, %u up. VERIFIED and FAILED: leases of this node.\n",
                         nodes->len, nodes->len == 1 ? "" : "s", up);
        append_reasons(out, nodes);
}

static void append_why_none(PiOutput *out, GVariant *manager) {
        g_autofree char *why = pi_text_escape(pi_dict_string(manager, "ClusterError"),
                                              out->terminal.utf8, 0);

        if (why[0])
                pi_output_printf(out, "This node can be in no cluster: %s.\n", why);
        else if (out->legend)
                pi_output_printf(out, "This node is in no cluster; pictl cluster init makes one, "
                                      "pictl cluster join TOKEN\njoins one.\n");
}

int pi_verb_nodes(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GPtrArray) nodes = client ? pi_nodes_fetch(client, error) : NULL;
        g_autoptr(GVariant) list = NULL, manager = NULL;

        if (!nodes)
                return PI_VERB_ERROR;
        if (inv->out.json == PI_JSON_OFF && nodes->len == 0) {
                manager = pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, error);
                if (!manager)
                        return PI_VERB_ERROR;
                append_why_none(&inv->out, manager);
                return EXIT_SUCCESS;
        }
        if (inv->out.json == PI_JSON_OFF) {
                append_table(&inv->out, nodes);
                return EXIT_SUCCESS;
        }
        list = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE_VARDICT,
                                                      (GVariant *const *) nodes->pdata,
                                                      nodes->len));
        pi_json_append(list, inv->out.json, inv->out.text);
        return EXIT_SUCCESS;
}
