/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/owner.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

#define LINES_DEFAULT 20

static const PiMethod list_history = { PI_INTERFACE_MANAGER, "ListHistory", "(aa{sv})" };

/* No parts: with them a row would not fit 80 columns; pictl show tells them. */
static const PiColumn columns[] = {
        { "ID", TRUE },      { "STATE", FALSE }, { "FINISHED", FALSE },
        { "TERMS", TRUE },   { "KERNEL", FALSE }, { "OWNER", FALSE },
        { "TIME", TRUE },    { "RATE", TRUE },   { "LABEL", FALSE },
};

/* Month to minute leaves room for the label; pictl show tells the whole. */
static char *finished_text(GVariant *job) {
        gint64 seconds = (gint64) (pi_dict_u64(job, "finished_usec") / G_USEC_PER_SEC);
        g_autoptr(GDateTime) moment = seconds > 0 ? g_date_time_new_from_unix_local(seconds) : NULL;

        return moment ? g_date_time_format(moment, "%m-%d %H:%M") : g_strdup("-");
}

static char *rate_text(GVariant *job) {
        g_autoptr(GVariant) report = g_variant_lookup_value(job, "report", G_VARIANT_TYPE_VARDICT);

        return report ? pi_format_rate(pi_dict_double(report, PI_REPORT_THROUGHPUT_TERMS), "term")
                      : g_strdup("-");
}

/* From its start to its end; a job that never started has none. */
static char *time_text(GVariant *job) {
        guint64 begin = pi_dict_u64(job, "started_usec"), end = pi_dict_u64(job, "finished_usec");

        return begin > 0 && end >= begin ? pi_format_usec(end - begin) : g_strdup("-");
}

static void add_row(PiTable *table, GVariant *job, PiOwners *owners, gboolean utf8) {
        const char *state = pi_dict_string(job, "state");
        const char *owner = pi_owners_name(owners, (guint32) pi_dict_u64(job, "owner"));

        pi_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, pi_dict_u64(job, "id")),
                      PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(state, FALSE, 16), pi_style_of_state(state));
        pi_table_take(table, finished_text(job), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_count(pi_dict_u64(job, "terms")), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(pi_dict_string(job, "kernel"), FALSE, 16),
                      PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup(owner), PI_STYLE_PLAIN);
        pi_table_take(table, time_text(job), PI_STYLE_PLAIN);
        pi_table_take(table, rate_text(job), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(pi_dict_string(job, "label"), utf8, 0), PI_STYLE_PLAIN);
}

static void append_table(PiOutput *out, GVariant *jobs, gboolean local) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        g_autoptr(PiOwners) owners = pi_owners_new(local);
        gsize n = g_variant_n_children(jobs);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) job = g_variant_get_child_value(jobs, i);
                add_row(table, job, owners, out->terminal.utf8);
        }
        if (n > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out,
                                 n == 0   ? "No finished jobs.\n"
                                 : n == 1 ? "\n%" G_GSIZE_FORMAT " job.\n"
                                          : "\n%" G_GSIZE_FORMAT " jobs.\n",
                                 n);
}

int pi_verb_history(PiInvocation *inv, GError **error) {
        guint32 limit = inv->options.lines > 0 ? (guint32) inv->options.lines : LINES_DEFAULT;
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) reply = NULL, jobs = NULL;

        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &list_history,
                                       g_variant_new("(u)", limit), error);
        if (!reply)
                return PI_VERB_ERROR;
        jobs = g_variant_get_child_value(reply, 0);
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(jobs, inv->out.json, inv->out.text);
        else
                append_table(&inv->out, jobs, pi_client_is_local(client));
        return EXIT_SUCCESS;
}
