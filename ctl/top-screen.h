/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The whole of the terminal on standard input and output, until it is freed: then it is as it was
 * before. There can be one. */
typedef struct PiTopScreen PiTopScreen;

typedef enum PiTopKey {
        PI_TOP_KEY_NONE, /* no more for now */
        PI_TOP_KEY_QUIT,
        PI_TOP_KEY_REDRAW,
        PI_TOP_KEY_OTHER,
} PiTopKey;

/* Errors: PI_ERROR_FAILED where there is no terminal, or an unknown one. */
PiTopScreen *pi_top_screen_new(GError **error);
void pi_top_screen_free(PiTopScreen *screen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTopScreen, pi_top_screen_free)

void pi_top_screen_size(const PiTopScreen *screen, unsigned *ret_columns, unsigned *ret_rows);

/* After the window has changed its size. */
void pi_top_screen_resize(PiTopScreen *screen);

/* Shows the lines, PiLine, and nothing else; `afresh` also where it was shown already. */
void pi_top_screen_draw(PiTopScreen *screen, const GPtrArray *lines, gboolean afresh);

/* The next key that was pressed; does not wait. */
PiTopKey pi_top_screen_key(PiTopScreen *screen);
