/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "daemon/jobs/lease-list.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

/* The Jobs property is announced at most this often, however many jobs come and go. */
#define JOBS_CHANGED_MSEC 100

char *pi_job_object_path(const PiJob *job) {
        return g_strdup_printf(PI_JOB_PATH_PREFIX "/%" G_GUINT64_FORMAT, job->id);
}

static PiJob *job_of_path(PiServer *server, const char *path) {
        const char *id = path + strlen(PI_JOB_PATH_PREFIX);
        guint64 number;

        if (!g_str_has_prefix(path, PI_JOB_PATH_PREFIX "/") ||
            !g_ascii_string_to_unsigned(id + 1, 10, 1, G_MAXUINT64, &number, NULL))
                return NULL;
        /* One spelling only: no leading zeros. */
        return id[1] == '0' ? NULL : pi_jobs_find(server->jobs, number);
}

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata,
                    void **ret, sd_bus_error *error) {
        *ret = job_of_path(userdata, path);
        return *ret ? 1 : 0;
}

static int enumerate_jobs(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                          sd_bus_error *error) {
        PiServer *server = userdata;
        const GList *jobs = pi_jobs_list(server->jobs);
        /* sd-bus frees it with free(). */
        char **paths = calloc(g_list_length((GList *) jobs) + 1, sizeof(char *));
        size_t n = 0;

        if (!paths)
                return -ENOMEM;
        for (const GList *l = jobs; l; l = l->next)
                if (asprintf(&paths[n++], PI_JOB_PATH_PREFIX "/%" G_GUINT64_FORMAT,
                             ((PiJob *) l->data)->id) < 0)
                        return -ENOMEM;
        *ret = paths;
        return 0;
}

static PiServer *server_of(sd_bus_message *call) {
        return sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(call)));
}

/* The job of a call that had to wait for an answer about its caller; it may have gone meanwhile. */
static PiJob *job_still_there(PiServer *server, sd_bus_message *call) {
        PiJob *job = job_of_path(server, sd_bus_message_get_path(call));

        if (!job)
                (void) sd_bus_reply_method_errorf(call, pi_error_name(PI_ERROR_NO_SUCH_JOB),
                                                  "%s is no job any more",
                                                  sd_bus_message_get_path(call));
        return job;
}

static void cancel_allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        PiJob *job = job_still_there(server, call);
        g_autoptr(GError) error = NULL;

        if (!job)
                return;
        if (pi_job_is_finished(job)) {
                (void) pi_reply_already_finished(call, job);
                return;
        }
        if (!pi_pending_add(server->pending, call, job, PI_PENDING_CANCEL, &error)) {
                (void) pi_reply_gerror(call, error);
                return;
        }
        pi_jobs_end(server->jobs, job,
                    g_error_new(PI_ERROR, PI_ERROR_CANCELLED,
                                "Job %" G_GUINT64_FORMAT " was cancelled", job->id));
}

static void cancel_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        PiServer *server = userdata;
        PiJob *job = job_still_there(server, call);

        if (!job)
                return;
        if (user == job->owner || user == 0)
                cancel_allowed(call, server);
        else if (server->config.user)
                (void) pi_caller_refuse(call, PI_POLKIT_MANAGE_JOBS, "the job is another user's");
        else
                (void) pi_caller_authorise(call, PI_POLKIT_MANAGE_JOBS, cancel_allowed, server);
}

static int method_cancel(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = server_of(call);

        return pi_caller_identify(server->callers, call, cancel_for, server);
}

static int method_wait(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        g_autoptr(GError) gerror = NULL;
        PiJob *job = userdata;

        if (pi_job_is_finished(job))
                return pi_reply_job(call, job);
        if (!pi_pending_add(server_of(call)->pending, call, job, PI_PENDING_RESULT, &gerror))
                return pi_reply_gerror(call, gerror);
        return 1;
}

static int method_list_leases(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        g_autoptr(GError) gerror = NULL;
        GVariant *leases;
        uint64_t first_part;
        uint32_t limit;
        int r;

        r = sd_bus_message_read(call, "tu", &first_part, &limit);
        if (r < 0)
                return r;
        leases = pi_lease_list_to_variant(userdata, first_part, limit, &gerror);
        return leases ? pi_reply_variant(call, leases) : pi_reply_gerror(call, gerror);
}

static int get_kernel(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", ((PiJob *) userdata)->spec.kernel->name);
}

static int get_engine(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(
                reply, "s", pi_engine_kind_to_string(((PiJob *) userdata)->spec.engine));
}

static int get_engine_state(sd_bus *bus, const char *path, const char *interface,
                            const char *property, sd_bus_message *reply, void *userdata,
                            sd_bus_error *error) {
        return sd_bus_message_append(
                reply, "s", pi_engine_state_to_string(((PiJob *) userdata)->engine.state));
}

static int get_scope(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s",
                                     ((PiJob *) userdata)->spec.cluster ? "cluster" : "local");
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s",
                                     pi_job_state_to_string(((PiJob *) userdata)->state));
}

static int get_progress(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "d", pi_job_progress(userdata));
}

static int get_report(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return pi_variant_append(reply, ((PiJob *) userdata)->report);
}

static int get_verdict(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s",
                                     pi_verdict_to_string(((PiJob *) userdata)->verdict));
}

static int get_faults(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const PiJob *job = userdata;

        return pi_variant_append(reply,
                                 pi_fault_list_to_variant(job->faults, PI_FAULTS_PER_JOB));
}

static int get_error_name(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *error) {
        const PiJob *job = userdata;
        bool ended = pi_job_is_finished(job) && job->error;

        return sd_bus_message_append(reply, "s",
                                     ended ? pi_error_name((PiError) job->error->code) : "");
}

static int get_error_message(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *error) {
        const PiJob *job = userdata;
        bool ended = pi_job_is_finished(job) && job->error;

        return sd_bus_message_append(reply, "s", ended ? job->error->message : "");
}

#define CONST_FIELD(name, type, field) \
        SD_BUS_PROPERTY(name, type, NULL, offsetof(PiJob, field), SD_BUS_VTABLE_PROPERTY_CONST)
#define LIVE SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS, SD_BUS_RESULT("d", pi, "a{sv}", report),
                                method_wait, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListLeases", SD_BUS_ARGS("t", first_part, "u", limit),
                                SD_BUS_RESULT("aa{sv}", leases), method_list_leases,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_FIELD("Id", "t", id),
        CONST_FIELD("Owner", "u", owner),
        CONST_FIELD("Sender", "s", sender),
        CONST_FIELD("Label", "s", spec.label),
        CONST_FIELD("Terms", "t", spec.terms),
        CONST_FIELD("Parts", "t", spec.parts),
        CONST_FIELD("Cpus", "u", spec.cpus),
        SD_BUS_PROPERTY("Kernel", "s", get_kernel, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Engine", "s", get_engine, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Scope", "s", get_scope, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("EngineState", "s", get_engine_state, 0, LIVE),
        SD_BUS_PROPERTY("EngineDetail", "s", NULL, offsetof(PiJob, engine.detail), LIVE),
        CONST_FIELD("Priority", "i", spec.priority),
        CONST_FIELD("Resumes", "u", resumes),
        CONST_FIELD("ResumedTerms", "t", resumed_terms),
        CONST_FIELD("DeadlineUsec", "t", spec.deadline_usec),
        CONST_FIELD("CreatedUsec", "t", created_usec),
        SD_BUS_PROPERTY("StartedUsec", "t", NULL, offsetof(PiJob, started_usec), LIVE),
        SD_BUS_PROPERTY("FinishedUsec", "t", NULL, offsetof(PiJob, finished_usec), LIVE),
        SD_BUS_PROPERTY("State", "s", get_state, 0, LIVE),
        SD_BUS_PROPERTY("Progress", "d", get_progress, 0, LIVE),
        SD_BUS_PROPERTY("Pi", "d", NULL, offsetof(PiJob, pi), LIVE),
        SD_BUS_PROPERTY("Report", "a{sv}", get_report, 0, LIVE),
        SD_BUS_PROPERTY("Verdict", "s", get_verdict, 0, LIVE),
        SD_BUS_PROPERTY("Faults", "aa{sv}", get_faults, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_PROPERTY("ErrorName", "s", get_error_name, 0, LIVE),
        SD_BUS_PROPERTY("ErrorMessage", "s", get_error_message, 0, LIVE),
        SD_BUS_VTABLE_END,
};

int pi_job_objects_add(PiServer *server) {
        int r;

        r = sd_bus_add_fallback_vtable(server->bus, NULL, PI_JOB_PATH_PREFIX, PI_INTERFACE_JOB,
                                       job_vtable, find_job, server);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(server->bus, NULL, PI_JOB_PATH_PREFIX, enumerate_jobs,
                                          server);
}

/* Signals that cannot be sent have lost their bus, which the server is told of elsewhere. */

static gboolean announce_jobs(gpointer userdata) {
        PiServer *server = userdata;

        server->jobs_changed = 0;
        (void) sd_bus_emit_properties_changed(server->bus, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                              "Jobs", NULL);
        return G_SOURCE_REMOVE;
}

static void jobs_changed(PiServer *server) {
        if (server->jobs_changed == 0)
                server->jobs_changed = g_timeout_add(JOBS_CHANGED_MSEC, announce_jobs, server);
}

static void job_added(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = pi_job_object_path(job);

        (void) sd_bus_emit_object_added(server->bus, path);
        jobs_changed(server);
}

static void job_removed(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = pi_job_object_path(job);

        (void) sd_bus_emit_object_removed(server->bus, path);
        jobs_changed(server);
}

static void job_state_changed(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = pi_job_object_path(job);

        if (!pi_job_is_finished(job)) {
                (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_JOB, "State",
                                                      "StartedUsec", NULL);
                return;
        }
        /* Whoever waits hears it first. */
        pi_pending_answer(server->pending, job);
        (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_JOB, "State",
                                              "FinishedUsec", "Progress", "Pi", "Report",
                                              "ErrorName", "ErrorMessage", NULL);
}

static void job_progressed(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = pi_job_object_path(job);

        (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_JOB, "Progress",
                                              NULL);
}

static void job_engine_changed(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = pi_job_object_path(job);

        (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_JOB, "EngineState",
                                              "EngineDetail", NULL);
}

static void job_judged(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = NULL;

        /* Leases of another node's job have no object here. */
        if (job->guest)
                return;
        path = pi_job_object_path(job);
        (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_JOB, "Verdict",
                                              "Faults", NULL);
}

/* Whoever waits is told to come again. */
static void job_suspended(PiJob *job, gpointer userdata) {
        PiServer *server = userdata;

        pi_pending_answer(server->pending, job);
}

const PiJobsListener pi_job_objects_listener = {
        .added = job_added,
        .engine_changed = job_engine_changed,
        .state_changed = job_state_changed,
        .progressed = job_progressed,
        .removed = job_removed,
        .judged = job_judged,
        .suspended = job_suspended,
};
