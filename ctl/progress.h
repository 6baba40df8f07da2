/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/terminal.h"

/* What a progress line says about a job. */
typedef struct PiProgressView {
        guint64 id, terms;
        char state[16];
        char engine[16]; /* state of the engine that has it; "": of the site's none has */
        double share; /* of the terms, 0 to 1 */
        double share_per_second; /* 0 while not known */
        guint64 waited_usec; /* since the line began */
} PiProgressView;

/* Appends a bar of so many columns, of which the share (0 to 1) is full. */
void pi_progress_append_bar(GString *line, double share, gsize width, gboolean utf8);

/* The line for a terminal this wide, never wider, without a newline. */
char *pi_progress_render(const PiProgressView *view, unsigned columns, gboolean utf8);

/* A progress line on stderr, kept up to date, if that is a terminal; all else does nothing. */
typedef struct PiProgress {
        PiTerminal terminal;
        PiProgressView view;
        gint64 begin_usec; /* monotonic */
        gint64 running_usec; /* when `running_share` was reached; 0 before it runs */
        double running_share;
        guint timer;
        gboolean drawn;
} PiProgress;

void pi_progress_init(PiProgress *progress);
gboolean pi_progress_is_wanted(const PiProgress *progress);

/* Takes over what is in a dictionary of the job's properties; absent ones stay. */
void pi_progress_update(PiProgress *progress, GVariant *properties);

/* Wipes the line out: before anything else is written. */
void pi_progress_clear(PiProgress *progress);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiProgress, pi_progress_clear)
