/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

int pi_method_list_faults(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        uint32_t limit;
        int r;

        r = pi_read_limit(call, PI_FAULTS_LISTED_MAX, &limit, error);
        if (r < 0)
                return r;
        return pi_reply_variant(call, pi_jobs_list_faults(server->jobs, limit));
}

/* `error` NULL: it was done. */
static void reply(sd_bus_message *call, const GError *error) {
        if (error)
                (void) pi_reply_gerror(call, error);
        else
                (void) sd_bus_reply_method_return(call, NULL);
}

static void restore_allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;
        uint32_t cpu;

        /* Its signature was checked when the call came. */
        if (sd_bus_message_read(call, "u", &cpu) < 0)
                return;
        (void) pi_jobs_restore_core(server->jobs, cpu, &error);
        reply(call, error);
}

static void restore_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        pi_server_administer(userdata, call, user, PI_POLKIT_MANAGE_CORES, restore_allowed);
}

int pi_method_restore_core(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, restore_for, server);
}

static void inject_allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GVariant) options = NULL;
        g_autoptr(GError) error = NULL;
        uint32_t cpu;

        if (sd_bus_message_read(call, "u", &cpu) < 0 || pi_variant_read(call, &options) < 0)
                g_set_error_literal(&error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "The options cannot be read: a value has a type no option has");
        else
                (void) pi_jobs_inject(server->jobs, cpu, options, &error);
        reply(call, error);
}

static void inject_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        pi_server_administer(userdata, call, user, PI_POLKIT_INJECT_FAULTS, inject_allowed);
}

int pi_method_inject_fault(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        g_autoptr(GError) disabled = NULL;

        /* Before anybody is asked for a password. */
        if (!pi_jobs_may_inject(server->jobs, &disabled))
                return pi_reply_gerror(call, disabled);
        return pi_caller_identify(server->callers, call, inject_for, server);
}
