/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "daemon/launcher/child.h"
#include "daemon/launcher/command.h"
#include "daemon/launcher/launch.h"
#include "dbus/error.h"

#define EXIT_USAGE 2

typedef struct Program {
        gboolean user;
        gboolean version;
        GMainLoop *loop;
        PiLaunch *launch;
} Program;

/* Nobody who sends orders says what is executed: the administrator does. */
static PiSettings *prepare(char ***ret_argv, GError **error, gpointer userdata) {
        const Program *program = userdata;
        g_autoptr(PiSettings) settings = pi_settings_load_all(program->user, error);
        g_autofree char *helper = NULL;

        if (!settings)
                return NULL;
        helper = pi_command_helper(settings, PI_BINDIR, error);
        if (!helper)
                return NULL;
        *ret_argv = pi_command_argv(settings, helper, error);
        return *ret_argv ? g_steal_pointer(&settings) : NULL;
}

static void done(gpointer userdata) {
        const Program *program = userdata;

        g_main_loop_quit(program->loop);
}

static gboolean on_signal(gpointer userdata) {
        const Program *program = userdata;

        pi_launch_end(program->launch, "pi-computed-engine was told to end");
        return G_SOURCE_CONTINUE;
}

static int serve(Program *program) {
        static const PiLaunchOps ops = { prepare, done };
        int signals = pi_child_prepare();

        if (signals < 0) {
                g_printerr("pi-computed-engine: Cannot look after processes: %s\n",
                           g_strerror(-signals));
                return EXIT_FAILURE;
        }
        signal(SIGPIPE, SIG_IGN);
        program->loop = g_main_loop_new(NULL, FALSE);
        program->launch = pi_launch_new(STDIN_FILENO, STDOUT_FILENO, signals, &ops, program);
        g_unix_signal_add(SIGTERM, on_signal, program);
        g_unix_signal_add(SIGINT, on_signal, program);
        g_main_loop_run(program->loop);
        pi_launch_free(program->launch);
        g_main_loop_unref(program->loop);
        return EXIT_SUCCESS;
}

static gboolean parse_options(Program *program, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                { "user", 0, 0, G_OPTION_ARG_NONE, &program->user,
                  "Read the settings of the user, not of the system", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &program->version,
                  "Print the version and exit", NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);

        g_option_context_set_summary(context, "Start an engine for pi-computed, which gives orders "
                                              "on stdin and reads reports on stdout.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error))
                return FALSE;
        if (*argc == 1)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "Unknown argument \"%s\"",
                    (*argv)[1]);
        return FALSE;
}

int main(int argc, char *argv[]) {
        g_autoptr(GError) error = NULL;
        Program program = {};

        if (!parse_options(&program, &argc, &argv, &error)) {
                g_printerr("pi-computed-engine: %s\n", error->message);
                return EXIT_USAGE;
        }
        if (program.version) {
                puts("pi-computed-engine " PI_VERSION);
                return EXIT_SUCCESS;
        }
        return serve(&program);
}
