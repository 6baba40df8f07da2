/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>

#include "config.h"
#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "daemon/series/range.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

/* Reads the arguments of ComputePi and SubmitJob and queues the job. `attached`: it ends with the
 * caller. */
static PiJob *submit(PiServer *server, sd_bus_message *call, uid_t user, bool attached,
                     GError **error) {
        g_autoptr(GVariant) options = NULL;
        uint64_t terms;
        int r;

        r = sd_bus_message_read(call, "t", &terms);
        if (r >= 0)
                r = pi_variant_read(call, &options);
        if (r < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "The options cannot be read: %s",
                            r == -EOPNOTSUPP ? "a value has a type no option has" : g_strerror(-r));
                return NULL;
        }
        return pi_jobs_submit(server->jobs, user, attached ? sd_bus_message_get_sender(call) : "",
                              terms, options, error);
}

static void compute_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;
        PiJob *job = submit(server, call, user, true, &error);

        if (!job || !pi_pending_add(server->pending, call, job, PI_PENDING_RESULT, &error))
                (void) pi_reply_gerror(call, error);
}

static int method_compute_pi(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, compute_for, server);
}

/* Also when it could not be written: the job is there, and StoreState tells. */
static void submitted(const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;
        g_autofree char *path =
                g_strdup_printf(PI_JOB_PATH_PREFIX "/%" G_GUINT64_FORMAT, ask->id);

        (void) sd_bus_reply_method_return(ask->call, "o", path);
}

/* Answers when the job is on disk, and so survives whatever happens to the machine; meanwhile it
 * may run. */
static void submit_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;
        g_autoptr(PiAsk) ask = pi_ask_new(server->asks, call, server, 0, &error);
        PiJob *job = ask ? submit(server, call, user, false, &error) : NULL;

        if (!job) {
                (void) pi_reply_gerror(call, error);
                return;
        }
        ask->id = job->id;
        pi_jobs_record(server->jobs, job, submitted, g_steal_pointer(&ask));
}

static int method_submit_job(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, submit_for, server);
}

static int method_get_metrics(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_reply_variant(call, pi_jobs_metrics(server->jobs));
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", PI_VERSION);
}

static int get_kernel(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return sd_bus_message_append(reply, "s", server->config.kernel->name);
}

static int get_kernels(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (const PiKernel *const *k = pi_kernels(); r >= 0 && *k; k++)
                r = sd_bus_message_append(reply, "s", (*k)->name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_numerics_version(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "u", PI_NUMERICS_VERSION);
}

static int get_max_terms(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "t", PI_TERMS_MAX);
}

static const GError *store_error(const PiServer *server) {
        const PiStore *store = pi_jobs_store(server->jobs);
        PiStoreFigures figures = {};

        /* While it is being opened nobody asks but our own signals. */
        if (store)
                pi_store_figures(store, &figures);
        return figures.error;
}

static int get_store_state(sd_bus *bus, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *userdata,
                           sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", store_error(userdata) ? "degraded" : "ok");
}

static int get_store_error(sd_bus *bus, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *userdata,
                           sd_bus_error *error) {
        const GError *why = store_error(userdata);

        return sd_bus_message_append(reply, "s", why ? why->message : "");
}

static int get_jobs(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        int r = sd_bus_message_open_container(reply, 'a', "o");

        for (const GList *l = pi_jobs_list(server->jobs); r >= 0 && l; l = l->next) {
                g_autofree char *job_path = pi_job_object_path(l->data);
                r = sd_bus_message_append(reply, "o", job_path);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const sd_bus_vtable pi_manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("ComputePi", SD_BUS_ARGS("t", terms, "a{sv}", options),
                                SD_BUS_RESULT("d", pi, "a{sv}", report), method_compute_pi,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SubmitJob", SD_BUS_ARGS("t", terms, "a{sv}", options),
                                SD_BUS_RESULT("o", job), method_submit_job,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", metrics),
                                method_get_metrics, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListHistory", SD_BUS_ARGS("u", limit),
                                SD_BUS_RESULT("aa{sv}", jobs), pi_method_list_history,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeJob", SD_BUS_ARGS("t", id), SD_BUS_RESULT("a{sv}", job),
                                pi_method_describe_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListFaults", SD_BUS_ARGS("u", limit),
                                SD_BUS_RESULT("aa{sv}", faults), pi_method_list_faults,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RestoreCore", SD_BUS_ARGS("u", cpu), SD_BUS_NO_RESULT,
                                pi_method_restore_core, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("InjectFault", SD_BUS_ARGS("u", cpu, "a{sv}", options),
                                SD_BUS_NO_RESULT, pi_method_inject_fault,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RecordSweep", SD_BUS_ARGS("a{sv}", run), SD_BUS_RESULT("t", id),
                                pi_method_record_sweep, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListSweeps", SD_BUS_ARGS("u", limit),
                                SD_BUS_RESULT("aa{sv}", sweeps), pi_method_list_sweeps,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeSweep", SD_BUS_ARGS("t", id),
                                SD_BUS_RESULT("a{sv}", sweep), pi_method_describe_sweep,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Calibrate", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", baselines),
                                pi_method_calibrate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, pi_method_reload,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateCluster", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        /* Tokens hold a secret. */
        SD_BUS_METHOD_WITH_ARGS("CreateJoinToken", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("s", token), pi_method_manage_cluster,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("ListJoinTokens", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", tokens),
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RevokeJoinToken", SD_BUS_ARGS("s", id), SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("JoinCluster", SD_BUS_ARGS("s", token), SD_BUS_NO_RESULT,
                                pi_method_manage_cluster,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("LeaveCluster", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveNode", SD_BUS_ARGS("s", node), SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RestoreNode", SD_BUS_ARGS("s", node), SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ApplyFirewall", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveFirewall", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                pi_method_manage_cluster, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NodeId", "s", NULL, offsetof(PiServer, config.node_id),
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Cpus", "u", NULL, offsetof(PiServer, config.cpus),
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Kernel", "s", get_kernel, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Kernels", "as", get_kernels, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NumericsVersion", "u", get_numerics_version, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("MaxTerms", "t", get_max_terms, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("StoreState", "s", get_store_state, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StoreError", "s", get_store_error, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Jobs", "ao", get_jobs, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("ClusterId", "s", pi_property_cluster_id, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ClusterError", "s", pi_property_cluster_error, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Nodes", "ao", pi_property_nodes, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("FirewallState", "s", pi_property_firewall_state, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("FirewallError", "s", pi_property_firewall_error, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

static void store_changed(const GError *error, gpointer userdata) {
        PiServer *server = userdata;

        (void) sd_bus_emit_properties_changed(server->bus, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                              "StoreState", "StoreError", NULL);
}

static void calibrated(gpointer userdata) {
        pi_server_calibrated(userdata);
}

const PiJobsListener pi_manager_listener = {
        .store_changed = store_changed,
        .calibrated = calibrated,
};
