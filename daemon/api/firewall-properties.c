/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/server-private.h"
#include "dbus/names.h"

int pi_property_firewall_state(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *error) {
        const PiServer *server = userdata;
        PiGuardState state = server->guard ? pi_guard_state(server->guard) : PI_GUARD_OFF;

        return sd_bus_message_append(reply, "s", pi_guard_state_to_string(state));
}

int pi_property_firewall_error(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *error) {
        const PiServer *server = userdata;
        const GError *why = server->guard ? pi_guard_error(server->guard) : NULL;

        return sd_bus_message_append(reply, "s", why ? why->message : "");
}
