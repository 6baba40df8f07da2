/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/pictl-run.h"

void run_clear(Run *run) {
        g_free(run->out);
        g_free(run->err);
        g_clear_pointer(&run->json, json_node_unref);
}

GSubprocess *spawn_pictl(TestSession *f, const char *words) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autofree char *line = g_strdup_printf("%s --user %s", g_getenv("PI_PICTL"), words);
        g_auto(GStrv) arguments = NULL;
        g_autoptr(GError) error = NULL;
        GSubprocess *process;

        g_assert_true(g_shell_parse_argv(line, NULL, &arguments, &error));
        process = g_subprocess_launcher_spawnv(launcher, (const char *const *) arguments, &error);
        g_assert_no_error(error);
        return process;
}

Run finish(GSubprocess *process) {
        g_autoptr(GError) error = NULL;
        Run run = {};

        g_subprocess_communicate_utf8(process, NULL, NULL, &run.out, &run.err, &error);
        g_assert_no_error(error);
        g_test_message("%s%s", run.out, run.err);
        g_assert_true(g_subprocess_get_if_exited(process));
        run.status = g_subprocess_get_exit_status(process);
        run.json = json_from_string(run.out, NULL);
        return run;
}

Run pictl(TestSession *f, const char *words) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, words);
        return finish(process);
}

JsonObject *root_of(const Run *run) {
        g_assert_nonnull(run->json);
        return json_node_get_object(run->json);
}

guint64 number(JsonObject *object, const char *key) {
        g_assert_true(json_object_has_member(object, key));
        return (guint64) json_object_get_int_member(object, key);
}
