/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

static void append_json(PiOutput *out, GVariant *properties) {
        g_autoptr(GVariant) value = NULL;
        GVariantDict service;

        /* The jobs are pictl jobs' matter, and may be many. */
        g_variant_dict_init(&service, properties);
        g_variant_dict_remove(&service, "Jobs");

        value = g_variant_ref_sink(g_variant_new_parsed("{'pictl': <%s>, 'service': <%*>}",
                                                        PI_VERSION, g_variant_dict_end(&service)));
        pi_json_append(value, out->json, out->text);
}

static void append_kernels(PiOutput *out, GVariant *service) {
        g_autoptr(GVariant)
                kernels = g_variant_lookup_value(service, "Kernels", G_VARIANT_TYPE_STRING_ARRAY);
        g_autofree char *kernel = pi_text_escape(pi_dict_string(service, "Kernel"), FALSE, 64);
        g_autofree const char **names = kernels ? g_variant_get_strv(kernels, NULL) : NULL;
        g_autofree char *joined = names ? g_strjoinv(", ", (char **) names) : g_strdup("");
        g_autofree char *shown = pi_text_escape(joined, FALSE, 256);

        pi_report_row(out, "kernel", "%s", kernel);
        pi_report_row(out, "kernels", "%s", shown);
}

static void append_service(PiOutput *out, GVariant *service, const char *bus) {
        g_autofree char *version = pi_text_escape(pi_dict_string(service, "Version"), FALSE, 64);
        g_autofree char *node = pi_text_escape(pi_dict_string(service, "NodeId"), FALSE, 64);
        g_autofree char *bus_text = pi_text_escape(bus, out->terminal.utf8, 128);
        g_autofree char *terms = pi_format_grouped(pi_dict_u64(service, "MaxTerms"));

        pi_output_printf(out, "pi-computed %s on %s\n", version, bus_text);
        pi_report_row(out, "node", "%s", node);
        pi_report_row(out, "CPU slots", "%" G_GUINT64_FORMAT, pi_dict_u64(service, "Cpus"));
        append_kernels(out, service);
        if (pi_dict_has(service, "NumericsVersion"))
                pi_report_row(out, "numerics version", "%" G_GUINT64_FORMAT,
                              pi_dict_u64(service, "NumericsVersion"));
        pi_report_row(out, "most terms", "%s", terms);
}

int pi_verb_version(PiInvocation *inv, GError **error) {
        PiOutput *out = &inv->out;
        g_autoptr(PiClient) client = NULL;
        g_autoptr(GVariant) service = NULL;

        if (out->json == PI_JSON_OFF)
                pi_output_printf(out, "pictl %s\n", PI_VERSION);
        client = pi_client_new(&inv->options, error);
        if (client)
                service = pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, error);
        if (!service)
                return PI_VERB_ERROR;
        if (out->json != PI_JSON_OFF)
                append_json(out, service);
        else
                append_service(out, service, pi_client_bus_text(client));
        return EXIT_SUCCESS;
}
