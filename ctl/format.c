/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/format.h"

#include <math.h>
#include <string.h>

#define USEC_PER_MSEC 1000
#define USEC_PER_SEC 1000000

char *pi_format_grouped(guint64 value) {
        g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, value);
        gsize n = strlen(digits);
        GString *s = g_string_new(NULL);

        for (gsize i = 0; i < n; i++) {
                if (i > 0 && (n - i) % 3 == 0)
                        g_string_append_c(s, ' ');
                g_string_append_c(s, digits[i]);
        }
        return g_string_free(s, FALSE);
}

char *pi_format_count(guint64 value) {
        static const struct {
                guint64 unit;
                char suffix;
        } scales[] = {
                { G_GUINT64_CONSTANT(1000000000000000), 'P' },
                { G_GUINT64_CONSTANT(1000000000000), 'T' },
                { 1000000000, 'G' },
                { 1000000, 'M' },
                { 1000, 'k' },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(scales); i++) {
                guint64 thousandth = scales[i].unit / 1000, part;

                if (value < scales[i].unit)
                        continue;
                if (value % thousandth != 0 || scales[i].unit == 1000)
                        break;
                part = value % scales[i].unit / thousandth;
                if (part == 0)
                        return g_strdup_printf("%" G_GUINT64_FORMAT "%c", value / scales[i].unit,
                                               scales[i].suffix);
                if (part % 100 == 0)
                        return g_strdup_printf("%" G_GUINT64_FORMAT ".%u%c", value / scales[i].unit,
                                               (unsigned) (part / 100), scales[i].suffix);
        }
        if (value >= 1000 && value % 1000 == 0)
                return g_strdup_printf("%" G_GUINT64_FORMAT "k", value / 1000);
        return g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

/* Decimals that give three significant digits after rounding, for 0 < value < 9.5e5. */
static int decimals(double value) {
        if (value >= 99.95)
                return 0;
        if (value >= 9.995)
                return 1;
        return value >= 0.9995 ? 2 : 3;
}

static char *with_unit(double value, const char *unit) {
        return g_strdup_printf("%.*f %s", decimals(value), value, unit);
}

/* Brings a value below 1000, as it is shown, and gives the decimal prefix that makes up for it. */
static const char *take_prefix(double *value) {
        static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
        gsize i = 0;

        while (*value >= 999.5 && i + 1 < G_N_ELEMENTS(prefixes)) {
                *value /= 1000;
                i++;
        }
        return prefixes[i];
}

char *pi_format_rate(double per_second, const char *unit) {
        const char *prefix;

        if (!isfinite(per_second) || per_second < 0)
                return g_strdup("-");
        if (per_second == 0)
                return g_strdup_printf("0 %s/s", unit);
        prefix = take_prefix(&per_second);
        return g_strdup_printf("%.*f %s%s/s", decimals(per_second), per_second, prefix, unit);
}

char *pi_format_amount(double value) {
        const char *prefix;

        if (!isfinite(value) || value < 0)
                return g_strdup("-");
        if (value == floor(value) && value < 1000)
                return g_strdup_printf("%.0f", value);
        prefix = take_prefix(&value);
        return g_strdup_printf("%.*f%s", decimals(value), value, prefix);
}

char *pi_format_usec(guint64 usec) {
        guint64 sec = usec / USEC_PER_SEC, min = sec / 60, hour = min / 60, day = hour / 24;

        if (usec < USEC_PER_MSEC)
                return g_strdup_printf("%u us", (unsigned) usec);
        if (usec < 999500)
                return with_unit((double) usec / USEC_PER_MSEC, "ms");
        if (usec < 59950000)
                return with_unit((double) usec / USEC_PER_SEC, "s");
        if (day > 0)
                return g_strdup_printf("%" G_GUINT64_FORMAT "d %uh", day, (unsigned) (hour % 24));
        if (hour > 0)
                return g_strdup_printf("%uh %umin", (unsigned) hour, (unsigned) (min % 60));
        sec = MAX(sec, 60); /* 59.95 s on are shown as the minute they round to */
        return g_strdup_printf("%umin %us", (unsigned) (sec / 60), (unsigned) (sec % 60));
}

char *pi_format_nsec(guint64 nsec) {
        if (nsec < 1000)
                return g_strdup_printf("%u ns", (unsigned) nsec);
        if (nsec < 999500)
                return with_unit((double) nsec / 1000, "us");
        return pi_format_usec((nsec + 500) / 1000);
}

char *pi_format_bytes(guint64 bytes) {
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        double value = (double) bytes / 1024;
        gsize i = 0;

        if (bytes < 1024)
                return g_strdup_printf("%u B", (unsigned) bytes);
        for (; value >= 1023.5 && i + 1 < G_N_ELEMENTS(units); i++)
                value /= 1024;
        return with_unit(value, units[i]);
}

char *pi_format_percent(double share) {
        double percent = share * 100;

        if (!isfinite(percent))
                return g_strdup("-");
        return g_strdup_printf("%.*f %%", fabs(percent) >= 99.95 || percent == 0 ? 0 : 1, percent);
}

char *pi_format_difference(double value) {
        return value == 0 ? g_strdup("0") : g_strdup_printf("%.3e", value);
}

char *pi_format_number(double value) {
        return g_strdup_printf(fabs(value) >= 999.5 && fabs(value) < 1e6 ? "%.0f" : "%.3g", value);
}

char *pi_format_moment(guint64 usec) {
        g_autoptr(GDateTime) moment = NULL;

        if (usec == 0)
                return g_strdup("-");
        moment = g_date_time_new_from_unix_local((gint64) (usec / USEC_PER_SEC));
        return moment ? g_date_time_format(moment, "%Y-%m-%d %H:%M:%S") : g_strdup("-");
}
