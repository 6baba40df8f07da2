/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/file-output.h"
#include "ctl/metrics-view.h"
#include "ctl/signals.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "daemon/metrics/prometheus.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define FORMAT_SHOWN_MAX 60

static GVariant *ask(PiClient *client, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_get_metrics,
                                                   NULL, error);

        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static gboolean append_prometheus(PiInvocation *inv, PiClient *client, GError **error) {
        g_autoptr(GVariant) metrics = NULL;
        g_autofree char *text = NULL;
        gboolean runs;

        /* Who watches must not start what he watches: of a service that does not run, that is the
         * figure. */
        if (!pi_client_service_runs(client, &runs, error))
                return FALSE;
        if (runs) {
                metrics = ask(client, error);
                if (!metrics)
                        return FALSE;
        }
        text = pi_prometheus_text(metrics);
        g_string_append(inv->out.text, text);
        return TRUE;
}

static gboolean append_for_people(PiInvocation *inv, PiClient *client, GError **error) {
        g_autoptr(GVariant) metrics = ask(client, error);

        if (!metrics)
                return FALSE;
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(metrics, inv->out.json, inv->out.text);
        else
                pi_metrics_append(&inv->out, metrics);
        return TRUE;
}

/* What the options ask for. */
static gboolean choose_format(const PiInvocation *inv, gboolean *ret_prometheus, GError **error) {
        const char *format = inv->options.format ? inv->options.format : "text";
        g_autofree char *quoted = NULL;

        *ret_prometheus = g_str_equal(format, "prometheus");
        if (!*ret_prometheus && !g_str_equal(format, "text")) {
                quoted = pi_text_quote(format, FORMAT_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "pictl metrics has no format %s: --format takes text or prometheus",
                            quoted);
                return FALSE;
        }
        if (*ret_prometheus && inv->out.json != PI_JSON_OFF) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "--format=prometheus and --json exclude each other");
                return FALSE;
        }
        return TRUE;
}

int pi_verb_metrics(PiInvocation *inv, GError **error) {
        const char *file = inv->options.output;
        g_autoptr(PiClient) client = NULL;
        gboolean prometheus;

        if (!choose_format(inv, &prometheus, error))
                return PI_VERB_ERROR;
        /* No colours in a file. */
        if (file)
                inv->out.terminal = (PiTerminal) { .fd = -1, .columns = inv->out.terminal.columns,
                                                   .utf8 = inv->out.terminal.utf8 };
        client = pi_client_new(&inv->options, error);
        if (!client || !(prometheus ? append_prometheus(inv, client, error)
                                    : append_for_people(inv, client, error)))
                return PI_VERB_ERROR;
        if (!file)
                return EXIT_SUCCESS;
        if (!pi_file_replace(file, inv->out.text->str, inv->out.text->len, error))
                return PI_VERB_ERROR;
        g_string_truncate(inv->out.text, 0);
        return EXIT_SUCCESS;
}
