/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>

#define EXIT_ABSENT 77

/* The distribution's before any other: that one has the distribution's numpy. */
static char *find_python(void) {
        if (g_file_test("/usr/bin/python3", G_FILE_TEST_IS_EXECUTABLE))
                return g_strdup("/usr/bin/python3");
        return g_find_program_in_path("python3");
}

static gboolean parse(const char *text, BenchScriptRun *ret) {
        g_auto(GStrv) word = g_strsplit(text, " ", 3);
        char *end_seconds, *end_value;

        if (g_strv_length(word) != 3)
                return FALSE;
        ret->seconds = g_ascii_strtod(word[0], &end_seconds);
        ret->value = g_ascii_strtod(word[1], &end_value);
        if (*end_seconds || *end_value || !(ret->seconds > 0))
                return FALSE;
        ret->who = g_strstrip(g_strdup(word[2]));
        return TRUE;
}

gboolean bench_script_run(const char *script, uint64_t terms, BenchScriptRun *ret,
                          char **ret_reason) {
        const char *root = g_getenv("PI_SOURCE_ROOT");
        g_autofree char *python = find_python();
        g_autofree char *path = g_build_filename(root ? root : ".", "tests", "bench", script, NULL);
        g_autofree char *number = g_strdup_printf("%" PRIu64, terms);
        g_autofree char *out = NULL;
        g_autoptr(GError) error = NULL;
        char *argv[] = { python, path, number, NULL };
        int status;

        if (!python) {
                *ret_reason = g_strdup("no python3 on this machine");
                return FALSE;
        }
        if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status,
                          &error))
                g_error("%s: %s", python, error->message);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_ABSENT) {
                *ret_reason = g_strstrip(g_strdup(out));
                return FALSE;
        }
        if (status != 0 || !parse(out, ret))
                g_error("%s %s: status %d, \"%s\"", python, path, status, out);
        return TRUE;
}
