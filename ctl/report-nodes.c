/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report-nodes.h"

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "dbus/names.h"

#define NAME_COLUMNS_MAX 20

static const PiColumn columns[] = {
        { "NODE", FALSE },  { "CPUS", TRUE },    { "TERMS", TRUE },    { "SHARE", TRUE },
        { "LEASES", TRUE }, { "RETRIED", TRUE }, { "CPU-TIME", TRUE }, { "TERMS/S", TRUE },
        { "RTT", TRUE },
};

/* "-" for what a node did not tell. */
static void take(PiTable *table, GVariant *node, const char *key, char *text) {
        if (pi_dict_has(node, key)) {
                pi_table_take(table, text, PI_STYLE_PLAIN);
                return;
        }
        g_free(text);
        pi_table_take(table, g_strdup("-"), PI_STYLE_PLAIN);
}

static char *name_text(GVariant *node, gboolean utf8) {
        const char *name = pi_dict_string(node, "name");
        g_autofree char *shown = pi_text_escape(name[0] ? name : pi_dict_string(node, "id"), utf8,
                                                0);

        return pi_text_ellipsize(shown, NAME_COLUMNS_MAX, utf8);
}

static char *round_trip_text(GVariant *node) {
        guint64 usec = pi_dict_u64(node, "round_trip_usec");

        return usec > 0 ? pi_format_usec(usec) : g_strdup("-");
}

static void add_row(PiTable *table, GVariant *node, gboolean utf8) {
        guint64 retried = pi_dict_u64(node, "leases_retried");

        pi_table_take(table, name_text(node, utf8), PI_STYLE_PLAIN);
        take(table, node, "cpus", pi_format_grouped(pi_dict_u64(node, "cpus")));
        take(table, node, "terms", pi_format_amount((double) pi_dict_u64(node, "terms")));
        take(table, node, "share", pi_format_percent(pi_dict_double(node, "share")));
        take(table, node, "leases", pi_format_grouped(pi_dict_u64(node, "leases")));
        take(table, node, "leases_retried", pi_format_grouped(retried));
        take(table, node, "cpu_usec", pi_format_usec(pi_dict_u64(node, "cpu_usec")));
        take(table, node, "throughput_terms",
             pi_format_amount(pi_dict_double(node, "throughput_terms")));
        take(table, node, "round_trip_usec", round_trip_text(node));
}

void pi_report_append_nodes(PiOutput *out, GVariant *report) {
        g_autoptr(GVariant) nodes = g_variant_lookup_value(report, PI_REPORT_NODES,
                                                           G_VARIANT_TYPE("aa{sv}"));
        gsize n = nodes ? g_variant_n_children(nodes) : 0;
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        g_autofree char *efficiency = pi_format_percent(
                pi_dict_double(report, PI_REPORT_CLUSTER_EFFICIENCY));
        gboolean ranks = pi_dict_has(report, PI_REPORT_LAUNCHES);

        if (n < 2 && !ranks)
                return;
        pi_report_row(out, ranks ? "ranks" : "nodes", "%" G_GSIZE_FORMAT, n);
        if (pi_dict_has(report, PI_REPORT_CLUSTER_EFFICIENCY))
                pi_report_row(out, "cluster efficiency", "%s of %" G_GSIZE_FORMAT " nodes",
                              efficiency, n);
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) node = g_variant_get_child_value(nodes, i);
                add_row(table, node, out->terminal.utf8);
        }
        pi_output_printf(out, "\n");
        pi_table_render(table, &out->terminal, TRUE, out->text);
}
