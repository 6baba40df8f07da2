/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/amount.h"

#include <string.h>

/* Beyond any range: stops the arithmetic on exponents long before it could wrap. */
#define EXPONENT_MAX 999

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static uint64_t add(uint64_t a, uint64_t b) {
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b) {
        return b > 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t shift(uint64_t value, int zeros) {
        for (; zeros > 0 && value > 0 && value < UINT64_MAX; zeros--)
                value = multiply(value, 10);
        return value;
}

/* The number read so far is digits * 10^zeros. */
typedef struct Decimal {
        uint64_t digits;
        int zeros;
} Decimal;

/* Takes digits with single underscores between them; how many they are, 0 for a fault. */
static int scan_digits(const char **text, Decimal *d) {
        const char *p = *text;
        int count = 0;

        while (g_ascii_isdigit(*p)) {
                /* Zeros wait for a digit that needs them: 1.50 is as good as 1.5. */
                if (*p == '0')
                        d->zeros = MIN(d->zeros + 1, EXPONENT_MAX);
                else {
                        d->digits = add(shift(d->digits, d->zeros + 1), (uint64_t) (*p - '0'));
                        d->zeros = 0;
                }
                p++;
                count = MIN(count + 1, EXPONENT_MAX);
                if (p[0] == '_' && g_ascii_isdigit(p[1]))
                        p++;
        }
        *text = p;
        return count;
}

static gboolean scan_exponent(const char **text, int *zeros) {
        const char *p = *text;
        int value = 0;

        if (*p == '+')
                p++;
        if (!g_ascii_isdigit(*p))
                return FALSE;
        for (; g_ascii_isdigit(*p); p++)
                value = MIN(value * 10 + (*p - '0'), EXPONENT_MAX);
        *zeros += value;
        *text = p;
        return TRUE;
}

static gboolean scan_scale(const char **text, int *zeros) {
        static const char suffixes[] = "kKMGTP";
        static const int exponents[] = { 3, 3, 6, 9, 12, 15 };
        char c = **text;
        const char *suffix;

        if (c == '\0')
                return TRUE;
        (*text)++;
        if (c == 'e' || c == 'E')
                return scan_exponent(text, zeros);
        suffix = strchr(suffixes, c);
        if (!suffix)
                return FALSE;
        *zeros += exponents[suffix - suffixes];
        return TRUE;
}

gboolean pi_amount_scan(const char *text, uint64_t *ret) {
        Decimal d = {};
        int fraction = 0;

        if (scan_digits(&text, &d) == 0)
                return FALSE;
        if (*text == '.') {
                text++;
                fraction = scan_digits(&text, &d);
                if (fraction == 0)
                        return FALSE;
        }
        d.zeros -= fraction;
        if (!scan_scale(&text, &d.zeros) || *text != '\0' || (d.digits > 0 && d.zeros < 0))
                return FALSE;
        *ret = shift(d.digits, d.zeros);
        return TRUE;
}

/* systemd's, see systemd.time(7). */
static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        { "us", 1 },
        { "usec", 1 },
        { "\302\265s", 1 },
        { "\316\274s", 1 },
        { "ms", 1000 },
        { "msec", 1000 },
        { "s", SECOND },
        { "sec", SECOND },
        { "second", SECOND },
        { "seconds", SECOND },
        { "m", MINUTE },
        { "min", MINUTE },
        { "minute", MINUTE },
        { "minutes", MINUTE },
        { "h", HOUR },
        { "hr", HOUR },
        { "hour", HOUR },
        { "hours", HOUR },
        { "d", DAY },
        { "day", DAY },
        { "days", DAY },
        { "w", 7 * DAY },
        { "week", 7 * DAY },
        { "weeks", 7 * DAY },
        { "M", 2629800 * SECOND },
        { "month", 2629800 * SECOND },
        { "months", 2629800 * SECOND },
        { "y", 31557600 * SECOND },
        { "year", 31557600 * SECOND },
        { "years", 31557600 * SECOND },
};

static const char *skip_space(const char *p) {
        while (*p == ' ' || *p == '\t')
                p++;
        return p;
}

/* The unit that begins at *text; a number at the end of the text, without one, is seconds. */
static gboolean scan_unit(const char **text, uint64_t *ret_usec) {
        const char *p = skip_space(*text);
        gsize length = strcspn(p, "0123456789. \t");

        *text = p + length;
        *ret_usec = SECOND;
        if (length == 0)
                return *p == '\0';
        for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
                if (strlen(units[i].name) == length && memcmp(units[i].name, p, length) == 0) {
                        *ret_usec = units[i].usec;
                        return TRUE;
                }
        return FALSE;
}

/* One number with its unit. */
static gboolean scan_item(const char **text, uint64_t *ret_usec) {
        const char *fraction = NULL, *p = *text;
        uint64_t whole = 0, part = 0, unit, scale;

        if (!g_ascii_isdigit(*p))
                return FALSE;
        for (; g_ascii_isdigit(*p); p++)
                whole = add(multiply(whole, 10), (uint64_t) (*p - '0'));
        if (*p == '.') {
                fraction = ++p;
                if (!g_ascii_isdigit(*p))
                        return FALSE;
                while (g_ascii_isdigit(*p))
                        p++;
        }
        if (!scan_unit(&p, &unit))
                return FALSE;
        scale = unit;
        for (; fraction && g_ascii_isdigit(*fraction); fraction++) {
                scale /= 10;
                part += scale * (uint64_t) (*fraction - '0');
        }
        *text = p;
        *ret_usec = add(multiply(whole, unit), part);
        return TRUE;
}

gboolean pi_span_scan(const char *text, uint64_t *ret_usec) {
        const char *p = skip_space(text);
        uint64_t sum = 0, item;

        if (*p == '\0')
                return FALSE;
        while (*p != '\0') {
                if (!scan_item(&p, &item))
                        return FALSE;
                sum = add(sum, item);
                p = skip_space(p);
        }
        *ret_usec = sum;
        return TRUE;
}
