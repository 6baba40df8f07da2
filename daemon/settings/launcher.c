/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/launcher.h"

#include <string.h>

#include "daemon/settings/invalid.h"
#include "daemon/settings/lines.h"

#define HELPER "{helper}"
#define PLACEHOLDERS "{ranks}, {nodes}, {threads} or " HELPER

/* Open MPI binds a lone rank to one core, and Slurm has survivors of a dead rank wait for ever,
 * unless they are told otherwise. --input=0: orders are for the first rank. */
#define SRUN(mpi)                                                                                  \
        "srun --mpi=" mpi " --kill-on-bad-exit=1 --input=0 --nodes={nodes} --ntasks={ranks} "      \
        "--cpus-per-task={threads} --job-name=pi-computed " HELPER

const PiLauncherPreset pi_launcher_presets[] = {
        { "none", HELPER, NULL },
        { "openmpi", "mpirun.openmpi --bind-to none -np {ranks} " HELPER, "openmpi" },
        { "mpich", "mpirun.mpich -np {ranks} " HELPER, "mpich" },
        { "slurm-pmix", SRUN("pmix"), "openmpi" },
        { "slurm-pmi2", SRUN("pmi2"), "mpich" },
        {},
};

const PiLauncherPreset *pi_launcher_preset(const char *launcher) {
        if (launcher[0] == '\0')
                return &pi_launcher_presets[0];
        for (const PiLauncherPreset *preset = pi_launcher_presets; preset->name; preset++)
                if (g_str_equal(preset->name, launcher))
                        return preset;
        return NULL;
}

/* The next "{name}" of lower-case letters; other braces mean nothing. */
static char *next_placeholder(const char **text) {
        for (const char *p = strchr(*text, '{'); p; p = strchr(p + 1, '{')) {
                gsize length = strspn(p + 1, G_CSET_a_2_z);

                if (length == 0 || p[1 + length] != '}')
                        continue;
                *text = p + length + 2;
                return g_strndup(p, length + 2);
        }
        return NULL;
}

static gboolean check_word(const char *word, GError **error) {
        static const char *const known[] = { "{ranks}", "{nodes}", "{threads}", NULL };
        const char *rest = word;

        if (g_str_equal(word, HELPER))
                return TRUE;
        for (;;) {
                g_autofree char *name = next_placeholder(&rest), *shown = NULL;

                if (!name)
                        return TRUE;
                shown = pi_lines_show(g_str_equal(name, HELPER) ? word : name);
                if (g_str_equal(name, HELPER))
                        return pi_setting_invalid(error,
                                "Launcher=: %s has more than " HELPER " in it, which has to be a "
                                "word of its own", shown);
                if (!g_strv_contains(known, name))
                        return pi_setting_invalid(error,
                                "Launcher=: %s is no placeholder: give " PLACEHOLDERS, shown);
        }
}

char **pi_launcher_words(const char *launcher, GError **error) {
        const PiLauncherPreset *preset = pi_launcher_preset(launcher);
        g_auto(GStrv) words = NULL;
        int n;

        if (strlen(launcher) > PI_LAUNCHER_MAX) {
                pi_setting_invalid(error,
                        "Launcher=: A command of %" G_GSIZE_FORMAT " bytes: at most %d are taken",
                        strlen(launcher), PI_LAUNCHER_MAX);
                return NULL;
        }
        if (!g_shell_parse_argv(preset ? preset->command : launcher, &n, &words, NULL)) {
                pi_setting_invalid(error,
                        "Launcher=: A command whose quotes do not match, or that has no word");
                return NULL;
        }
        if (n > PI_LAUNCHER_WORDS_MAX) {
                pi_setting_invalid(error,
                        "Launcher=: A command of %d words: at most %d are taken", n,
                        PI_LAUNCHER_WORDS_MAX);
                return NULL;
        }
        for (char **word = words; *word; word++)
                if (!check_word(*word, error))
                        return NULL;
        return g_steal_pointer(&words);
}

gboolean pi_launcher_uses(const char *launcher, const char *name) {
        const PiLauncherPreset *preset = pi_launcher_preset(launcher);
        g_autofree char *placeholder = g_strdup_printf("{%s}", name);

        return strstr(preset ? preset->command : launcher, placeholder) != NULL;
}
