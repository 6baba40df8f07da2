/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/inject.h"

#include "dbus/names.h"
#include "dbus/options.h"

#define BIT_DEFAULT 40
#define COUNT_DEFAULT 1
#define FACTOR_DEFAULT 2.0

static gboolean parse_kind(gpointer request, GVariant *value, GError **error) {
        const char *name = g_variant_get_string(value, NULL);
        g_autofree char *shown = pi_option_shown(name);
        PiFaultOrder *order = request;

        for (PiFaultKind kind = PI_FAULT_NONE; kind < _PI_FAULT_KIND_MAX; kind++)
                if (g_str_equal(name, pi_fault_kind_to_string(kind))) {
                        order->kind = kind;
                        return TRUE;
                }
        return pi_option_invalid(error,
                                 "Option \"%s\" is \"%s\": give one of \"flip\", \"slow\", "
                                 "\"hang\", \"lie\", or \"none\" to clear",
                                 PI_INJECT_KIND, shown);
}

static gboolean parse_bit(gpointer request, GVariant *value, GError **error) {
        uint32_t bit = g_variant_get_uint32(value);
        PiFaultOrder *order = request;

        if (bit >= PI_FAULT_BITS)
                return pi_option_out_of_range(error, PI_INJECT_BIT, bit, 0, PI_FAULT_BITS - 1, "");
        order->bit = (uint8_t) bit;
        return TRUE;
}

static gboolean parse_count(gpointer request, GVariant *value, GError **error) {
        ((PiFaultOrder *) request)->count = g_variant_get_uint32(value);
        return TRUE;
}

static gboolean parse_factor(gpointer request, GVariant *value, GError **error) {
        double factor = g_variant_get_double(value);
        PiFaultOrder *order = request;

        if (!(factor > 1 && factor <= PI_FAULT_FACTOR_MAX))
                return pi_option_invalid(error,
                                         "Option \"%s\" is %g, out of range: more than 1, at most "
                                         "%d",
                                         PI_INJECT_FACTOR, factor, PI_FAULT_FACTOR_MAX);
        order->factor = factor;
        return TRUE;
}

static const PiOption option_table[] = {
        { PI_INJECT_KIND,   "s", parse_kind   },
        { PI_INJECT_BIT,    "u", parse_bit    },
        { PI_INJECT_COUNT,  "u", parse_count  },
        { PI_INJECT_FACTOR, "d", parse_factor },
        {},
};

/* For each of them the kind it belongs to, PI_FAULT_NONE for all. */
static const PiFaultKind only_for[] = {
        PI_FAULT_NONE,
        PI_FAULT_FLIP,
        PI_FAULT_FLIP,
        PI_FAULT_SLOW,
};

/* What can only be said once all options are read, in whatever order they came. `seen`: bit mask of
 * the entries of option_table. */
static gboolean check(const PiFaultOrder *order, uint32_t seen, GError **error) {
        if (!(seen & 1u))
                return pi_option_invalid(error,
                                         "Option \"%s\" is missing: give \"flip\", \"slow\", "
                                         "\"hang\", \"lie\", or \"none\" to clear",
                                         PI_INJECT_KIND);
        for (gsize i = 0; i < G_N_ELEMENTS(only_for); i++)
                if (seen & (1u << i) && only_for[i] != PI_FAULT_NONE && only_for[i] != order->kind)
                        return pi_option_invalid(error,
                                                 "Option \"%s\" belongs to kind \"%s\", not to "
                                                 "\"%s\": leave it out",
                                                 option_table[i].key,
                                                 pi_fault_kind_to_string(only_for[i]),
                                                 pi_fault_kind_to_string(order->kind));
        return TRUE;
}

gboolean pi_inject_parse(GVariant *options, PiFaultOrder *ret, GError **error) {
        PiFaultOrder order = {
                .bit = BIT_DEFAULT,
                .count = COUNT_DEFAULT,
                .factor = FACTOR_DEFAULT,
        };
        uint32_t seen;

        if (!pi_options_parse(options, option_table, &order, &seen, error) ||
            !check(&order, seen, error))
                return FALSE;
        *ret = order;
        return TRUE;
}
