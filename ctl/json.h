/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

typedef enum PiJsonMode {
        PI_JSON_OFF,
        PI_JSON_SHORT, /* one line */
        PI_JSON_PRETTY, /* indented */
} PiJsonMode;

/* Appends a value as JSON text and a newline. Variants are unwrapped, dictionaries with string keys
 * are objects, structs and other arrays are arrays. Integers keep every digit up to 2^64-1, doubles
 * all 17; a double that is not finite is null. Text is safe to print: control characters are
 * escaped. */
void pi_json_append(GVariant *value, PiJsonMode mode, GString *out);
