/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/quantity.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

/* Beyond any range: stops the arithmetic on exponents long before it could wrap. */
#define EXPONENT_MAX 999

const PiQuantityRange pi_quantity_terms = {
        "number of terms", 1, G_GUINT64_CONSTANT(10000000000000000),
        "1000000000, 1e9, 1_000_000_000 or 1G",
};

const PiQuantityRange pi_quantity_parts = {
        "number of parts", 1, G_GUINT64_CONSTANT(1250000000000000), "16, 1e6, 1_000_000 or 1M",
};

/* The number written is digits * 10^exponent. */
typedef struct Decimal {
        char digits[PI_QUANTITY_LENGTH_MAX + 1];
        unsigned n_digits;
        int exponent;
} Decimal;

/* Takes digits with single underscores between them; FALSE unless there is one at least. */
static gboolean scan_digits(const char **text, Decimal *d, unsigned *ret_count) {
        const char *p = *text;
        unsigned count = 0;

        while (g_ascii_isdigit(*p)) {
                d->digits[d->n_digits++] = *p++;
                count++;
                if (p[0] == '_' && g_ascii_isdigit(p[1]))
                        p++;
        }
        *text = p;
        *ret_count = count;
        return count > 0;
}

static gboolean scan_exponent(const char **text, int *exponent) {
        const char *p = *text + 1; /* behind the e */
        int value = 0;

        if (*p == '+')
                p++;
        if (!g_ascii_isdigit(*p))
                return FALSE;
        for (; g_ascii_isdigit(*p); p++)
                value = MIN(value * 10 + (*p - '0'), EXPONENT_MAX);
        *exponent += value;
        *text = p;
        return TRUE;
}

static gboolean scan_scale(const char **text, int *exponent) {
        static const struct {
                char suffix;
                int exponent;
        } scales[] = { { 'k', 3 }, { 'K', 3 }, { 'M', 6 }, { 'G', 9 }, { 'T', 12 }, { 'P', 15 } };

        if (**text == 'e' || **text == 'E')
                return scan_exponent(text, exponent);
        for (gsize i = 0; i < G_N_ELEMENTS(scales); i++)
                if (**text == scales[i].suffix) {
                        *exponent += scales[i].exponent;
                        (*text)++;
                        break;
                }
        return TRUE;
}

static gboolean scan_decimal(const char *text, Decimal *d) {
        unsigned count, fraction = 0;

        if (!scan_digits(&text, d, &count))
                return FALSE;
        if (*text == '.') {
                text++;
                if (!scan_digits(&text, d, &fraction))
                        return FALSE;
        }
        if (!scan_scale(&text, &d->exponent))
                return FALSE;
        d->exponent -= (int) fraction;
        return *text == '\0';
}

/* FALSE when it is no whole number or above `max`. */
static gboolean decimal_to_u64(const Decimal *d, guint64 max, gboolean *ret_whole, guint64 *ret) {
        unsigned n = d->n_digits;
        guint64 value = 0;
        int zeros = d->exponent;

        *ret_whole = TRUE;
        for (; zeros < 0 && n > 0; zeros++)
                if (d->digits[--n] != '0') {
                        *ret_whole = FALSE;
                        return FALSE;
                }
        for (unsigned i = 0; i < n; i++)
                if (!g_uint64_checked_mul(&value, value, 10) ||
                    !g_uint64_checked_add(&value, value, (guint64) (d->digits[i] - '0')))
                        return FALSE;
        for (; zeros > 0 && value > 0; zeros--)
                if (!g_uint64_checked_mul(&value, value, 10))
                        return FALSE;
        *ret = value;
        return value <= max;
}

static void set_error(GError **error, const PiQuantityRange *range, const char *text,
                      const char *problem) {
        g_autofree char *quoted = pi_text_quote(text, PI_QUANTITY_LENGTH_MAX);

        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is not a %s: %s; it must be a whole number from %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT ", for example %s",
                    quoted, range->what, problem, range->min, range->max, range->example);
}

gboolean pi_quantity_parse(const char *text, const PiQuantityRange *range, guint64 *ret,
                           GError **error) {
        Decimal d = {};
        gboolean whole;
        guint64 value;

        if (text[0] == '\0') {
                set_error(error, range, text, "it is empty");
                return FALSE;
        }
        if (strlen(text) > PI_QUANTITY_LENGTH_MAX) {
                set_error(error, range, text,
                          "it is longer than " G_STRINGIFY(PI_QUANTITY_LENGTH_MAX) " characters");
                return FALSE;
        }
        if (!scan_decimal(text, &d)) {
                set_error(error, range, text, "it is not written as a positive number");
                return FALSE;
        }
        if (!decimal_to_u64(&d, range->max, &whole, &value)) {
                set_error(error, range, text, whole ? "it is too large" : "it is not whole");
                return FALSE;
        }
        if (value < range->min) {
                set_error(error, range, text, "it is too small");
                return FALSE;
        }
        *ret = value;
        return TRUE;
}
