/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/output.h"
#include "ctl/sweep.h"

/* How a sweep is shown. */

/* For people: what was measured on what, the baselines, the table of the points, the knee. */
void pi_sweep_append(PiOutput *out, const PiSweep *sweep);

/* One object: the run with all its samples, and what follows from them. */
void pi_sweep_append_json(PiOutput *out, const PiSweep *sweep);

/* RFC 4180 with a header line; a row for each baseline and each point. */
void pi_sweep_append_csv(GString *out, const PiSweep *sweep);

/* Two runs, `now` against `then`, number of parts, or of nodes, by number. */
typedef enum PiSweepChange {
        PI_SWEEP_SAME,   /* the ranges overlap */
        PI_SWEEP_FASTER, /* every sample of `now` is below every one of `then` */
        PI_SWEEP_SLOWER,
} PiSweepChange;

PiSweepChange pi_sweep_change(const PiSweepSeries *now, const PiSweepSeries *then);

/* PI_ERROR_INVALID_OPTION if they are not of the same number of terms, or not over the same. */
gboolean pi_sweep_can_compare(guint64 now_terms, gboolean now_over_nodes, const PiSweep *then,
                              GError **error);

void pi_sweep_append_comparison(PiOutput *out, const PiSweep *now, const PiSweep *then);
void pi_sweep_append_comparison_json(PiOutput *out, const PiSweep *now, const PiSweep *then);
void pi_sweep_append_comparison_csv(GString *out, const PiSweep *now, const PiSweep *then);

/* Appends a field of CSV: quoted where it has to be. */
void pi_csv_append_text(GString *out, const char *text);
/* Appends a number with all its digits, with a point whatever the locale. */
void pi_csv_append_double(GString *out, double value);
