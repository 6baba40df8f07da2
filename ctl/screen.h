/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/terminal.h"

/* A block of lines at the bottom of a terminal that is written over in place. Nothing is done on
 * what is no terminal. */
typedef struct PiScreen {
        PiTerminal terminal;
        GArray *widths; /* of the lines drawn, guint; NULL before the first */
} PiScreen;

void pi_screen_init(PiScreen *screen, int fd);
gboolean pi_screen_is_wanted(const PiScreen *screen);

/* Looks up the size of the window, which may have changed. */
void pi_screen_measure(PiScreen *screen);

/* Writes `text`, lines that each end with a newline, in place of what was drawn before. It must
 * fit: fewer lines than the terminal has rows, each narrower than it is wide. */
void pi_screen_draw(PiScreen *screen, const char *text);

/* Wipes the block out: before anything else is written. */
void pi_screen_clear(PiScreen *screen);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiScreen, pi_screen_clear)

/* Columns a line takes on a terminal, its escape sequences of styles not counted. */
guint pi_screen_width(const char *line);

/* Rows that lines drawn once (array of guint) take now on a terminal this wide: where it was made
 * narrower they wrap. */
guint pi_screen_rows(const GArray *widths, unsigned columns);
