/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/terminfo.h"

#include <ncurses.h>
#include <unistd.h>
/* Last, and apart from all that draws: its macros are words such as lines and columns. */
#include <term.h>

/* newterm() fails for an unknown one, too, but then loses the memory it began with. */
gboolean pi_terminfo_is_known(void) {
        int why;

        if (setupterm(NULL, STDOUT_FILENO, &why) != OK)
                return FALSE;
        del_curterm(cur_term);
        return TRUE;
}
