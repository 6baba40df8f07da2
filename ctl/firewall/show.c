/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/diff.h"
#include "ctl/firewall/helper.h"
#include "ctl/firewall/rules.h"
#include "ctl/firewall/verb.h"
#include "ctl/format.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "dbus/error.h"

/* For a tab, as nft indents. */
#define INDENT "    "

static const PiColumn member_columns[] = {
        { "MEMBER", FALSE }, { "ADDRESS", FALSE }, { "PACKETS", TRUE },
};
static const PiColumn window_columns[] = { { "OPEN TO", FALSE }, { "LEFT", TRUE } };
static const PiColumn refused_columns[] = {
        { "REFUSED", FALSE }, { "ATTEMPTS", TRUE }, { "LAST", TRUE },
};

/* Text of the kernel, line by line, so that no name of a rule moves the cursor. */
static void append_lines(PiOutput *out, const char *text, gboolean is_diff) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line && (line[1] || **line); line++) {
                g_auto(GStrv) pieces = g_strsplit(*line, "\t", -1);
                g_autofree char *spaced = g_strjoinv(INDENT, pieces);
                g_autofree char *safe = pi_text_escape(spaced, out->terminal.utf8, 0);
                PiStyle style = !is_diff       ? PI_STYLE_PLAIN
                                : **line == '+' ? PI_STYLE_GOOD
                                : **line == '-' ? PI_STYLE_BAD
                                                : PI_STYLE_PLAIN;

                pi_output_style(out, style, safe);
                pi_output_printf(out, "\n");
        }
}

static void append_table(PiOutput *out, const PiTable *table) {
        if (pi_table_n_rows(table) == 0)
                return;
        pi_output_printf(out, "\n");
        pi_table_render(table, &out->terminal, out->legend, out->text);
}

static void append_members(PiOutput *out, const PiRules *rules) {
        g_autoptr(PiTable) table = pi_table_new(member_columns, G_N_ELEMENTS(member_columns));

        for (guint i = 0; i < rules->members->len; i++) {
                const PiRuleMember *member = rules->members->pdata[i];

                pi_table_take(table, g_strdup(member->name), PI_STYLE_PLAIN);
                pi_table_take(table, g_strdup(member->address), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_grouped(member->packets), PI_STYLE_PLAIN);
        }
        append_table(out, table);
}

static void append_windows(PiOutput *out, const PiRules *rules) {
        g_autoptr(PiTable) table = pi_table_new(window_columns, G_N_ELEMENTS(window_columns));

        for (guint i = 0; i < rules->windows->len; i++) {
                const PiRuleWindow *window = rules->windows->pdata[i];

                pi_table_take(table, g_strdup(window->prefix), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_usec(window->left_usec), PI_STYLE_PLAIN);
        }
        append_table(out, table);
}

static void append_refused(PiOutput *out, const PiRules *rules) {
        g_autoptr(PiTable) table = pi_table_new(refused_columns, G_N_ELEMENTS(refused_columns));

        for (guint i = 0; i < rules->refused->len; i++) {
                const PiRuleRefused *refused = rules->refused->pdata[i];
                g_autofree char *ago = pi_format_usec(refused->ago_usec);

                pi_table_take(table, g_strdup(refused->address), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_grouped(refused->attempts), PI_STYLE_PLAIN);
                pi_table_take(table, g_strdup_printf("%s ago", ago), PI_STYLE_PLAIN);
        }
        append_table(out, table);
}

static void append_counter(PiOutput *out, const char *label, guint64 value, const char *what) {
        g_autofree char *text = pi_format_grouped(value);

        pi_report_row(out, label, "%s  (%s)", text, what);
}

static void append_counters(PiOutput *out, const PiRules *rules) {
        const PiRuleCounters *c = &rules->counters;

        append_counter(out, "attempts", c->seen, "connections that somebody asked for");
        append_counter(out, "delivered", c->delivered, "came to the service");
        append_counter(out, "refused", c->refused, "of strangers");
        append_counter(out, "too often", c->rate_drop, "of strangers, over 10 a minute");
        append_counter(out, "by others", pi_rules_dropped_by_others(rules),
                       "dropped by another firewall here; pictl firewall check");
        append_counter(out, "joining", c->joining, "of strangers, let in by a window");
        append_counter(out, "stray", c->stray, "packets of no connection, dropped");
}

static gboolean append_difference(PiOutput *out, const PiRules *rules, GError **error) {
        g_autofree char *difference = pi_diff(rules->intended, rules->live, "intended", "live",
                                              error);

        if (!difference)
                return FALSE;
        pi_output_style(out, PI_STYLE_HEAD, "\nIntended rules\n");
        append_lines(out, rules->intended, FALSE);
        if (!difference[0]) {
                pi_output_style(out, PI_STYLE_HEAD, "\nLive rules\n");
                pi_output_printf(out, "The kernel has these.\n");
                return TRUE;
        }
        pi_output_style(out, PI_STYLE_HEAD, "\nLive rules\n");
        if (rules->live[0])
                append_lines(out, rules->live, FALSE);
        else
                pi_output_printf(out, "None: the table is gone.\n");
        pi_output_style(out, PI_STYLE_HEAD, "\nDifference\n");
        append_lines(out, difference, TRUE);
        pi_output_printf(out, "\npictl firewall apply puts the intended rules back.\n");
        return TRUE;
}

static gboolean append(PiOutput *out, const PiRules *rules, GError **error) {
        if (!rules->applied) {
                pi_output_printf(out, "There are no rules. The service makes them in a cluster; "
                                      "pictl firewall apply\nputs removed ones back.\n");
                return TRUE;
        }
        pi_output_printf(out, "Table \"inet picomputed\", for port %u\n", rules->port);
        pi_report_row(out, "changed by others", rules->owner ? "never: the kernel keeps them off"
                                                             : "put back within a second");
        pi_report_row(out, "put back", "%" G_GUINT64_FORMAT " times", rules->restored);
        pi_report_row(out, "rate limit", rules->limits ? "yes" : "no: the kernel has none");
        append_counters(out, rules);
        append_members(out, rules);
        append_windows(out, rules);
        append_refused(out, rules);
        return append_difference(out, rules, error);
}

int pi_firewall_show(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_firewall_client(inv, error);
        g_autoptr(GVariant) description = client ? pi_helper_describe(client, error) : NULL;
        g_autoptr(PiRules) rules = description ? pi_rules_parse(description, error) : NULL;

        if (!rules)
                return PI_VERB_ERROR;
        if (inv->out.json == PI_JSON_OFF)
                return append(&inv->out, rules, error) ? EXIT_SUCCESS : PI_VERB_ERROR;
        pi_json_append(description, inv->out.json, inv->out.text);
        return EXIT_SUCCESS;
}
