/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Not GKeyFile, which cannot tell the number of a line. */
#include "daemon/settings/lines.h"

#include <string.h>

#include "daemon/settings/invalid.h"
#include "dbus/error.h"

#define SHOWN_MAX 64
#define BYTE_ORDER_MARK "\357\273\277"

char *pi_lines_show(const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        GString *shown = g_string_new(NULL);
        guint n = 0;

        for (const char *p = valid; *p && n < SHOWN_MAX; p = g_utf8_next_char(p), n++) {
                gunichar c = g_utf8_get_char(p);

                if (g_unichar_isprint(c))
                        g_string_append_unichar(shown, c);
                else
                        g_string_append_printf(shown, "\\u%04x", c);
        }
        if (strlen(valid) > 0 && g_utf8_strlen(valid, -1) > SHOWN_MAX)
                g_string_append(shown, "...");
        return g_string_free(shown, FALSE);
}

typedef struct Reader {
        PiLineTaker take;
        gpointer userdata;
        guint number;
        char *section; /* NULL before the first */
} Reader;

static gboolean take_section(Reader *r, char *line, GError **error) {
        gsize length = strlen(line);

        if (length < 3 || line[length - 1] != ']')
                return pi_setting_invalid(error,
                        "A section that does not end: write it as [Limits]");
        line[length - 1] = '\0';
        g_free(r->section);
        r->section = g_strdup(line + 1);
        return r->take(&(PiLine) { .number = r->number, .section = r->section }, r->userdata,
                       error);
}

static gboolean take_assignment(Reader *r, char *line, GError **error) {
        g_autofree char *shown = NULL;
        char *equals = strchr(line, '=');

        if (!equals || equals == line) {
                shown = pi_lines_show(line);
                return pi_setting_invalid(error, "\"%s\" is no assignment: write KEY=VALUE", shown);
        }
        *equals = '\0';
        g_strchomp(line);
        if (!r->section) {
                shown = pi_lines_show(line);
                return pi_setting_invalid(error,
                        "%s= stands before the first section: write [Limits], or the "
                        "one it belongs in, above it", shown);
        }
        return r->take(&(PiLine) { .number = r->number,
                                   .section = r->section,
                                   .key = line,
                                   .value = g_strchug(equals + 1) },
                       r->userdata, error);
}

static gboolean take_line(Reader *r, const char *text, gsize length, GError **error) {
        g_autofree char *line = NULL;

        if (length > PI_LINES_LINE_MAX)
                return pi_setting_invalid(error,
                        "A line of %" G_GSIZE_FORMAT " bytes: at most %d are read",
                        length, PI_LINES_LINE_MAX);
        if (memchr(text, '\0', length))
                return pi_setting_invalid(error, "A NUL byte: the file must be plain text");
        if (!g_utf8_validate(text, (gssize) length, NULL))
                return pi_setting_invalid(error, "Text that is not UTF-8");
        line = g_strndup(text, length);
        g_strstrip(line);
        if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
                return TRUE;
        if (g_str_has_suffix(line, "\\"))
                return pi_setting_invalid(error,
                        "A backslash at the end: lines are not continued here, write "
                        "the value on one");
        return line[0] == '[' ? take_section(r, line, error) : take_assignment(r, line, error);
}

gboolean pi_lines_read(const char *path, const char *text, gsize length, PiLineTaker take,
                       gpointer userdata, GError **error) {
        Reader r = { .take = take, .userdata = userdata };
        gboolean good = TRUE;

        if (length > PI_LINES_FILE_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                            "%s: A file of %" G_GSIZE_FORMAT " bytes: at most %d are read", path,
                            length, PI_LINES_FILE_MAX);
                return FALSE;
        }
        if (length >= strlen(BYTE_ORDER_MARK) &&
            memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
                text += strlen(BYTE_ORDER_MARK);
                length -= strlen(BYTE_ORDER_MARK);
        }
        while (good && length > 0) {
                const char *end = memchr(text, '\n', length);
                gsize n = end ? (gsize) (end - text) : length;

                r.number++;
                good = take_line(&r, text, n, error);
                n += end ? 1 : 0;
                text += n;
                length -= n;
        }
        if (!good)
                g_prefix_error(error, "%s:%u: ", path, r.number);
        g_free(r.section);
        return good;
}
