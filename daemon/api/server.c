/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/server.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/api/server-private.h"
#include "dbus/bus-source.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* A name without a new owner: a connection left. One match for all callers costs one wake-up for
 * each connection that leaves the bus, and no round trip for each call. */
#define CALLER_LEFT_MATCH                                                                          \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"                \
        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''"

#define DISCONNECTED_MATCH                                                                         \
        "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',"    \
        "interface='org.freedesktop.DBus.Local',member='Disconnected'"

void pi_server_administer(PiServer *server, sd_bus_message *call, uid_t user, const char *action,
                          PiCallerAllowed allowed) {
        if (user == 0 || user == geteuid())
                allowed(call, server);
        else if (server->config.user)
                (void) pi_caller_refuse(call, action, "the service is another user's");
        else
                (void) pi_caller_authorise(call, action, allowed, server);
}

static void end_jobs_of(PiJobs *jobs, const char *sender) {
        /* Ending a job may drop finished ones from the list, never one that is not: note these
         * first. */
        g_autoptr(GList) theirs = NULL;

        for (const GList *l = pi_jobs_list(jobs); l; l = l->next) {
                PiJob *job = l->data;
                if (!pi_job_is_finished(job) && g_str_equal(job->sender, sender))
                        theirs = g_list_prepend(theirs, job);
        }
        /* The last one first, so that none is started on its way out. */
        for (GList *l = theirs; l; l = l->next) {
                PiJob *job = l->data;
                pi_jobs_end(jobs, job,
                            g_error_new(PI_ERROR, PI_ERROR_CANCELLED,
                                        "Job %" G_GUINT64_FORMAT
                                        " was cancelled: its caller left the bus",
                                        job->id));
        }
}

static int caller_left(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        const char *name;

        if (sd_bus_message_read(m, "s", &name) < 0 || name[0] != ':')
                return 0;
        pi_callers_forget(server->callers, name);
        pi_pending_drop_sender(server->pending, name);
        end_jobs_of(server->jobs, name);
        return 0;
}

static int disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        server->config.disconnected(server->config.userdata);
        return 0;
}

static gboolean fail(GError **error, int r, const char *doing, bool user) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s the %s bus: %s", doing,
                    user ? "session" : "system", g_strerror(-r));
        return FALSE;
}

static gboolean export_objects(PiServer *server, GError **error) {
        int r;

        r = sd_bus_add_object_manager(server->bus, NULL, PI_OBJECT_PATH);
        if (r >= 0)
                r = sd_bus_add_object_vtable(server->bus, NULL, PI_OBJECT_PATH,
                                             PI_INTERFACE_MANAGER, pi_manager_vtable, server);
        if (r >= 0)
                r = pi_job_objects_add(server);
        if (r >= 0)
                r = pi_node_objects_add(server);
        if (r >= 0)
                r = sd_bus_add_match(server->bus, NULL, CALLER_LEFT_MATCH, caller_left, server);
        if (r >= 0)
                r = sd_bus_add_match(server->bus, NULL, DISCONNECTED_MATCH, disconnected, server);
        return r >= 0 || fail(error, r, "Exporting the objects on", server->config.user);
}

static gboolean take_name(PiServer *server, GError **error) {
        int r = sd_bus_request_name(server->bus, PI_BUS_NAME, 0);

        if (r == -EEXIST) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "The name " PI_BUS_NAME
                            " is taken on the %s bus: another pi-computed runs there",
                            server->config.user ? "session" : "system");
                return FALSE;
        }
        if (r == -EACCES || r == -EPERM) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "The bus does not let this user take the name " PI_BUS_NAME
                                    ": start it as "
                                    "the service (systemctl start pi-computed), or with --user");
                return FALSE;
        }
        return r >= 0 || fail(error, r, "Taking the name " PI_BUS_NAME " on", server->config.user);
}

static gboolean start(PiServer *server, GError **error) {
        int r = server->config.user ? sd_bus_open_user_with_description(&server->bus, "session")
                                    : sd_bus_open_system_with_description(&server->bus, "system");

        if (r < 0)
                return fail(error, r, "Connecting to", server->config.user);
        if (!export_objects(server, error))
                return FALSE;
        server->source = pi_bus_source_new(server->bus);
        g_source_attach(server->source, NULL);
        pi_jobs_add_listener(server->jobs, &pi_job_objects_listener, server);
        pi_jobs_add_listener(server->jobs, &pi_manager_listener, server);
        return take_name(server, error);
}

PiServer *pi_server_new(const PiServerConfig *config, PiJobs *jobs, GError **error) {
        g_autoptr(PiServer) server = g_new0(PiServer, 1);

        server->config = *config;
        server->jobs = jobs;
        server->pending = pi_pending_new();
        server->callers = pi_callers_new();
        server->asks = pi_asks_new();
        server->announced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return start(server, error) ? g_steal_pointer(&server) : NULL;
}

static void guard_changed(const GError *error, gpointer userdata) {
        PiServer *server = userdata;

        pi_jobs_note_firewall(server->jobs, error);
        (void) sd_bus_emit_properties_changed(server->bus, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                              "FirewallState", "FirewallError", NULL);
}

void pi_server_set_cluster(PiServer *server, PiCluster *cluster) {
        server->cluster = cluster;
        pi_node_objects_begin(server);
        server->guard = pi_guard_new(server->bus, cluster, server->config.firewall, guard_changed,
                                     server);
}

gboolean pi_server_stop(PiServer *server) {
        return !server->guard || pi_guard_stop(server->guard);
}

void pi_server_free(PiServer *server) {
        if (!server)
                return;
        g_clear_handle_id(&server->jobs_changed, g_source_remove);
        g_clear_handle_id(&server->nodes_changed, g_source_remove);
        pi_guard_free(server->guard);
        pi_pending_free(server->pending);
        pi_asks_free(server->asks);
        if (server->source) {
                g_source_destroy(server->source);
                g_source_unref(server->source);
        }
        sd_bus_flush_close_unref(server->bus);
        pi_callers_free(server->callers);
        g_hash_table_unref(server->announced);
        g_free(server);
}
