/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/diff.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dbus/error.h"

static gboolean fail(GError **error, const char *what, const char *why) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "the texts cannot be compared: %s: %s", what,
                    why);
        return FALSE;
}

/* A new file of the text, its name in `ret_path`. */
static gboolean write_temporary(const char *text, char **ret_path, GError **error) {
        g_autoptr(GError) problem = NULL;
        int fd = g_file_open_tmp("pictl-XXXXXX", ret_path, &problem);

        if (fd < 0)
                return fail(error, "no temporary file", problem->message);
        g_close(fd, NULL);
        if (g_file_set_contents(*ret_path, text, -1, &problem))
                return TRUE;
        return fail(error, *ret_path, problem->message);
}

static char *run_diff(const char *before, const char *after, const char *before_name,
                      const char *after_name, GError **error) {
        g_autoptr(GError) problem = NULL;
        g_autofree char *text = NULL;
        g_autoptr(GSubprocess) diff = g_subprocess_new(
                G_SUBPROCESS_FLAGS_STDOUT_PIPE, &problem, "diff", "-u", "--label", before_name,
                "--label", after_name, before, after, NULL);

        if (!diff || !g_subprocess_communicate_utf8(diff, NULL, NULL, &text, NULL, &problem))
                fail(error, "diff", problem->message);
        /* 1: they differ. */
        else if (!g_subprocess_get_if_exited(diff) || g_subprocess_get_exit_status(diff) > 1)
                fail(error, "diff", "it failed");
        else
                return g_steal_pointer(&text);
        return NULL;
}

char *pi_diff(const char *before, const char *after, const char *before_name,
              const char *after_name, GError **error) {
        g_autofree char *one = NULL, *other = NULL;
        char *text = NULL;

        if (strcmp(before, after) == 0)
                return g_strdup("");
        if (write_temporary(before, &one, error) && write_temporary(after, &other, error))
                text = run_diff(one, other, before_name, after_name, error);
        if (one)
                g_unlink(one);
        if (other)
                g_unlink(other);
        return text;
}
