/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <string.h>

#include "ctl/quantity.h"
#include "ctl/text.h"
#include "ctl/timespan.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A refusal says why, quotes only what prints, and leaves the number alone. */
static void check_refusal(const GError *error, guint64 value) {
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
        g_assert(g_str_is_ascii(error->message) && !strpbrk(error->message, "\n\033\177"));
        g_assert(strlen(error->message) < 1024);
        g_assert(value == 42);
}

/* A number that was taken is in its range and is taken again when written plainly. */
static void check_quantity(const char *text, const PiQuantityRange *range) {
        g_autoptr(GError) error = NULL;
        g_autofree char *plain = NULL;
        guint64 value = 42, again;

        if (!pi_quantity_parse(text, range, &value, &error)) {
                check_refusal(error, value);
                return;
        }
        g_assert(value >= range->min && value <= range->max);
        plain = g_strdup_printf("%" G_GUINT64_FORMAT, value);
        g_assert(pi_quantity_parse(plain, range, &again, NULL));
        g_assert(again == value);
}

static void check_timespan(const char *text) {
        g_autoptr(GError) error = NULL;
        g_autofree char *plain = NULL;
        guint64 usec = 42, again;

        if (!pi_timespan_parse(text, &usec, &error)) {
                check_refusal(error, usec);
                return;
        }
        plain = g_strdup_printf("%" G_GUINT64_FORMAT "us", usec);
        g_assert(pi_timespan_parse(plain, &again, NULL));
        g_assert(again == usec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const PiQuantityRange all = { "number", 0, G_MAXUINT64, "1" };
        g_autofree char *text = g_strndup((const char *) data, size), *escaped = NULL;

        check_quantity(text, &pi_quantity_terms);
        check_quantity(text, &pi_quantity_parts);
        check_quantity(text, &all);
        check_timespan(text);
        escaped = pi_text_escape(text, TRUE, 0);
        g_assert(g_utf8_validate(escaped, -1, NULL) && !strpbrk(escaped, "\n\033\177"));
        return 0;
}
