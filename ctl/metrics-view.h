/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/output.h"

/* One figure of GetMetrics as people read it; its name says the unit ("_usec", "_bytes", ...). */
char *pi_metric_text(const char *key, GVariant *value);

/* Appends the answer of GetMetrics in families. Absent figures are left out, unknown ones come last
 * under their own names: every figure is shown. */
void pi_metrics_append(PiOutput *out, GVariant *metrics);
