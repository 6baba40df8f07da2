/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/launcher.h"

#include <string.h>

#include "dbus/error.h"

static void splits(const char *launcher, const char *wanted) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = pi_launcher_words(launcher, &error);
        g_autofree char *joined = NULL;

        g_assert_no_error(error);
        joined = g_strjoinv("|", words);
        g_assert_cmpstr(joined, ==, wanted);
}

static void refuses(const char *launcher, const char *message) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_launcher_words(launcher, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        g_assert_cmpstr(error->message, ==, message);
}

static void test_presets(void) {
        splits("none", "{helper}");
        splits("", "{helper}");
        splits("openmpi", "mpirun.openmpi|--bind-to|none|-np|{ranks}|{helper}");
        splits("mpich", "mpirun.mpich|-np|{ranks}|{helper}");
        splits("slurm-pmix", "srun|--mpi=pmix|--kill-on-bad-exit=1|--input=0|--nodes={nodes}|"
                             "--ntasks={ranks}|--cpus-per-task={threads}|--job-name=pi-computed|"
                             "{helper}");
        for (const PiLauncherPreset *p = pi_launcher_presets; p->name; p++) {
                g_auto(GStrv) words = pi_launcher_words(p->name, NULL);

                g_assert_nonnull(words);
                g_assert_true(g_strv_contains((const char *const *) words, "{helper}"));
        }
        g_assert_null(pi_launcher_preset("srun"));
        g_assert_true(pi_launcher_uses("slurm-pmi2", "threads"));
        g_assert_false(pi_launcher_uses("mpich", "threads"));
        g_assert_true(pi_launcher_uses("x -c{threads}", "threads"));
}

/* As a shell would split it; but it is none. */
static void test_commands(void) {
        splits("/opt/x/mpiexec -n {ranks}", "/opt/x/mpiexec|-n|{ranks}");
        splits("a 'b c' \"d  e\" f\\ g", "a|b c|d  e|f g");
        splits("a $HOME `id` ;b |c >d", "a|$HOME|`id`|;b||c|>d");
        splits("a {} {A} {x {1} --n={nodes}x{ranks}", "a|{}|{A}|{x|{1}|--n={nodes}x{ranks}");
}

static void test_refused(void) {
        g_autofree char *full = g_strnfill(PI_LAUNCHER_MAX, 'a');
        g_autofree char *over = g_strnfill(PI_LAUNCHER_MAX + 1, 'a');
        g_autofree char *many = NULL, *enough = NULL;
        g_autoptr(GString) words = g_string_new("a");

        refuses(" ", "Launcher=: A command whose quotes do not match, or that has no word");
        refuses("a 'b", "Launcher=: A command whose quotes do not match, or that has no word");
        refuses("a {rank}", "Launcher=: {rank} is no placeholder: give {ranks}, {nodes}, {threads} "
                            "or {helper}");
        refuses("a x{nodes}{node}", "Launcher=: {node} is no placeholder: give {ranks}, {nodes}, "
                                    "{threads} or {helper}");
        refuses("sh -c 'exec {helper}'", "Launcher=: exec {helper} has more than {helper} in it, "
                                         "which has to be a word of its own");
        refuses(over, "Launcher=: A command of 901 bytes: at most 900 are taken");
        splits(full, full);
        for (guint i = 1; i < PI_LAUNCHER_WORDS_MAX; i++)
                g_string_append(words, " a");
        enough = g_strdelimit(g_strdup(words->str), " ", '|');
        splits(words->str, enough);
        many = g_strconcat(words->str, " a", NULL);
        refuses(many, "Launcher=: A command of 49 words: at most 48 are taken");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/launcher/presets", test_presets);
        g_test_add_func("/settings/launcher/commands", test_commands);
        g_test_add_func("/settings/launcher/refused", test_refused);
        return g_test_run();
}
