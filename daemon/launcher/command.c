/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/command.h"

#include <string.h>
#include <unistd.h>

#include "daemon/settings/launcher.h"
#include "dbus/error.h"

uint32_t pi_command_ranks(const PiSettings *settings) {
        return settings->engine_ranks > 0 ? settings->engine_ranks : settings->engine_nodes;
}

static gboolean can_execute(const char *path) {
        return g_file_test(path, G_FILE_TEST_IS_REGULAR) && access(path, X_OK) == 0;
}

char *pi_command_helper(const PiSettings *settings, const char *directory, GError **error) {
        static const char *const any[] = { "openmpi", "mpich", NULL };
        const PiLauncherPreset *preset = pi_launcher_preset(settings->engine_launcher);
        const char *mpi = preset ? preset->mpi : NULL;

        if (settings->engine_helper[0] != '\0') {
                if (can_execute(settings->engine_helper))
                        return g_strdup(settings->engine_helper);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                            "[Engine] Helper=%s: there is no such program that may be executed: "
                            "give the path of pi-computed-mpi, or nothing for the package's",
                            settings->engine_helper);
                return NULL;
        }
        for (const char *const *name = any; *name; name++) {
                g_autofree char *file = g_strconcat("pi-computed-mpi.", *name, NULL);
                g_autofree char *path = g_build_filename(directory, file, NULL);

                if ((!mpi || g_str_equal(mpi, *name)) && can_execute(path))
                        return g_steal_pointer(&path);
        }
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                    "%s has no pi-computed-mpi.%s: install pi-computed-%s, or set Helper= of "
                    "[Engine]",
                    directory, mpi ? mpi : any[0], mpi ? mpi : any[0]);
        return NULL;
}

/* The word with numbers in its placeholders; NULL: one has no value. */
static char *fill(const PiSettings *settings, const char *word) {
        const struct {
                const char *placeholder;
                uint32_t value;
        } values[] = {
                { "{ranks}", pi_command_ranks(settings) },
                { "{nodes}", settings->engine_nodes },
                { "{threads}", settings->engine_threads },
        };
        g_autoptr(GString) filled = g_string_new(word);

        for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
                g_autofree char *number = g_strdup_printf("%u", values[i].value);

                if (g_string_replace(filled, values[i].placeholder, number, 0) > 0 &&
                    values[i].value == 0)
                        return NULL;
        }
        return g_strdup(filled->str);
}

static void add_helper(GPtrArray *argv, const PiSettings *settings, const char *helper) {
        g_ptr_array_add(argv, g_strdup(helper));
        g_ptr_array_add(argv, g_strdup("--control=stdin"));
        g_ptr_array_add(argv, g_strdup_printf("--expect-ranks=%u", pi_command_ranks(settings)));
        if (settings->engine_threads > 0)
                g_ptr_array_add(argv, g_strdup_printf("--threads=%u", settings->engine_threads));
}

/* The program by its path, as the environment has it. */
static gboolean find_program(const PiSettings *settings, GPtrArray *argv, GError **error) {
        char *path = g_find_program_in_path(argv->pdata[0]);

        if (!path) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                            "[Engine] Launcher=%s: there is no program %s that may be executed: "
                            "install it, or set another launcher",
                            settings->engine_launcher, (const char *) argv->pdata[0]);
                return FALSE;
        }
        g_free(argv->pdata[0]);
        argv->pdata[0] = path;
        return TRUE;
}

char **pi_command_argv(const PiSettings *settings, const char *helper, GError **error) {
        g_auto(GStrv) words = pi_launcher_words(settings->engine_launcher, error);
        g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
        gboolean has_helper = FALSE;

        if (!words)
                return NULL;
        for (char **word = words; *word; word++) {
                char *filled;

                if (g_str_equal(*word, "{helper}")) {
                        add_helper(argv, settings, helper);
                        has_helper = TRUE;
                        continue;
                }
                filled = fill(settings, *word);
                if (filled)
                        g_ptr_array_add(argv, filled);
        }
        if (!has_helper)
                add_helper(argv, settings, helper);
        if (!find_program(settings, argv, error))
                return NULL;
        g_ptr_array_add(argv, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

char **pi_command_environment(const char *const *environment) {
        /* systemd.exec(5). A program that took itself for the service would tell systemd so. */
        static const char *const of_the_service[] = {
                "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID",
                "WATCHDOG_USEC", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MAINPID",
                "CONFIGURATION_DIRECTORY", "RUNTIME_DIRECTORY", "REMOTE_ADDR", "REMOTE_PORT",
        };
        char **copy = g_strdupv((char **) environment);

        for (guint i = 0; i < G_N_ELEMENTS(of_the_service); i++)
                copy = g_environ_unsetenv(copy, of_the_service[i]);
        return copy;
}
