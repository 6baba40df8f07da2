/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What may be written to a file descriptor. */
typedef struct PiTerminal {
        int fd;
        gboolean is_tty;
        gboolean colours; /* a terminal that has them, and NO_COLOR is not set */
        gboolean controls; /* a terminal whose line can be written over */
        gboolean utf8; /* the locale's characters, terminal or not */
        unsigned columns, rows; /* of the terminal, else 80 and 0 */
} PiTerminal;

typedef enum PiStyle {
        PI_STYLE_PLAIN,
        PI_STYLE_HEAD,
        PI_STYLE_STRONG,
        PI_STYLE_FAINT,
        PI_STYLE_GOOD,
        PI_STYLE_BUSY,
        PI_STYLE_BAD,
        _PI_STYLE_MAX,
} PiStyle;

void pi_terminal_init(PiTerminal *t, int fd);

/* Escape sequences that begin and end a style; "" without colours. */
const char *pi_terminal_begin(const PiTerminal *t, PiStyle style);
const char *pi_terminal_end(const PiTerminal *t, PiStyle style);

/* The style a state of a job, a lease, a core or a node, or a verdict, is shown in. */
PiStyle pi_style_of_state(const char *state);
