/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/terminal.h"

#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned from_environment(const char *name) {
        guint64 value;

        if (!g_ascii_string_to_unsigned(g_getenv(name) ?: "", 10, 1, 10000, &value, NULL))
                return 0;
        return (unsigned) value;
}

void pi_terminal_init(PiTerminal *t, int fd) {
        const char *no_color = g_getenv("NO_COLOR"), *term = g_getenv("TERM");
        struct winsize size = {};

        *t = (PiTerminal) { .fd = fd, .columns = 80 };
        t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
        t->is_tty = isatty(fd) > 0;
        if (!t->is_tty)
                return;
        t->controls = term && term[0] != '\0' && strcmp(term, "dumb") != 0;
        t->colours = t->controls && (!no_color || no_color[0] == '\0');
        if (ioctl(fd, TIOCGWINSZ, &size) < 0)
                size = (struct winsize) {};
        t->columns = from_environment("COLUMNS") ?: size.ws_col ?: 80;
        t->rows = from_environment("LINES") ?: size.ws_row ?: 24;
}

static const char *const sequences[_PI_STYLE_MAX] = {
        [PI_STYLE_PLAIN] = "",
        [PI_STYLE_HEAD] = "\033[4m",
        [PI_STYLE_STRONG] = "\033[1m",
        [PI_STYLE_FAINT] = "\033[2m",
        [PI_STYLE_GOOD] = "\033[32m",
        [PI_STYLE_BUSY] = "\033[33m",
        [PI_STYLE_BAD] = "\033[1;31m",
};

const char *pi_terminal_begin(const PiTerminal *t, PiStyle style) {
        return t->colours && style < _PI_STYLE_MAX ? sequences[style] : "";
}

const char *pi_terminal_end(const PiTerminal *t, PiStyle style) {
        return t->colours && style != PI_STYLE_PLAIN ? "\033[0m" : "";
}

PiStyle pi_style_of_state(const char *state) {
        static const struct {
                const char *state;
                PiStyle style;
        } styles[] = {
                { "queued", PI_STYLE_FAINT },     { "waiting", PI_STYLE_FAINT },
                { "running", PI_STYLE_BUSY },     { "done", PI_STYLE_GOOD },
                { "verified", PI_STYLE_GOOD },    { "failed", PI_STYLE_BAD },
                { "cancelled", PI_STYLE_BUSY },   { "in-service", PI_STYLE_GOOD },
                { "suspect", PI_STYLE_BUSY },     { "out-of-service", PI_STYLE_BAD },
                { "transient", PI_STYLE_BUSY },   { "core", PI_STYLE_BAD },
                { "node", PI_STYLE_BAD },         { "software", PI_STYLE_BAD },
                { "up", PI_STYLE_GOOD },          { "self", PI_STYLE_GOOD },
                { "lost", PI_STYLE_BAD },         { "connecting", PI_STYLE_BUSY },
                { "quarantined", PI_STYLE_BAD },  { "incompatible", PI_STYLE_BAD },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(styles); i++)
                if (strcmp(styles[i].state, state) == 0)
                        return styles[i].style;
        return PI_STYLE_PLAIN;
}
