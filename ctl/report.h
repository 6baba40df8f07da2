/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/output.h"

/* Width of the names in front of the figures. */
#define PI_REPORT_LABEL_WIDTH 18

/* Appends "  LABEL   TEXT\n". */
void pi_report_row(PiOutput *out, const char *label, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Appends the value of pi and the figures of a done job for people; figures that the report lacks
 * are left out. */
void pi_report_append(PiOutput *out, double pi, GVariant *report);

/* Appends {"pi": ..., "report": {...}} as JSON. */
void pi_report_append_json(PiOutput *out, double pi, GVariant *report);
