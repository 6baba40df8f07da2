/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/inject.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/names.h"

#define BIT_DEFAULT 40
#define COUNT_DEFAULT 1
#define FACTOR_DEFAULT 2.0

typedef struct Request {
        PiFaultOrder order;
        uint32_t seen; /* bit mask of the entries of option_table */
} Request;

typedef struct Option {
        const char *key;
        const GVariantType *type;
        PiFaultKind only; /* the kind it belongs to, PI_FAULT_NONE for all */
        gboolean (*parse)(Request *r, GVariant *value, GError **error);
} Option;

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

static gboolean parse_kind(Request *r, GVariant *value, GError **error) {
        const char *name = g_variant_get_string(value, NULL);
        g_autofree char *valid = NULL;

        for (PiFaultKind kind = PI_FAULT_NONE; kind < _PI_FAULT_KIND_MAX; kind++)
                if (g_str_equal(name, pi_fault_kind_to_string(kind))) {
                        r->order.kind = kind;
                        return TRUE;
                }
        valid = g_utf8_make_valid(name, (gssize) MIN(strlen(name), 64));
        return invalid(error,
                       "Option \"%s\" is \"%s\": give one of \"flip\", \"slow\", \"hang\", "
                       "\"lie\", or \"none\" to clear",
                       PI_INJECT_KIND, valid);
}

static gboolean parse_bit(Request *r, GVariant *value, GError **error) {
        uint32_t bit = g_variant_get_uint32(value);

        if (bit >= PI_FAULT_BITS)
                return invalid(error, "Option \"%s\" is %u, out of range: 0 to %d", PI_INJECT_BIT,
                               bit, PI_FAULT_BITS - 1);
        r->order.bit = (uint8_t) bit;
        return TRUE;
}

static gboolean parse_count(Request *r, GVariant *value, GError **error) {
        r->order.count = g_variant_get_uint32(value);
        return TRUE;
}

static gboolean parse_factor(Request *r, GVariant *value, GError **error) {
        double factor = g_variant_get_double(value);

        if (!(factor > 1 && factor <= PI_FAULT_FACTOR_MAX))
                return invalid(error, "Option \"%s\" is %g, out of range: more than 1, at most %d",
                               PI_INJECT_FACTOR, factor, PI_FAULT_FACTOR_MAX);
        r->order.factor = factor;
        return TRUE;
}

static const Option option_table[] = {
        { PI_INJECT_KIND,   G_VARIANT_TYPE_STRING, PI_FAULT_NONE, parse_kind   },
        { PI_INJECT_BIT,    G_VARIANT_TYPE_UINT32, PI_FAULT_FLIP, parse_bit    },
        { PI_INJECT_COUNT,  G_VARIANT_TYPE_UINT32, PI_FAULT_FLIP, parse_count  },
        { PI_INJECT_FACTOR, G_VARIANT_TYPE_DOUBLE, PI_FAULT_SLOW, parse_factor },
};

static gboolean parse_option(Request *r, const char *key, GVariant *value, GError **error) {
        g_autofree char *valid = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(option_table); i++) {
                const Option *o = &option_table[i];

                if (!g_str_equal(o->key, key))
                        continue;
                if (!g_variant_is_of_type(value, o->type))
                        return invalid(error, "Option \"%s\" has type \"%s\": give type \"%.*s\"",
                                       key, g_variant_get_type_string(value),
                                       (int) g_variant_type_get_string_length(o->type),
                                       g_variant_type_peek_string(o->type));
                if (r->seen & (1u << i))
                        return invalid(error, "Option \"%s\" is given twice: give it once", key);
                r->seen |= 1u << i;
                return o->parse(r, value, error);
        }
        valid = g_utf8_make_valid(key, (gssize) MIN(strlen(key), 64));
        return invalid(error, "Unknown option \"%s\": give any of %s, %s, %s, %s", valid,
                       PI_INJECT_KIND, PI_INJECT_BIT, PI_INJECT_COUNT, PI_INJECT_FACTOR);
}

/* What can only be said once all options are read, in whatever order they came. */
static gboolean check(const Request *r, GError **error) {
        if (!(r->seen & 1u))
                return invalid(error,
                               "Option \"%s\" is missing: give \"flip\", \"slow\", \"hang\", "
                               "\"lie\", or \"none\" to clear",
                               PI_INJECT_KIND);
        for (gsize i = 0; i < G_N_ELEMENTS(option_table); i++) {
                const Option *o = &option_table[i];

                if (r->seen & (1u << i) && o->only != PI_FAULT_NONE && o->only != r->order.kind)
                        return invalid(error,
                                       "Option \"%s\" belongs to kind \"%s\", not to \"%s\": leave "
                                       "it out",
                                       o->key, pi_fault_kind_to_string(o->only),
                                       pi_fault_kind_to_string(r->order.kind));
        }
        return TRUE;
}

gboolean pi_inject_parse(GVariant *options, PiFaultOrder *ret, GError **error) {
        Request r = { .order = { .bit = BIT_DEFAULT,
                                 .count = COUNT_DEFAULT,
                                 .factor = FACTOR_DEFAULT } };
        GVariantIter iter;
        const char *key;
        GVariant *value;

        g_variant_iter_init(&iter, options);
        while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
                if (!parse_option(&r, key, value, error)) {
                        g_variant_unref(value);
                        return FALSE;
                }
        if (!check(&r, error))
                return FALSE;
        *ret = r.order;
        return TRUE;
}
