/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_QUANTITY_LENGTH_MAX 64

/* A range of whole numbers a person may write, and the words to ask for one. */
typedef struct PiQuantityRange {
        const char *what; /* "number of terms" */
        guint64 min, max;
        const char *example; /* "1000000000, 1e9, 1_000_000_000 or 1G" */
} PiQuantityRange;

/* 1 ... 10^16, as the daemon's MaxTerms. */
extern const PiQuantityRange pi_quantity_terms;
/* 1 ... 10^16 / 8: a part has at least one group of 8 terms. */
extern const PiQuantityRange pi_quantity_parts;

/* Reads a whole number: digits with single underscores between them, an optional fraction, then an
 * optional exponent (e9) or one decimal suffix (k M G T P). Exact: nothing is rounded, so 2.5e9 is
 * a number and 1.5 is none. Anything else, also space around it, is PI_ERROR_INVALID_OPTION with a
 * text that quotes the input, the range and an example; *ret is then untouched. */
gboolean pi_quantity_parse(const char *text, const PiQuantityRange *range, guint64 *ret,
                           GError **error);
