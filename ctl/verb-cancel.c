/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/signals.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

static gboolean cancel_one(PiInvocation *inv, PiClient *client, const char *path, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, path, &pi_method_cancel, NULL, error);

        if (reply && inv->out.json == PI_JSON_OFF && inv->out.legend)
                pi_output_printf(&inv->out, "Job %" G_GUINT64_FORMAT " is cancelled.\n",
                                 pi_job_id_of_path(path));
        return reply != NULL;
}

/* The paths of all arguments: one that is no job stops pictl before anything is cancelled. */
static char **parse_paths(const PiInvocation *inv, GError **error) {
        g_auto(GStrv) paths = g_new0(char *, (gsize) inv->n_args + 1);

        for (guint i = 0; i < inv->n_args; i++) {
                paths[i] = pi_job_path_parse(inv->args[i], error);
                if (!paths[i])
                        return NULL;
        }
        return g_steal_pointer(&paths);
}

int pi_verb_cancel(PiInvocation *inv, GError **error) {
        g_auto(GStrv) paths = parse_paths(inv, error);
        g_autoptr(PiClient) client = paths ? pi_client_new(&inv->options, error) : NULL;
        GVariantBuilder cancelled;
        g_autoptr(GVariant) list = NULL;
        int status = EXIT_SUCCESS;

        if (!client)
                return PI_VERB_ERROR;
        g_variant_builder_init(&cancelled, G_VARIANT_TYPE("at"));
        for (guint i = 0; i < inv->n_args; i++) {
                g_autoptr(GError) problem = NULL;

                if (cancel_one(inv, client, paths[i], &problem)) {
                        g_variant_builder_add(&cancelled, "t", pi_job_id_of_path(paths[i]));
                        continue;
                }
                pi_complain(problem->message);
                if (status == EXIT_SUCCESS)
                        status = pi_error_exit_status((PiError) problem->code);
        }
        list = g_variant_ref_sink(g_variant_builder_end(&cancelled));
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(list, inv->out.json, inv->out.text);
        return status;
}
