/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/sweep-plan.h"

/* How far a sweep is. */
typedef struct PiSweepProgress {
        const PiSweepStep *step; /* the request that runs */
        guint repeats;
        double gone, left; /* in seconds; `left` may be 0: not known */
} PiSweepProgress;

/* A line for a terminal this wide, never wider, with a newline. */
char *pi_sweep_progress_text(const PiSweepProgress *progress, unsigned columns, gboolean utf8);
