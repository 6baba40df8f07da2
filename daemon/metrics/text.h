/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's small text files in pieces. A PiText is a borrowed stretch of bytes, not ended by
 * NUL; nothing here allocates or reads past the end. */

/* Longer texts are refused by all parsers. */
#define PI_TEXT_MAX (64u * 1024u)

typedef struct PiText {
        const char *start;
        size_t length;
} PiText;

/* Takes the next line off `text`, without its newline. The kernel ends every line with a newline,
 * so a last line that has none was cut and is not given. */
gboolean pi_text_take_line(PiText *text, PiText *ret);

/* Takes the next word, a run of anything but blanks and tabs, off `line`. */
gboolean pi_text_take_word(PiText *line, PiText *ret);

/* Takes what stands before the first `separator`, and the separator, off `text`. */
gboolean pi_text_take_until(PiText *text, char separator, PiText *ret);

/* Takes `prefix` off `text`, or leaves it as it was and returns FALSE. */
gboolean pi_text_take_prefix(PiText *text, const char *prefix);

gboolean pi_text_equals(PiText text, const char *string);

/* The whole text as a decimal number: digits only, no sign, no overflow. */
gboolean pi_text_to_uint64(PiText text, uint64_t *ret);
