/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/plot.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/file-output.h"
#include "ctl/text.h"
#include "dbus/error.h"

#define SHOWN_MAX 128

/* What gnuplot said that is worth repeating. */
#define COMPLAINT_MAX 200

/* A chart has some 50 KiB. */
#define CHART_BYTES_MAX (8 * 1024 * 1024)

static gboolean find_kind(const char *file, PiPlotKind *ret) {
        if (g_str_has_suffix(file, ".svg"))
                *ret = PI_PLOT_SVG;
        else if (g_str_has_suffix(file, ".png"))
                *ret = PI_PLOT_PNG;
        else
                return FALSE;
        return TRUE;
}

static char *find_gnuplot(GError **error) {
        char *program = g_find_program_in_path("gnuplot");

        if (!program)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "--plot needs gnuplot, which is not installed; install the package "
                            "gnuplot-nox (Debian) or gnuplot-minimal (Fedora)");
        return program;
}

gboolean pi_plot_check(const char *file, GError **error) {
        g_autofree char *quoted = pi_text_quote(file, SHOWN_MAX), *gnuplot = NULL;
        g_autofree char *folder = g_path_get_dirname(file);
        PiPlotKind kind;

        if (!find_kind(file, &kind)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is no file for a chart: --plot takes a name that ends in .svg or "
                            ".png", quoted);
                return FALSE;
        }
        gnuplot = find_gnuplot(error);
        if (!gnuplot)
                return FALSE;
        if (access(folder, W_OK | X_OK) == 0 && !g_file_test(file, G_FILE_TEST_IS_DIR))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s cannot be written: %s; give --plot a file in a folder that is yours",
                    quoted, g_strerror(g_file_test(file, G_FILE_TEST_IS_DIR) ? EISDIR : errno));
        return FALSE;
}

static GSubprocess *start(GError **error) {
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
                G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autofree char *gnuplot = find_gnuplot(error);
        g_autoptr(GError) local = NULL;
        GSubprocess *child;

        if (!gnuplot)
                return NULL;
        g_subprocess_launcher_unsetenv(launcher, "GNUTERM");
        /* -d: the settings of the user are not read; -: the script comes from stdin. */
        child = g_subprocess_launcher_spawn(launcher, &local, gnuplot, "-d", "-", NULL);
        if (!child)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "gnuplot could not be started: %s",
                            local->message);
        return child;
}

/* The bytes of the chart. */
static GBytes *draw(const char *script, GError **error) {
        g_autoptr(GBytes) input = g_bytes_new_static(script, strlen(script));
        g_autoptr(GBytes) output = NULL, complaint = NULL;
        g_autoptr(GSubprocess) child = start(error);
        g_autoptr(GError) local = NULL;
        g_autofree char *text = NULL, *said = NULL;

        if (!child)
                return NULL;
        if (g_subprocess_communicate(child, input, NULL, &output, &complaint, &local) &&
            g_subprocess_get_successful(child) && g_bytes_get_size(output) > 0 &&
            g_bytes_get_size(output) <= CHART_BYTES_MAX)
                return g_steal_pointer(&output);
        if (complaint)
                text = g_strndup(g_bytes_get_data(complaint, NULL), g_bytes_get_size(complaint));
        said = pi_text_escape(local ? local->message : g_strstrip(text), FALSE, COMPLAINT_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "gnuplot drew no chart; it says: %s",
                    said[0] ? said : "nothing");
        return NULL;
}

gboolean pi_plot_write(const char *file, const PiSweep *sweep, GError **error) {
        g_autofree char *script = NULL;
        g_autoptr(GBytes) chart = NULL;
        PiPlotKind kind;
        gsize size;
        const char *data;

        if (!pi_plot_check(file, error) || !find_kind(file, &kind))
                return FALSE;
        script = pi_plot_script(sweep, kind);
        chart = draw(script, error);
        if (!chart)
                return FALSE;
        data = g_bytes_get_data(chart, &size);
        return pi_file_replace(file, data, size, error);
}
