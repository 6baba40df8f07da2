/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/powershell.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

#define POWERSHELL "/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"
#define PATH_SHOWN_MAX 200
#define SECONDS 60

/* A person has to find the window that asks, and to decide. */
#define SECONDS_ELEVATED 300

/* A command line that goes through ShellExecuteEx(), as one that elevates does, is cut at some 2048
 * characters; those of the program and the words before the script take a part. */
#define ELEVATED_MAX 1900

static gboolean is_octal(const char *p) {
        return p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
               p[3] >= '0' && p[3] <= '7';
}

/* Fields of /proc/self/mounts have \040 for a blank and \134 for a backslash, but a lone one may
 * stand in the options. */
static char *unescape_field(const char *field) {
        GString *out = g_string_new(NULL);

        for (const char *p = field; *p; p++)
                if (is_octal(p)) {
                        g_string_append_c(out, (char) ((p[1] - '0') * 64 + (p[2] - '0') * 8 +
                                                       (p[3] - '0')));
                        p += 3;
                } else
                        g_string_append_c(out, *p);
        return g_string_free(out, FALSE);
}

/* Calls `take` with the source, the place and the options of each mount of a drive, until it is
 * content. */
static char *each_drive(const PiWslHost *host,
                        char *(*take)(const PiWslHost *host, const char *source, const char *place,
                                      const char *options, gconstpointer data),
                        gconstpointer data) {
        static const char *const kinds[] = { "9p", "drvfs", "virtiofs", NULL };
        g_autofree char *text = pi_wsl_host_read(host, "/proc/self/mounts");
        g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
        char *found = NULL;

        for (char **line = lines; *line && !found; line++) {
                g_auto(GStrv) f = g_strsplit(*line, " ", -1);
                g_autofree char *source = NULL, *place = NULL, *options = NULL;

                if (g_strv_length(f) < 4 || !g_strv_contains(kinds, f[2]))
                        continue;
                source = unescape_field(f[0]);
                place = unescape_field(f[1]);
                options = unescape_field(f[3]);
                if (place[0] == '/' && !strstr(place, "/../"))
                        found = take(host, source, place, options, data);
        }
        return found;
}

static char *take_windows(const PiWslHost *host, const char *source, const char *place,
                          const char *options, gconstpointer data) {
        g_autofree char *program = g_strconcat(place, POWERSHELL, NULL);

        return pi_wsl_host_has(host, program) ? g_strdup(place) : NULL;
}

char *pi_windows_drive(const PiWslHost *host) {
        return each_drive(host, take_windows, NULL);
}

/* Whether an option is "path=C:" or "path=C:\", and not of a folder below it. */
static gboolean has_path_option(const char *options, char letter) {
        g_auto(GStrv) words = g_strsplit_set(options, ",;", -1);
        g_autofree char *drive = g_strdup_printf("path=%c:", letter);
        g_autofree char *folder = g_strconcat(drive, "\\", NULL);

        for (char **word = words; *word; word++)
                if (g_ascii_strcasecmp(*word, drive) == 0 || g_ascii_strcasecmp(*word, folder) == 0)
                        return TRUE;
        return FALSE;
}

/* The mount of a drive: its source is "C:\" or "C:", or an option says so. Those of folders of it
 * say nearly the same. */
static char *take_letter(const PiWslHost *host, const char *source, const char *place,
                         const char *options, gconstpointer data) {
        const char *letter = data;
        gboolean is_source = g_ascii_toupper(source[0]) == g_ascii_toupper(letter[0]) &&
                             (strcmp(source + 1, ":") == 0 || strcmp(source + 1, ":\\") == 0);

        return is_source || has_path_option(options, letter[0]) ? g_strdup(place) : NULL;
}

static gboolean is_full_path(const char *path) {
        if (!g_ascii_isalpha(path[0]) || path[1] != ':' || path[2] != '\\' || strlen(path) > 1024)
                return FALSE;
        for (const char *p = path; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)) || *p == '/')
                        return FALSE;
        return !strstr(path, "\\..");
}

char *pi_windows_path(PiWslHost *host, const char *path, GError **error) {
        g_autofree char *quoted = NULL, *place = NULL, *rest = NULL, *answer = NULL;

        if (!is_full_path(path)) {
                quoted = pi_text_quote(path, PATH_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "Windows says that the folder of its user is %s, which is no full path",
                            quoted);
                return NULL;
        }
        place = each_drive(host, take_letter, path);
        rest = g_strdup(path + 3);
        g_strdelimit(rest, "\\", '/');
        if (place)
                return g_strconcat(strcmp(place, "/") == 0 ? "" : place, "/", rest, NULL);
        answer = pi_wsl_host_tool(host, "wslpath", "-u", path, error);
        if (!answer)
                return NULL;
        g_strstrip(answer);
        if (answer[0] == '/' && !strpbrk(answer, "\n"))
                return g_steal_pointer(&answer);
        quoted = pi_text_quote(path, PATH_SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s of Windows is not mounted here: see [automount] in wsl.conf", quoted);
        return NULL;
}

gboolean pi_windows_has_interop(const PiWslHost *host) {
        g_autofree char *text = pi_wsl_host_read(host, "/proc/sys/fs/binfmt_misc/WSLInterop");
        g_autofree char *late = pi_wsl_host_read(host, "/proc/sys/fs/binfmt_misc/WSLInterop-late");

        return (text && g_str_has_prefix(text, "enabled")) ||
               (late && g_str_has_prefix(late, "enabled"));
}

char *pi_windows_encode(const char *script) {
        g_autofree gunichar2 *wide = NULL;
        g_autofree guchar *bytes = NULL;
        glong n = 0;

        wide = g_utf8_to_utf16(script, -1, NULL, &n, NULL);
        bytes = g_new(guchar, 2 * (gsize) n + 1);
        for (glong i = 0; wide && i < n; i++) {
                bytes[2 * i] = (guchar) (wide[i] & 0xff);
                bytes[2 * i + 1] = (guchar) (wide[i] >> 8);
        }
        return g_base64_encode(bytes, 2 * (gsize) n);
}

static char *run(PiWslHost *host, const char *script, guint seconds, GError **error) {
        g_autofree char *drive = pi_windows_drive(host), *program = NULL, *encoded = NULL;

        /* Without it the kernel refuses, and a shell might take the program for a script. */
        if (!pi_windows_has_interop(host)) {
                g_set_error_literal(
                        error, PI_ERROR, PI_ERROR_FAILED,
                        "Windows programs cannot be run: WSLInterop is not registered in "
                        "/proc/sys/fs/binfmt_misc. Write the line :WSLInterop:M::MZ::/init:PF into "
                        "/usr/lib/binfmt.d/WSLInterop.conf, run systemctl restart systemd-binfmt, "
                        "and see [interop] in /etc/wsl.conf");
                return NULL;
        }
        if (!drive) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "the drive of Windows is not mounted: no mount of "
                                    "/proc/self/mounts has " POWERSHELL
                                    "; see [automount] in /etc/wsl.conf");
                return NULL;
        }
        program = g_strconcat(drive, POWERSHELL, NULL);
        encoded = pi_windows_encode(script);
        /* Encoded, since a command line goes through the quoting of two systems. In a folder of
         * Windows, which complains about those of Linux. */
        const char *argv[] = { program,         "-NoProfile", "-NonInteractive",
                               "-OutputFormat", "Text",       "-EncodedCommand",
                               encoded,         NULL };
        return host->run(host, argv, drive, seconds, error);
}

char *pi_windows_run(PiWslHost *host, const char *script, GError **error) {
        return run(host, script, SECONDS, error);
}

/* Without what only counts where somebody reads the script or its output. */
static char *encode_elevated(const char *script) {
        g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
        g_autoptr(GString) out = g_string_new(NULL);

        for (char **line = lines; *line; line++)
                if (line[0][0] != '\0' && line[0][0] != '#' &&
                    !g_str_has_prefix(*line, "[Console]") &&
                    !g_str_has_prefix(*line, "$ProgressPreference"))
                        g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", *line);
        return pi_windows_encode(out->str);
}

gboolean pi_windows_may_elevate(const char *script, GError **error) {
        g_autofree char *inner = encode_elevated(script);

        if (strlen(inner) <= ELEVATED_MAX)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "with so many networks the script for the administrator has %" G_GSIZE_FORMAT
                    " characters, and Windows takes %d: name one network that holds them, or leave "
                    "out --elevate and paste the script", strlen(inner), ELEVATED_MAX);
        return FALSE;
}

gboolean pi_windows_run_elevated(PiWslHost *host, const char *script, GError **error) {
        g_autofree char *inner = encode_elevated(script), *out = NULL;
        g_autofree char *outer = g_strdup_printf(
                "# pi-computed: elevate\n"
                "$ErrorActionPreference='Stop'\n"
                "$ProgressPreference='SilentlyContinue'\n"
                "$p=Start-Process -FilePath (Join-Path $PSHOME 'powershell.exe') -Verb RunAs -Wait "
                "-PassThru -WindowStyle Hidden -ArgumentList '-NoProfile','-NonInteractive',"
                "'-EncodedCommand','%s'\n"
                "exit $p.ExitCode\n",
                inner);

        out = run(host, outer, SECONDS_ELEVATED, error);
        if (!out)
                g_prefix_error(error, "Windows did not run the script as an administrator (was the "
                                      "question refused?): ");
        return out != NULL;
}
