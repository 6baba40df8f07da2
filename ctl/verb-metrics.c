/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/metrics-view.h"
#include "ctl/signals.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

int pi_verb_metrics(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GVariant) reply = NULL, metrics = NULL;

        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_get_metrics, NULL, error);
        if (!reply)
                return PI_VERB_ERROR;
        metrics = g_variant_get_child_value(reply, 0);
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(metrics, inv->out.json, inv->out.text);
        else
                pi_metrics_append(&inv->out, metrics);
        return EXIT_SUCCESS;
}
