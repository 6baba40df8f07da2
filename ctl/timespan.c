/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/timespan.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

const PiTimespanRange pi_timespan_burnin = {
        1000000,
        G_GUINT64_CONSTANT(30) * 86400 * 1000000,
        "1s to 30d, for example 30s, 10min, 12h or 1min 30s",
};

static const PiTimespanRange any = {
        PI_TIMESPAN_MIN_USEC,
        PI_TIMESPAN_MAX_USEC,
        "1ms to 365d, for example 30s, 5min, 500ms or 1min 30s",
};

static const struct {
        const char *name;
        guint64 usec;
} units[] = {
        { "us", 1 },
        { "usec", 1 },
        { "\302\265s", 1 },
        { "\316\274s", 1 },
        { "ms", 1000 },
        { "msec", 1000 },
        { "s", 1000000 },
        { "sec", 1000000 },
        { "second", 1000000 },
        { "seconds", 1000000 },
        { "m", 60 * 1000000 },
        { "min", 60 * 1000000 },
        { "minute", 60 * 1000000 },
        { "minutes", 60 * 1000000 },
        { "h", G_GUINT64_CONSTANT(3600000000) },
        { "hr", G_GUINT64_CONSTANT(3600000000) },
        { "hour", G_GUINT64_CONSTANT(3600000000) },
        { "hours", G_GUINT64_CONSTANT(3600000000) },
        { "d", G_GUINT64_CONSTANT(86400000000) },
        { "day", G_GUINT64_CONSTANT(86400000000) },
        { "days", G_GUINT64_CONSTANT(86400000000) },
};

static const char *skip_space(const char *p) {
        while (*p == ' ')
                p++;
        return p;
}

/* The unit that begins at *text; a number at the end of the text, without one, is seconds. */
static gboolean scan_unit(const char **text, guint64 *ret_usec) {
        const char *p = skip_space(*text);
        gsize length = strcspn(p, "0123456789. ");

        *text = p + length;
        if (length == 0) {
                *ret_usec = 1000000;
                return *p == '\0';
        }
        for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
                if (strlen(units[i].name) == length && memcmp(units[i].name, p, length) == 0) {
                        *ret_usec = units[i].usec;
                        return TRUE;
                }
        return FALSE;
}

/* One number with its unit. */
static gboolean scan_item(const char **text, guint64 *ret_usec) {
        const char *fraction = NULL, *p = *text;
        guint64 whole = 0, part = 0, unit, scale;

        if (!g_ascii_isdigit(*p))
                return FALSE;
        for (; g_ascii_isdigit(*p); p++)
                if (!g_uint64_checked_mul(&whole, whole, 10) ||
                    !g_uint64_checked_add(&whole, whole, (guint64) (*p - '0')))
                        return FALSE;
        if (*p == '.') {
                fraction = ++p;
                if (!g_ascii_isdigit(*p))
                        return FALSE;
                while (g_ascii_isdigit(*p))
                        p++;
        }
        if (!scan_unit(&p, &unit) || !g_uint64_checked_mul(&whole, whole, unit))
                return FALSE;
        scale = unit;
        for (; fraction && g_ascii_isdigit(*fraction); fraction++) {
                scale /= 10;
                part += scale * (guint64) (*fraction - '0');
        }
        *text = p;
        return g_uint64_checked_add(ret_usec, whole, part);
}

gboolean pi_timespan_parse_within(const char *text, const PiTimespanRange *range,
                                  guint64 *ret_usec, GError **error) {
        g_autofree char *quoted = NULL;
        const char *p = skip_space(text);
        gboolean good = strlen(text) <= PI_TIMESPAN_LENGTH_MAX && *p != '\0';
        guint64 sum = 0;

        while (good && *p != '\0') {
                guint64 item;

                good = scan_item(&p, &item) && g_uint64_checked_add(&sum, sum, item);
                p = skip_space(p);
        }
        if (good && sum >= range->min_usec && sum <= range->max_usec) {
                *ret_usec = sum;
                return TRUE;
        }
        quoted = pi_text_quote(text, PI_TIMESPAN_LENGTH_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is not a time: it must be from %s (a number alone is seconds)",
                    quoted, range->words);
        return FALSE;
}

gboolean pi_timespan_parse(const char *text, guint64 *ret_usec, GError **error) {
        return pi_timespan_parse_within(text, &any, ret_usec, error);
}
