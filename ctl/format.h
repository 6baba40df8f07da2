/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Numbers as people read them. All return new text that the caller frees. ASCII unless said. */

/* Every digit, in groups of three: "1 000 000 000". */
char *pi_format_grouped(guint64 value);

/* As short as it is exact, in the form arguments are written in: "1G", "2.5M", "1073741824". */
char *pi_format_count(guint64 value);

/* Three significant digits and a decimal prefix: "45.2 Gterm/s", "0.250 term/s", "0 term/s". A
 * value that is not finite or negative is "-". */
char *pi_format_rate(double per_second, const char *unit);

/* The same without a unit: "45.2G", "845", "0". */
char *pi_format_amount(double value);

/* Two or three significant digits with a unit: "845 us", "26.1 ms", "1.23 s", "2min 5s", "3h 2min",
 * "4d 1h". */
char *pi_format_usec(guint64 usec);

/* The same from nanoseconds on: "812 ns", "1.23 us". */
char *pi_format_nsec(guint64 nsec);

/* "512 B", "12.3 MiB". */
char *pi_format_bytes(guint64 bytes);

/* A share as per cent: 0.973 is "97.3 %", 1 is "100 %". */
char *pi_format_percent(double share);

/* A small difference: "-1.000e-09", "0". */
char *pi_format_difference(double value);

/* Three significant digits, no exponent from 0.001 to 1e6: "1.92", "0.5", "12". */
char *pi_format_number(double value);

/* A moment in microseconds since the epoch as local time, "2024-05-01 12:34:56"; "-" for 0. */
char *pi_format_moment(guint64 usec);
