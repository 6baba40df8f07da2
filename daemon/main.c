/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "daemon/api/server.h"
#include "daemon/events.h"
#include "daemon/jobs/fault-journal.h"
#include "daemon/jobs/journal.h"
#include "daemon/launch/front.h"
#include "daemon/log.h"
#include "daemon/membership.h"
#include "daemon/memory.h"
#include "daemon/notify.h"
#include "dbus/error.h"
#include "dbus/program.h"

#define EXIT_USAGE 2
#define WORKERS_UNSET G_MININT

typedef struct Options {
        PiProgram program;
        gboolean fault_injection;
        int workers; /* WORKERS_UNSET: one for each CPU */
        char *kernel;
} Options;

typedef struct Daemon {
        const Options *options;
        GMainLoop *loop;
        PiJobs *jobs;
        PiServer *server;
        PiMemory *memory;
        PiNotify *notify;
        PiMembership *membership;
        int exit_status;
        gboolean stopping;
} Daemon;

static gboolean parse_options(Options *o, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                { "workers", 0, 0, G_OPTION_ARG_INT, &o->workers,
                  "Worker threads, 1 to 1024 (default: one a CPU)", "N" },
                { "kernel", 0, 0, G_OPTION_ARG_STRING, &o->kernel, "Kernel of jobs that name none",
                  "NAME" },
                { "fault-injection", 0, 0, G_OPTION_ARG_NONE, &o->fault_injection,
                  "Allow InjectFault: for tests and rehearsals", NULL },
                { NULL },
        };

        if (!pi_program_parse(&o->program, "Sum the Leibniz series, every piece of it verified, "
                                           "as a service on D-Bus.",
                              entries, argc, argv, error))
                return FALSE;
        if (o->workers != WORKERS_UNSET && (o->workers < 1 || o->workers > PI_WORKERS_MAX)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--workers=%d is out of range: 1 to %d", o->workers, PI_WORKERS_MAX);
                return FALSE;
        }
        return TRUE;
}

static const PiKernel *choose_kernel(const Options *o, const PiSettings *settings,
                                     GError **error) {
        const char *name = o->kernel ? o->kernel : settings->kernel;
        const PiKernel *kernel = name[0] ? pi_kernel_find(name) : pi_kernel_default();
        g_autoptr(GString) names = g_string_new(NULL);

        if (kernel)
                return kernel;
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                g_string_append_printf(names, " %s", (*k)->name);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s%s is none of the kernels of this CPU:%s",
                    o->kernel ? "--kernel=" : "Kernel= in pi-computed.conf: ", name, names->str);
        return NULL;
}

static gboolean all_ended(gpointer userdata) {
        Daemon *d = userdata;

        if (pi_jobs_n_running(d->jobs) > 0 || !pi_server_stop(d->server))
                return G_SOURCE_CONTINUE;
        g_main_loop_quit(d->loop);
        return G_SOURCE_REMOVE;
}

static void stop(Daemon *d) {
        if (d->stopping)
                return;
        d->stopping = TRUE;
        pi_notify_stopping(d->notify);
        pi_jobs_shut_down(d->jobs);
        if (all_ended(d))
                g_timeout_add(1, all_ended, d);
}

static gboolean on_signal(gpointer userdata) {
        stop(userdata);
        return G_SOURCE_CONTINUE;
}

static gboolean on_disconnected(gpointer userdata) {
        Daemon *d = userdata;

        if (!d->stopping) {
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "MESSAGE",
                                 "The connection to the bus was lost: stopping");
                d->exit_status = EXIT_FAILURE;
        }
        stop(d);
        return G_SOURCE_REMOVE;
}

/* Where the store and the node's identity are, the first that systemd made for the service; NULL to
 * have them in memory. */
static char *state_directory(gboolean user) {
        const char *directories = g_getenv("STATE_DIRECTORY");

        if (directories && directories[0])
                return g_strndup(directories, strcspn(directories, ":"));
        return user ? g_build_filename(g_get_user_state_dir(), "pi-computed", NULL) : NULL;
}

static gboolean reload(GError **error, gpointer userdata) {
        Daemon *d = userdata;
        g_autoptr(GError) loading = NULL;
        PiSettings *settings;

        if (d->stopping) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                    "The service is being stopped: it reads its settings when it "
                                    "starts");
                return FALSE;
        }
        pi_notify_reloading(d->notify);
        settings = pi_settings_load_all(d->options->program.user, &loading);
        if (settings)
                pi_jobs_apply_settings(d->jobs, settings);
        else
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID",
                                 PI_EVENT_RELOAD_FAILED, "PI_ERROR",
                                 pi_error_name((PiError) loading->code), "MESSAGE",
                                 "The settings stay as they were: %s", loading->message);
        pi_notify_ready(d->notify);
        if (loading)
                g_propagate_error(error, g_steal_pointer(&loading));
        return settings != NULL;
}

static PiCluster *open_cluster(gboolean begin, GError **error, gpointer userdata) {
        Daemon *d = userdata;
        PiCluster *cluster = pi_membership_open(d->membership, begin, error);

        if (cluster)
                pi_memory_watch(d->memory, cluster);
        return cluster;
}

/* Of a node that is in one. */
static void begin_cluster(Daemon *d, PiServer *server) {
        PiCluster *cluster;

        pi_membership_begin(d->membership, d->jobs);
        cluster = pi_membership_cluster(d->membership);
        if (!cluster)
                return;
        pi_server_set_cluster(server, cluster);
        pi_memory_watch(d->memory, cluster);
}

static void on_listed(gpointer userdata) {
        Daemon *d = userdata;

        pi_memory_trim_soon(d->memory);
}

static gboolean on_reload_signal(gpointer userdata) {
        /* A failure is in the journal. */
        (void) reload(NULL, userdata);
        return G_SOURCE_CONTINUE;
}

static void watch_signals(Daemon *d) {
        g_unix_signal_add(SIGTERM, on_signal, d);
        g_unix_signal_add(SIGINT, on_signal, d);
        g_unix_signal_add(SIGHUP, on_reload_signal, d);
}

static void tell_start(const Options *o, const PiPool *pool, const PiKernel *kernel) {
        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", PI_EVENT_STARTED,
                         "MESSAGE",
                         "pi-computed " PI_VERSION " is ready: %u CPU slots, kernel %s, %s bus%s",
                         pi_pool_size(pool), kernel->name, o->program.user ? "session" : "system",
                         o->fault_injection ? "; fault injection is on" : "");
}

static int serve(const Options *o, PiMembership *membership, const char *directory,
                 GError **error) {
        const char *node_id = pi_membership_node_id(membership);
        PiJournalBudget budget = {};
        g_autoptr(PiPool) pool = NULL;
        g_autoptr(PiLaunchFront) engine = pi_launch_front_new(o->program.user);
        g_autoptr(PiJobs) jobs = NULL;
        g_autoptr(PiMemory) memory = NULL;
        g_autoptr(PiNotify) notify = NULL;
        g_autoptr(PiServer) server = NULL;
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        g_autoptr(PiSettings) settings = pi_settings_load_all(o->program.user, error);
        Daemon d = { .options = o, .loop = loop, .membership = membership };
        const PiKernel *kernel;
        gboolean firewall;

        if (!settings)
                return EX_CONFIG; /* the unit does not start it again then */
        kernel = choose_kernel(o, settings, error);
        if (!kernel)
                return o->kernel ? EXIT_USAGE : EX_CONFIG;
        pool = pi_pool_new(o->workers == WORKERS_UNSET ? settings->workers : (uint32_t) o->workers,
                           error);
        if (!pool)
                return EXIT_FAILURE;
        pi_membership_configure(membership, settings);
        firewall = settings->firewall;
        jobs = d.jobs = pi_jobs_new(pool, &(PiNode) { .id = node_id,
                                                      .name = pi_membership_name(membership),
                                                      .kernel = kernel,
                                                      .fault_injection = o->fault_injection },
                                     g_steal_pointer(&settings));
        pi_jobs_set_engine(jobs, pi_launch_front_engine(engine));
        pi_jobs_add_listener(jobs, &pi_journal_listener, &budget);
        pi_jobs_add_listener(jobs, &pi_fault_journal_listener, NULL);
        memory = d.memory = pi_memory_new(jobs);
        notify = d.notify = pi_notify_new(jobs, pool);
        server = d.server = pi_server_new(&(PiServerConfig) { .firewall = firewall,
                                                              .user = o->program.user,
                                                              .node_id = node_id,
                                                              .kernel = kernel,
                                                              .cpus = pi_pool_size(pool),
                                                              .disconnected = on_disconnected,
                                                              .listed = on_listed,
                                                              .reload = reload,
                                                              .open_cluster = open_cluster,
                                                              .userdata = &d },
                               jobs, error);
        if (!server)
                return EXIT_FAILURE;
        begin_cluster(&d, server);
        /* Not before the name is ours: jobs of an earlier service start with it. */
        pi_jobs_open_store(jobs, directory);
        watch_signals(&d);
        tell_start(o, pool, kernel);
        pi_notify_ready(notify);
        g_main_loop_run(loop);
        pi_membership_end(membership);
        return d.exit_status;
}

int main(int argc, char *argv[]) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiMembership) membership = NULL;
        g_autofree char *kernel = NULL, *directory = NULL;
        PiLog log;
        Options o = { .workers = WORKERS_UNSET };
        int status;

        pi_memory_set_up();
        if (!parse_options(&o, &argc, &argv, &error)) {
                g_printerr("pi-computed: %s. See pi-computed --help.\n", error->message);
                return EXIT_USAGE;
        }
        kernel = o.kernel;
        if (o.program.version) {
                puts("pi-computed " PI_VERSION);
                return EXIT_SUCCESS;
        }
        directory = state_directory(o.program.user);
        membership = pi_membership_new(directory);
        pi_log_begin(&log, pi_membership_node_id(membership));
        status = serve(&o, membership, directory, &error);
        if (error)
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "MESSAGE", "%s",
                                 error->message);
        return status;
}
