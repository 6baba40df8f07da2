/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/quantity.h"
#include "ctl/signals.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

static const PiMethod restore_core = { PI_INTERFACE_MANAGER, "RestoreCore", "()",
                                       .interactive = TRUE };

static const PiQuantityRange range_cpu = { "CPU", 0, G_MAXUINT32, "3 (pictl cores lists them)" };

static const PiColumn columns[] = {
        { "CPU", TRUE },      { "STATE", FALSE }, { "TERMS/S", TRUE },
        { "VERIFIED", TRUE }, { "FAILED", TRUE }, { "RECOMPUTED", TRUE },
        { "BUSY", TRUE },
};

static void take_u64(PiTable *table, GVariant *core, const char *key) {
        pi_table_take(table, pi_format_grouped(pi_dict_u64(core, key)), PI_STYLE_PLAIN);
}

static void add_row(PiTable *table, GVariant *core, guint64 uptime_usec) {
        const char *state = pi_dict_string(core, "state");
        double rate = pi_dict_double(core, "terms_per_second");
        double busy = (double) pi_dict_u64(core, "busy_usec") / (double) MAX(uptime_usec, 1);

        pi_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, pi_dict_u64(core, "cpu")),
                      PI_STYLE_PLAIN);
        pi_table_take(table, state[0] ? pi_text_escape(state, FALSE, 16) : g_strdup("-"),
                      pi_style_of_state(state));
        pi_table_take(table, rate > 0 ? pi_format_amount(rate) : g_strdup("-"), PI_STYLE_PLAIN);
        take_u64(table, core, "leases_verified");
        take_u64(table, core, "leases_failed");
        take_u64(table, core, "leases_recomputed");
        pi_table_take(table, uptime_usec > 0 ? pi_format_percent(MIN(busy, 1)) : g_strdup("-"),
                      PI_STYLE_PLAIN);
}

static void append_table(PiOutput *out, GVariant *cores, guint64 uptime_usec) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        gsize n = g_variant_n_children(cores), in_service = 0;

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(cores, i);

                in_service += strcmp(pi_dict_string(core, "state"), "out-of-service") != 0;
                add_row(table, core, uptime_usec);
        }
        if (n > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (!out->legend)
                return;
        pi_output_printf(out,
                         "\n%" G_GSIZE_FORMAT " core%s, %" G_GSIZE_FORMAT " out of service.%s\n", n,
                         n == 1 ? "" : "s", n - in_service,
                         n == in_service
                                 ? ""
                                 : " pictl faults tells why, pictl restore CPU puts one back.");
}

int pi_verb_cores(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) reply = NULL, metrics = NULL, cores = NULL;

        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_get_metrics, NULL, error);
        if (!reply)
                return PI_VERB_ERROR;
        metrics = g_variant_get_child_value(reply, 0);
        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        if (!cores)
                cores = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(cores, inv->out.json, inv->out.text);
        else
                append_table(&inv->out, cores, pi_dict_u64(metrics, "uptime_usec"));
        return EXIT_SUCCESS;
}

/* All arguments: one that is no CPU stops pictl before anything is done. */
static guint32 *parse_cpus(const PiInvocation *inv, GError **error) {
        g_autofree guint32 *cpus = g_new0(guint32, (gsize) inv->n_args + 1);

        for (guint i = 0; i < inv->n_args; i++) {
                guint64 cpu;

                if (!pi_quantity_parse(inv->args[i], &range_cpu, &cpu, error))
                        return NULL;
                cpus[i] = (guint32) cpu;
        }
        return g_steal_pointer(&cpus);
}

static gboolean restore_one(PiInvocation *inv, PiClient *client, guint32 cpu, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH, &restore_core,
                                                   g_variant_new("(u)", cpu), error);

        if (reply && inv->out.json == PI_JSON_OFF && inv->out.legend)
                pi_output_printf(&inv->out, "CPU %u is in service.\n", cpu);
        return reply != NULL;
}

int pi_verb_restore(PiInvocation *inv, GError **error) {
        g_autofree guint32 *cpus = parse_cpus(inv, error);
        g_autoptr(PiClient) client = cpus ? pi_client_new(&inv->options, error) : NULL;
        g_autoptr(GVariant) list = NULL;
        GVariantBuilder restored;
        int status = EXIT_SUCCESS;

        if (!client)
                return PI_VERB_ERROR;
        g_variant_builder_init(&restored, G_VARIANT_TYPE("au"));
        for (guint i = 0; i < inv->n_args; i++) {
                g_autoptr(GError) problem = NULL;

                if (restore_one(inv, client, cpus[i], &problem)) {
                        g_variant_builder_add(&restored, "u", cpus[i]);
                        continue;
                }
                pi_complain(problem->message);
                if (status == EXIT_SUCCESS)
                        status = pi_error_exit_status((PiError) problem->code);
        }
        list = g_variant_ref_sink(g_variant_builder_end(&restored));
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(list, inv->out.json, inv->out.text);
        return status;
}
