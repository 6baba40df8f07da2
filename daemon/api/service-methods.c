/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "dbus/error.h"
#include "dbus/names.h"

static void reload_allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;

        if (server->config.reload(&error, server->config.userdata))
                (void) sd_bus_reply_method_return(call, NULL);
        else
                (void) pi_reply_gerror(call, error);
}

static void reload_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        pi_server_administer(userdata, call, user, PI_POLKIT_RELOAD, reload_allowed);
}

int pi_method_reload(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, reload_for, server);
}

static void calibrate_allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;
        g_autoptr(PiAsk) ask = pi_ask_new(server->asks, call, server, 0, &error);

        if (!ask || !pi_jobs_calibrate(server->jobs, &error)) {
                (void) pi_reply_gerror(call, error);
                return;
        }
        /* There is never more than one. */
        server->calibration = g_steal_pointer(&ask);
}

static void calibrate_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        pi_server_administer(userdata, call, user, PI_POLKIT_CALIBRATE, calibrate_allowed);
}

int pi_method_calibrate(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, calibrate_for, server);
}

void pi_server_calibrated(PiServer *server) {
        g_autoptr(PiAsk) ask = g_steal_pointer(&server->calibration);

        if (ask)
                (void) pi_reply_variant(ask->call, pi_jobs_baselines(server->jobs));
}
