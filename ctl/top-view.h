/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/line.h"
#include "ctl/owner.h"
#include "ctl/top.h"

/* The window that a view of the service is made for. */
typedef struct PiTopWindow {
        unsigned columns, rows;
        gboolean utf8;
        PiOwners *owners;
        const char *where;  /* whose service it is: "the system bus" */
        const char *clock;  /* the time of day, or "" */
        const char *notice; /* what is wrong, or NULL */
        const char *detail; /* more of it, or NULL */
} PiTopWindow;

/* What to show, PiLine from the top down: as many lines as the window has rows or fewer, none wider
 * than it. Jobs and cores that have no room are counted in a line. */
GPtrArray *pi_top_lines(const PiTop *top, const PiTopWindow *window);
