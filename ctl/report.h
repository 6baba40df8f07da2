/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/output.h"

/* Width of the names in front of the figures. */
#define PI_REPORT_LABEL_WIDTH 18

/* Appends "  LABEL   TEXT\n". */
void pi_report_row(PiOutput *out, const char *label, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Appends the digits of pi_text, or if that is empty those of `pi`, and of how many terms. */
void pi_report_append_value(PiOutput *out, double pi, GVariant *report);

/* Appends how far the sum is from pi and from the exact sum, as far as the report tells. */
void pi_report_append_differences(PiOutput *out, GVariant *report);

/* Appends the value of pi and the figures of a done job for people; figures that the report lacks
 * are left out. */
void pi_report_append(PiOutput *out, double pi, GVariant *report);

/* Appends {"pi": ..., "report": {...}} as JSON. */
void pi_report_append_json(PiOutput *out, double pi, GVariant *report);
