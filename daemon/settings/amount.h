/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* How people write numbers and times. A value above UINT64_MAX is taken as that. */

/* A whole number: digits with single underscores between them, an optional fraction, then an
 * optional exponent (e9) or decimal suffix (k M G T P). Exact: 2.5e9 is one and 1.5 is none. False
 * for anything else. */
gboolean pi_amount_scan(const char *text, uint64_t *ret);

/* A time span of systemd's kind in microseconds: numbers, each with a unit, added up, as in
 * "1min 30s"; a number alone is seconds. What is below a microsecond is dropped. False for anything
 * else. */
gboolean pi_span_scan(const char *text, uint64_t *ret_usec);
