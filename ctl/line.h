/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/terminal.h"

typedef struct PiSpan {
        PiStyle style;
        char *text;
} PiSpan;

/* A line of a window: pieces of text, each in a style, together never wider than the window. */
typedef struct PiLine {
        GArray *spans; /* of PiSpan */
        gsize columns; /* the window's */
        gsize width;   /* so far */
        gboolean utf8;
} PiLine;

PiLine *pi_line_new(gsize columns, gboolean utf8);
void pi_line_free(PiLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLine, pi_line_free)

/* Adds text, of which what does not fit is cut off, with a mark in its place. It must have gone
 * through pi_text_escape() if it came from others. */
void pi_line_add(PiLine *line, PiStyle style, const char *text);
void pi_line_printf(PiLine *line, PiStyle style, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Adds the text and blanks, so that both take so many columns; cuts it if it is wider. */
void pi_line_pad(PiLine *line, PiStyle style, const char *text, gsize columns, gboolean right);

/* Columns that are left. */
gsize pi_line_room(const PiLine *line);

/* The whole text, without styles. */
char *pi_line_text(const PiLine *line);
