/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Whether ncurses knows the terminal that TERM names, well enough to draw on it. */
gboolean pi_terminfo_is_known(void);
