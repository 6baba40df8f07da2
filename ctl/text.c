/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/text.h"

#include <string.h>

static void append_escape(GString *s, gunichar c) {
        switch (c) {
        case '\n':
                g_string_append(s, "\\n");
                break;
        case '\t':
                g_string_append(s, "\\t");
                break;
        case '\r':
                g_string_append(s, "\\r");
                break;
        default:
                g_string_append_printf(s,
                                       c < 0x80      ? "\\x%02x"
                                       : c < 0x10000 ? "\\u%04x"
                                                     : "\\U%08x",
                                       c);
        }
}

char *pi_text_escape(const char *text, gboolean utf8, gsize max_characters) {
        GString *s = g_string_new(NULL);

        for (gsize n = 0; *text; n++) {
                gunichar c = g_utf8_get_char_validated(text, -1);

                if (max_characters > 0 && n >= max_characters) {
                        g_string_append(s, "...");
                        break;
                }
                if (c >= 0x110000) { /* no UTF-8: the byte itself */
                        g_string_append_printf(s, "\\x%02x", (guchar) *text++);
                        continue;
                }
                if (g_unichar_isprint(c) && (utf8 || c < 0x80))
                        g_string_append_unichar(s, c);
                else
                        append_escape(s, c);
                text = g_utf8_next_char(text);
        }
        return g_string_free(s, FALSE);
}

char *pi_text_quote(const char *text, gsize max_characters) {
        g_autofree char *escaped = pi_text_escape(text, FALSE, max_characters);
        return g_strdup_printf("'%s'", escaped);
}

static gsize char_width(gunichar c) {
        if (g_unichar_iszerowidth(c))
                return 0;
        return g_unichar_iswide(c) ? 2 : 1;
}

gsize pi_text_width(const char *text) {
        gsize width = 0;

        for (const char *p = text; *p; p = g_utf8_next_char(p))
                width += char_width(g_utf8_get_char(p));
        return width;
}

char *pi_text_ellipsize(const char *text, gsize columns, gboolean utf8) {
        const char *mark = utf8 ? "\342\200\246" : "...";
        gsize room, width = 0;
        const char *p = text;

        if (pi_text_width(text) <= columns)
                return g_strdup(text);
        room = columns - MIN(columns, pi_text_width(mark));
        for (; *p; p = g_utf8_next_char(p)) {
                width += char_width(g_utf8_get_char(p));
                if (width > room)
                        break;
        }
        if (columns == 0)
                mark = "";
        /* Of three dots as many as there is room for. */
        return g_strdup_printf("%.*s%s", (int) (p - text), text,
                               utf8 ? mark : mark + strlen(mark) - MIN(columns, strlen(mark)));
}
