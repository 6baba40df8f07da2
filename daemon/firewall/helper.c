/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/firewall/helper.h"

#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

int pi_helper_call(sd_bus *bus, const char *method, GVariant *arguments, gboolean start,
                   uint64_t usec, sd_bus_message_handler_t answered, gpointer userdata,
                   sd_bus_slot **ret) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        g_autoptr(GVariant) tuple = arguments ? g_variant_ref_sink(arguments) : NULL;
        int r = sd_bus_message_new_method_call(bus, &m, PI_FIREWALL_BUS_NAME, PI_FIREWALL_PATH,
                                               PI_INTERFACE_FIREWALL, method);

        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, start);
        for (gsize i = 0; r >= 0 && tuple && i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(tuple, i);

                r = pi_variant_append(m, argument);
        }
        return r < 0 ? r : sd_bus_call_async(bus, ret, m, answered, userdata, usec);
}

gboolean pi_helper_is_absent(const sd_bus_error *e) {
        return sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

GError *pi_helper_error(const sd_bus_error *e) {
        PiError code = PI_ERROR_FAILED;

        if (pi_helper_is_absent(e))
                return g_error_new_literal(PI_ERROR, PI_ERROR_FAILED,
                                           "pi-computed-firewall is not installed on this bus");
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
            sd_bus_error_has_name(e, SD_BUS_ERROR_TIMEOUT))
                return g_error_new_literal(PI_ERROR, PI_ERROR_FAILED,
                                           "pi-computed-firewall does not answer, see: journalctl "
                                           "-u pi-computed-firewall");
        (void) pi_error_from_name(e->name, &code);
        return g_error_new(PI_ERROR, (int) code, "pi-computed-firewall: %s",
                           e->message ? e->message : e->name);
}
