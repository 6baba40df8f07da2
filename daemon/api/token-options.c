/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/token-options.h"

#include <string.h>

#include "daemon/cluster/token.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define USES_DEFAULT 1

static gboolean invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean invalid(GError **error, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION, message);
        return FALSE;
}

static gboolean parse_ttl(PiTokenOptions *o, GVariant *value, GError **error) {
        o->ttl_usec = g_variant_get_uint64(value);
        if (o->ttl_usec >= PI_TOKEN_TTL_USEC_MIN && o->ttl_usec <= PI_TOKEN_TTL_USEC_MAX)
                return TRUE;
        return invalid(error,
                       "Option \"%s\" is %" G_GUINT64_FORMAT ", out of range: %" G_GUINT64_FORMAT
                       " to %" G_GUINT64_FORMAT,
                       PI_TOKEN_TTL_USEC, o->ttl_usec, PI_TOKEN_TTL_USEC_MIN,
                       PI_TOKEN_TTL_USEC_MAX);
}

static gboolean parse_uses(PiTokenOptions *o, GVariant *value, GError **error) {
        o->uses = g_variant_get_uint32(value);
        if (o->uses >= 1 && o->uses <= PI_TOKEN_USES_MAX)
                return TRUE;
        return invalid(error, "Option \"%s\" is %u, out of range: 1 to %d", PI_TOKEN_USES, o->uses,
                       PI_TOKEN_USES_MAX);
}

static const struct {
        const char *key, *type;
        gboolean (*parse)(PiTokenOptions *o, GVariant *value, GError **error);
} option_table[] = {
        { PI_TOKEN_TTL_USEC, "t", parse_ttl  },
        { PI_TOKEN_USES,     "u", parse_uses },
};

/* `seen`: bit mask of the entries of option_table. */
static gboolean parse_option(PiTokenOptions *o, uint32_t *seen, const char *key, GVariant *value,
                             GError **error) {
        g_autofree char *valid = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(option_table); i++) {
                if (!g_str_equal(option_table[i].key, key))
                        continue;
                if (!g_variant_is_of_type(value, G_VARIANT_TYPE(option_table[i].type)))
                        return invalid(error, "Option \"%s\" has type \"%s\": give type \"%s\"",
                                       key, g_variant_get_type_string(value), option_table[i].type);
                if (*seen & (1u << i))
                        return invalid(error, "Option \"%s\" is given twice: give it once", key);
                *seen |= 1u << i;
                return option_table[i].parse(o, value, error);
        }
        valid = g_utf8_make_valid(key, (gssize) MIN(strlen(key), 64));
        return invalid(error, "Unknown option \"%s\": give any of %s, %s", valid, PI_TOKEN_TTL_USEC,
                       PI_TOKEN_USES);
}

gboolean pi_token_options_parse(GVariant *options, PiTokenOptions *ret, GError **error) {
        PiTokenOptions o = { .ttl_usec = PI_TOKEN_TTL_USEC_DEFAULT, .uses = USES_DEFAULT };
        GVariantIter iter;
        uint32_t seen = 0;
        const char *key;
        GVariant *value;

        g_variant_iter_init(&iter, options);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
                if (!parse_option(&o, &seen, key, value, error)) {
                        g_variant_unref(value);
                        return FALSE;
                }
        *ret = o;
        return TRUE;
}
