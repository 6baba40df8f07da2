/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/command.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dbus/error.h"

#define HELPER "/opt/pi"

static PiSettings *settings_of(const char *text) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autofree char *all = g_strconcat("[Engine]\n", text, NULL);

        g_assert_true(pi_settings_parse(settings, "f", all, strlen(all), NULL));
        return g_steal_pointer(&settings);
}

static void gives(const char *text, const char *wanted) {
        g_autoptr(PiSettings) settings = settings_of(text);
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = pi_command_argv(settings, HELPER, &error);
        g_autofree char *joined = NULL;

        g_assert_no_error(error);
        joined = g_strjoinv("|", argv);
        g_assert_cmpstr(joined, ==, wanted);
}

static void refuses(char *(*ask)(const PiSettings *), const char *text, const char *named) {
        g_autoptr(PiSettings) settings = settings_of(text);
        g_autofree char *message = ask(settings);

        if (!strstr(message, named))
                g_error("%s: %s", text, message);
}

static char *argv_error(const PiSettings *settings) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_command_argv(settings, HELPER, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        return g_strdup(error->message);
}

static char *helper_error(const PiSettings *settings) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_command_helper(settings, "/nowhere", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        return g_strdup(error->message);
}

static void test_words(void) {
        gives("Launcher=/bin/sh -n{nodes} -r {ranks} {helper} last\nNodes=3\n",
              "/bin/sh|-n3|-r|3|/opt/pi|--control=stdin|--expect-ranks=3|last");
        gives("Launcher=/bin/sh {ranks}x{nodes}\nNodes=3\nRanks=7\n",
              "/bin/sh|7x3|/opt/pi|--control=stdin|--expect-ranks=7");
        gives("Launcher=/bin/sh 'a b' --c={threads} {}\n",
              "/bin/sh|a b|{}|/opt/pi|--control=stdin|--expect-ranks=1");
        gives("Launcher=/bin/sh --c={threads}\nThreads=16\n",
              "/bin/sh|--c=16|/opt/pi|--control=stdin|--expect-ranks=1|--threads=16");
        gives("Launcher=sh\n", "/bin/sh|/opt/pi|--control=stdin|--expect-ranks=1");
}

static void test_refused(void) {
        refuses(argv_error, "Launcher=no-such-mpirun -np {ranks}\n", "no program no-such-mpirun");
        refuses(argv_error, "Launcher=/etc/passwd\n", "no program /etc/passwd");
        refuses(helper_error, "Helper=/etc/passwd\n", "Helper=/etc/passwd: there is no");
        refuses(helper_error, "Launcher=mpich\n", "install pi-computed-mpich");
        refuses(helper_error, "Launcher=slurm-pmix\nThreads=1\n", "install pi-computed-openmpi");
        refuses(helper_error, "Launcher=/bin/sh\n", "set Helper= of [Engine]");
}

static void finds(const char *directory, const char *text, const char *name) {
        g_autoptr(PiSettings) settings = settings_of(text);
        g_autofree char *found = pi_command_helper(settings, directory, NULL);
        g_autofree char *wanted = g_build_filename(directory, name, NULL);

        g_assert_cmpstr(found, ==, wanted);
}

static char *make_program(const char *directory, const char *name) {
        char *path = g_build_filename(directory, name, NULL);

        g_assert_true(g_file_set_contents(path, "", 0, NULL));
        g_assert_no_errno(g_chmod(path, 0755));
        return path;
}

static void test_helper(void) {
        g_autofree char *directory = g_dir_make_tmp("pi-command-XXXXXX", NULL);
        g_autofree char *mpich = make_program(directory, "pi-computed-mpi.mpich"), *openmpi = NULL;

        finds(directory, "", "pi-computed-mpi.mpich");
        openmpi = make_program(directory, "pi-computed-mpi.openmpi");
        finds(directory, "", "pi-computed-mpi.openmpi");
        finds(directory, "Launcher=openmpi\n", "pi-computed-mpi.openmpi");
        finds(directory, "Launcher=mpich\n", "pi-computed-mpi.mpich");
        finds(directory, "Launcher=slurm-pmi2\nThreads=1\n", "pi-computed-mpi.mpich");
        finds(directory, "Launcher=my-mpirun\n", "pi-computed-mpi.openmpi");
        finds("/bin", "Helper=/bin/sh\nLauncher=mpich\n", "sh");
        g_unlink(mpich);
        g_unlink(openmpi);
        g_rmdir(directory);
}

static void test_environment(void) {
        static const char *const given[] = { "PATH=/bin", "LISTEN_FDS=1", "OMPI_MCA_pml=ob1",
                                             "NOTIFY_SOCKET=/x", "JOURNAL_STREAM=1:2", NULL };
        g_auto(GStrv) passed = pi_command_environment(given);
        g_autofree char *joined = g_strjoinv("|", passed);

        g_assert_cmpstr(joined, ==, "PATH=/bin|OMPI_MCA_pml=ob1");
}

int main(int argc, char *argv[]) {
        g_setenv("PATH", "/bin", TRUE);
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/launcher/command/words", test_words);
        g_test_add_func("/launcher/command/refused", test_refused);
        g_test_add_func("/launcher/command/helper", test_helper);
        g_test_add_func("/launcher/command/environment", test_environment);
        return g_test_run();
}
