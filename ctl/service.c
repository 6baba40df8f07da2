/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/service.h"

#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/signals.h"
#include "dbus/error.h"
#include "dbus/names.h"

void pi_service_free(PiService *service) {
        g_clear_error(&service->error);
        g_clear_pointer(&service->manager, g_variant_unref);
        g_clear_pointer(&service->nodes, g_ptr_array_unref);
        g_clear_pointer(&service->metrics, g_variant_unref);
        g_free(service);
}

gboolean pi_service_in_cluster(const PiService *service) {
        return service->manager && pi_dict_string(service->manager, "ClusterId")[0] != '\0';
}

static void ask_who(PiClient *client, PiService *service) {
        uid_t uid;
        pid_t pid;

        service->uid = service->pid = -1;
        if (!pi_client_owner_of(client, PI_BUS_NAME, &uid, &pid))
                return;
        service->uid = uid;
        service->pid = pid;
}

PiService *pi_service_ask(PiClient *client) {
        PiService *service = g_new0(PiService, 1);
        g_autoptr(GVariant) reply = NULL;

        ask_who(client, service);
        if (!pi_client_has_name(client, PI_BUS_NAME)) {
                service->starts = pi_client_can_start(client, PI_BUS_NAME);
                g_set_error(&service->error, PI_ERROR, PI_ERROR_FAILED,
                            "the service does not run%s; %s start pi-computed",
                            service->starts ? " now: a call would start it" : "",
                            pi_client_systemctl(client));
                return service;
        }
        service->manager = pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                             &service->error);
        if (service->manager)
                service->nodes = pi_nodes_fetch(client, &service->error);
        if (!service->nodes) {
                g_clear_pointer(&service->manager, g_variant_unref);
                return service;
        }
        reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_get_metrics, NULL, NULL);
        service->metrics = reply ? g_variant_get_child_value(reply, 0) : NULL;
        return service;
}
