/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/screen.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/text.h"

void pi_screen_init(PiScreen *screen, int fd) {
        *screen = (PiScreen) {};
        pi_terminal_init(&screen->terminal, fd);
}

gboolean pi_screen_is_wanted(const PiScreen *screen) {
        return screen->terminal.controls;
}

void pi_screen_measure(PiScreen *screen) {
        pi_terminal_init(&screen->terminal, screen->terminal.fd);
}

guint pi_screen_width(const char *line) {
        g_autoptr(GString) bare = g_string_new(NULL);

        for (const char *p = line; *p; p++)
                if (p[0] == '\033' && p[1] == '[') {
                        p += strcspn(p, "m");
                        if (*p == '\0')
                                break;
                } else
                        g_string_append_c(bare, *p);
        return (guint) pi_text_width(bare->str);
}

guint pi_screen_rows(const GArray *widths, unsigned columns) {
        guint rows = 0;

        for (guint i = 0; widths && i < widths->len; i++) {
                guint width = g_array_index(widths, guint, i);
                rows += columns > 0 && width > 0 ? (width + columns - 1) / columns : 1;
        }
        return rows;
}

/* A terminal that does not take it all loses a frame, no more. */
static void write_frame(int fd, const GString *frame) {
        gsize done = 0;

        while (done < frame->len) {
                ssize_t n = write(fd, frame->str + done, frame->len - done);

                if (n < 0 && errno != EINTR)
                        break;
                if (n > 0)
                        done += (gsize) n;
        }
}

/* To the beginning of what was drawn, as far as it is still in the window. */
static void append_home(const PiScreen *screen, GString *frame) {
        guint rows = pi_screen_rows(screen->widths, screen->terminal.columns);

        rows = MIN(rows, screen->terminal.rows > 0 ? screen->terminal.rows - 1 : 0);
        g_string_append_c(frame, '\r');
        if (rows > 0)
                g_string_append_printf(frame, "\033[%uA", rows);
}

void pi_screen_draw(PiScreen *screen, const char *text) {
        g_autoptr(GString) frame = g_string_new(NULL);
        g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

        if (!pi_screen_is_wanted(screen))
                return;
        append_home(screen, frame);
        if (!screen->widths)
                screen->widths = g_array_new(FALSE, FALSE, sizeof(guint));
        g_array_set_size(screen->widths, 0);
        for (gsize i = 0; lines[i] && lines[i + 1]; i++) {
                guint width = pi_screen_width(lines[i]);

                /* Written over from the left, the rest wiped: no flicker. */
                g_string_append_printf(frame, "%s\033[K\n", lines[i]);
                g_array_append_val(screen->widths, width);
        }
        g_string_append(frame, "\033[J");
        write_frame(screen->terminal.fd, frame);
}

void pi_screen_clear(PiScreen *screen) {
        g_autoptr(GString) frame = g_string_new(NULL);

        if (!screen->widths)
                return;
        pi_screen_measure(screen);
        append_home(screen, frame);
        g_string_append(frame, "\033[J");
        write_frame(screen->terminal.fd, frame);
        g_clear_pointer(&screen->widths, g_array_unref);
}
