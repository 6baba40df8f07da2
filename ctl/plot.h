/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/sweep.h"

/* Charts of a sweep, drawn by gnuplot. */
typedef enum PiPlotKind {
        PI_PLOT_SVG,
        PI_PLOT_PNG,
} PiPlotKind;

/* Before anything is measured: whether there will be a chart in `file`. The name must end in .svg
 * or .png, gnuplot be installed, and the folder be one that can be written to. Errors:
 * PI_ERROR_INVALID_OPTION, PI_ERROR_FAILED, with what to do. */
gboolean pi_plot_check(const char *file, GError **error);

/* What gnuplot is told: median of the response time with its range on the left axis, CPU use on the
 * right one, over the parts; logarithmic both, but for the CPU use. The sweep has a point. Nothing
 * that a text of the sweep holds is obeyed. */
char *pi_plot_script(const PiSweep *sweep, PiPlotKind kind);

/* Draws, and puts the file in place as a whole. */
gboolean pi_plot_write(const char *file, const PiSweep *sweep, GError **error);
