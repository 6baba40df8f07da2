/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/options.h"

#include <string.h>

#include "dbus/error.h"

#define SHOWN_BYTES_MAX 64

gboolean pi_option_invalid(GError **error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        if (error)
                *error = g_error_new_valist(PI_ERROR, PI_ERROR_INVALID_OPTION, format, ap);
        va_end(ap);
        return FALSE;
}

gboolean pi_option_out_of_range(GError **error, const char *key, uint64_t value, uint64_t min,
                                uint64_t max, const char *of_what) {
        return pi_option_invalid(error,
                                 "Option \"%s\" is %" G_GUINT64_FORMAT
                                 ", out of range: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT "%s",
                                 key, value, min, max, of_what);
}

char *pi_option_shown(const char *given) {
        char *shown = g_utf8_make_valid(given, (gssize) MIN(strlen(given), SHOWN_BYTES_MAX));

        for (char *c = shown; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = '?';
        return shown;
}

static gboolean unknown(const PiOption *table, const char *key, GError **error) {
        g_autoptr(GString) known = g_string_new(NULL);
        g_autofree char *shown = pi_option_shown(key);

        for (const PiOption *o = table; o->key; o++)
                g_string_append_printf(known, "%s%s", o == table ? "" : ", ", o->key);
        return pi_option_invalid(error, "Unknown option \"%s\": give any of %s", shown, known->str);
}

static gboolean parse_one(const PiOption *table, const char *key, GVariant *value, gpointer request,
                          uint32_t *seen, GError **error) {
        const PiOption *o = table;

        while (o->key && !g_str_equal(o->key, key))
                o++;
        if (!o->key)
                return unknown(table, key, error);
        if (!g_variant_is_of_type(value, G_VARIANT_TYPE(o->type)))
                return pi_option_invalid(error, "Option \"%s\" has type \"%s\": give type \"%s\"",
                                         key, g_variant_get_type_string(value), o->type);
        if (*seen & (1u << (o - table)))
                return pi_option_invalid(error, "Option \"%s\" is given twice: give it once", key);
        *seen |= 1u << (o - table);
        return o->parse(request, value, error);
}

gboolean pi_options_parse(GVariant *options, const PiOption *table, gpointer request,
                          uint32_t *ret_seen, GError **error) {
        GVariantIter iter;
        uint32_t seen = 0;
        const char *key;
        GVariant *value;

        g_variant_iter_init(&iter, options);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
                if (!parse_one(table, key, value, request, &seen, error)) {
                        /* The loop frees it only when it ends by itself. */
                        g_variant_unref(value);
                        return FALSE;
                }
        if (ret_seen)
                *ret_seen = seen;
        return TRUE;
}
