/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The figures in the text format of Prometheus, version 0.0.4.
 *
 * The names follow from those of daemon/metrics/keys.h: "picompute_", the key (of a core "core_"
 * and the key, of a baseline "kernel_" and the key), the unit in Prometheus' base units, and
 * "_total" if it is a counter: jobs_done is picompute_jobs_done_total, response_p50_usec is
 * picompute_response_p50_seconds. The keys of a histogram become one, picompute_response_seconds. A
 * text becomes a label of a figure that is 1, of the name with "_info". */

#define PI_PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The answer of GetMetrics (a{sv}, not taken over, must not be floating) as new text; NULL: the
 * service does not run, and picompute_up is 0. Keys that are unknown or of another type than the
 * table says are left out, as are entries beyond what the service itself lists; so the text is
 * never larger than some megabytes. */
char *pi_prometheus_text(GVariant *metrics);
