/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "daemon/api/server.h"
#include "daemon/events.h"
#include "daemon/jobs/fault-journal.h"
#include "daemon/jobs/journal.h"
#include "daemon/node-id.h"
#include "daemon/notify.h"
#include "dbus/error.h"

#define EXIT_USAGE 2
#define WORKERS_UNSET G_MININT

typedef struct Options {
        gboolean user;
        gboolean system;
        gboolean version;
        gboolean fault_injection;
        int workers; /* WORKERS_UNSET: one for each CPU */
        char *kernel;
} Options;

typedef struct Daemon {
        GMainLoop *loop;
        PiJobs *jobs;
        PiNotify *notify;
        int exit_status;
        gboolean stopping;
} Daemon;

static gboolean parse_options(Options *o, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                { "system", 0, 0, G_OPTION_ARG_NONE, &o->system, "Serve the system bus (default)",
                  NULL },
                { "user", 0, 0, G_OPTION_ARG_NONE, &o->user, "Serve the session bus", NULL },
                { "workers", 0, 0, G_OPTION_ARG_INT, &o->workers,
                  "Worker threads, 1 to 1024 (default: one a CPU)", "N" },
                { "kernel", 0, 0, G_OPTION_ARG_STRING, &o->kernel, "Kernel of jobs that name none",
                  "NAME" },
                { "fault-injection", 0, 0, G_OPTION_ARG_NONE, &o->fault_injection,
                  "Allow InjectFault: for tests and rehearsals", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version and exit",
                  NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);

        g_option_context_set_summary(context, "Sum the Leibniz series, every piece of it verified, "
                                              "as a service on D-Bus.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error))
                return FALSE;
        if (*argc > 1) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "Unknown argument \"%s\"",
                            (*argv)[1]);
                return FALSE;
        }
        if (o->user && o->system) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "Give --user or --system, not both");
                return FALSE;
        }
        if (o->workers != WORKERS_UNSET && (o->workers < 1 || o->workers > PI_WORKERS_MAX)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--workers=%d is out of range: 1 to %d", o->workers, PI_WORKERS_MAX);
                return FALSE;
        }
        return TRUE;
}

static const PiKernel *choose_kernel(const char *name, GError **error) {
        const PiKernel *kernel = name ? pi_kernel_find(name) : pi_kernel_default();
        g_autoptr(GString) names = g_string_new(NULL);

        if (kernel)
                return kernel;
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                g_string_append_printf(names, " %s", (*k)->name);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "--kernel=%s is none of the kernels of this CPU:%s", name, names->str);
        return NULL;
}

static gboolean all_ended(gpointer userdata) {
        Daemon *d = userdata;

        if (pi_jobs_n_running(d->jobs) > 0)
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

/* Where the record of bad cores is: what systemd made for the service, else the user's own. */
static char *state_directory(gboolean user) {
        const char *directories = g_getenv("STATE_DIRECTORY");

        if (directories && directories[0])
                return g_strndup(directories, strcspn(directories, ":"));
        return user ? g_build_filename(g_get_user_state_dir(), "pi-computed", NULL) : NULL;
}

static void tell_start(const Options *o, const PiPool *pool, const PiKernel *kernel) {
        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", PI_EVENT_STARTED,
                         "MESSAGE",
                         "pi-computed " PI_VERSION " is ready: %u CPU slots, kernel %s, %s bus%s",
                         pi_pool_size(pool), kernel->name, o->user ? "session" : "system",
                         o->fault_injection ? "; fault injection is on" : "");
}

static int serve(const Options *o, GError **error) {
        g_autofree char *node_id = pi_node_id(), *directory = state_directory(o->user);
        g_autoptr(PiPool) pool = NULL;
        g_autoptr(PiJobs) jobs = NULL;
        g_autoptr(PiNotify) notify = NULL;
        g_autoptr(PiServer) server = NULL;
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        Daemon d = { .loop = loop };
        const PiKernel *kernel = choose_kernel(o->kernel, error);

        if (!kernel)
                return EXIT_USAGE;
        pool = pi_pool_new(o->workers == WORKERS_UNSET ? 0 : (uint32_t) o->workers, error);
        if (!pool)
                return EXIT_FAILURE;
        jobs = d.jobs = pi_jobs_new(pool, &(PiNode) { .id = node_id,
                                                      .name = g_get_host_name(),
                                                      .kernel = kernel,
                                                      .fault_injection = o->fault_injection });
        pi_jobs_add_listener(jobs, &pi_journal_listener, NULL);
        pi_jobs_add_listener(jobs, &pi_fault_journal_listener, NULL);
        pi_jobs_open_record(jobs, directory);
        notify = d.notify = pi_notify_new(jobs, pool);
        server = pi_server_new(&(PiServerConfig) { .user = o->user,
                                                   .node_id = node_id,
                                                   .kernel = kernel,
                                                   .cpus = pi_pool_size(pool),
                                                   .disconnected = on_disconnected,
                                                   .userdata = &d },
                               jobs, error);
        if (!server)
                return EXIT_FAILURE;
        g_unix_signal_add(SIGTERM, on_signal, &d);
        g_unix_signal_add(SIGINT, on_signal, &d);
        tell_start(o, pool, kernel);
        pi_notify_ready(notify);
        g_main_loop_run(loop);
        return d.exit_status;
}

int main(int argc, char *argv[]) {
        g_autoptr(GError) error = NULL;
        g_autofree char *kernel = NULL;
        Options o = { .workers = WORKERS_UNSET };
        int status;

        if (!parse_options(&o, &argc, &argv, &error)) {
                g_printerr("pi-computed: %s. See pi-computed --help.\n", error->message);
                return EXIT_USAGE;
        }
        kernel = o.kernel;
        if (o.version) {
                puts("pi-computed " PI_VERSION);
                return EXIT_SUCCESS;
        }
        status = serve(&o, &error);
        if (error)
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "MESSAGE", "%s",
                                 error->message);
        return status;
}
