/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/line.h"

#include "ctl/text.h"

static void span_clear(gpointer span) {
        g_free(((PiSpan *) span)->text);
}

PiLine *pi_line_new(gsize columns, gboolean utf8) {
        PiLine *line = g_new0(PiLine, 1);

        line->columns = columns;
        line->utf8 = utf8;
        line->spans = g_array_new(FALSE, FALSE, sizeof(PiSpan));
        g_array_set_clear_func(line->spans, span_clear);
        return line;
}

void pi_line_free(PiLine *line) {
        g_array_unref(line->spans);
        g_free(line);
}

gsize pi_line_room(const PiLine *line) {
        return line->columns - line->width;
}

static void append(PiLine *line, PiStyle style, char *text) {
        PiSpan span = { style, text };

        line->width += pi_text_width(text);
        g_array_append_val(line->spans, span);
}

void pi_line_add(PiLine *line, PiStyle style, const char *text) {
        if (pi_line_room(line) > 0)
                append(line, style, pi_text_ellipsize(text, pi_line_room(line), line->utf8));
}

void pi_line_printf(PiLine *line, PiStyle style, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        pi_line_add(line, style, text);
}

void pi_line_pad(PiLine *line, PiStyle style, const char *text, gsize columns, gboolean right) {
        g_autofree char *shown = pi_text_ellipsize(text, columns, line->utf8);
        int blanks = (int) (columns - pi_text_width(shown));

        if (right)
                pi_line_printf(line, PI_STYLE_PLAIN, "%*s", blanks, "");
        pi_line_add(line, style, shown);
        if (!right)
                pi_line_printf(line, PI_STYLE_PLAIN, "%*s", blanks, "");
}

char *pi_line_text(const PiLine *line) {
        GString *s = g_string_new(NULL);

        for (guint i = 0; i < line->spans->len; i++)
                g_string_append(s, g_array_index(line->spans, PiSpan, i).text);
        return g_string_free(s, FALSE);
}
