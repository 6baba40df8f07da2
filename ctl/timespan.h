/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_TIMESPAN_LENGTH_MAX 64
#define PI_TIMESPAN_MIN_USEC 1000
/* 365 days. */
#define PI_TIMESPAN_MAX_USEC (G_GUINT64_CONSTANT(365) * 86400 * 1000000)

/* Reads a span of time of systemd's kind into microseconds, within the two bounds: numbers, each
 * with a unit (us ms s min h d, and their long names), added up, as in "1min 30s"; a number alone
 * is seconds. What is below a microsecond is dropped. All else is PI_ERROR_INVALID_OPTION. */
gboolean pi_timespan_parse(const char *text, guint64 *ret_usec, GError **error);

/* A range of times a person may write, and the words to ask for one. */
typedef struct PiTimespanRange {
        guint64 min_usec, max_usec;
        const char *words; /* "1ms to 365d, for example ..." */
} PiTimespanRange;

/* 1 s to 30 days: how long a burn-in may take. */
extern const PiTimespanRange pi_timespan_burnin;

/* pi_timespan_parse() with other bounds. */
gboolean pi_timespan_parse_within(const char *text, const PiTimespanRange *range,
                                  guint64 *ret_usec, GError **error);
