/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/json.h"
#include "ctl/terminal.h"

/* What goes to stdout: gathered in `text`, then written once, so that its length is known before a
 * pager is chosen and every write error is seen. */
typedef struct PiOutput {
        PiTerminal terminal;
        GString *text;
        PiJsonMode json;
        gboolean legend; /* titles and closing lines are wanted */
        gboolean pager; /* a pager is allowed */
} PiOutput;

void pi_output_init(PiOutput *out);
void pi_output_clear(PiOutput *out);

void pi_output_printf(PiOutput *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Appends text between the escape sequences of a style. */
void pi_output_style(PiOutput *out, PiStyle style, const char *text);

/* Writes what was gathered at once: for verbs that report as things happen. */
gboolean pi_output_flush(PiOutput *out, GError **error);

/* Writes the rest, through a pager if stdout is a terminal that it does not fit on. */
gboolean pi_output_finish(PiOutput *out, GError **error);
