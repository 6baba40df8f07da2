/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/text.h"

#include <string.h>

static void skip(PiText *text, size_t n) {
        text->start += n;
        text->length -= n;
}

gboolean pi_text_take_until(PiText *text, char separator, PiText *ret) {
        const char *end = text->length > 0 ? memchr(text->start, separator, text->length) : NULL;
        if (!end)
                return FALSE;

        *ret = (PiText) { text->start, (size_t) (end - text->start) };
        skip(text, ret->length + 1);
        return TRUE;
}

gboolean pi_text_take_line(PiText *text, PiText *ret) {
        return pi_text_take_until(text, '\n', ret);
}

static gboolean is_blank(char c) {
        return c == ' ' || c == '\t';
}

gboolean pi_text_take_word(PiText *line, PiText *ret) {
        while (line->length > 0 && is_blank(*line->start))
                skip(line, 1);
        if (line->length == 0)
                return FALSE;

        size_t n = 0;
        while (n < line->length && !is_blank(line->start[n]))
                n++;
        *ret = (PiText) { line->start, n };
        skip(line, n);
        return TRUE;
}

gboolean pi_text_take_prefix(PiText *text, const char *prefix) {
        size_t n = strlen(prefix);
        if (text->length < n || memcmp(text->start, prefix, n) != 0)
                return FALSE;
        skip(text, n);
        return TRUE;
}

gboolean pi_text_equals(PiText text, const char *string) {
        return pi_text_take_prefix(&text, string) && text.length == 0;
}

gboolean pi_text_to_uint64(PiText text, uint64_t *ret) {
        uint64_t value = 0;

        if (text.length == 0)
                return FALSE;
        for (size_t i = 0; i < text.length; i++) {
                if (!g_ascii_isdigit(text.start[i]))
                        return FALSE;
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (text.start[i] - '0'), &value))
                        return FALSE;
        }
        *ret = value;
        return TRUE;
}
