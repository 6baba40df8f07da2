/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/token-options.h"

#include "daemon/cluster/token.h"
#include "dbus/names.h"
#include "dbus/options.h"

#define USES_DEFAULT 1

static gboolean parse_ttl(gpointer request, GVariant *value, GError **error) {
        PiTokenOptions *o = request;

        o->ttl_usec = g_variant_get_uint64(value);
        if (o->ttl_usec >= PI_TOKEN_TTL_USEC_MIN && o->ttl_usec <= PI_TOKEN_TTL_USEC_MAX)
                return TRUE;
        return pi_option_out_of_range(error, PI_TOKEN_TTL_USEC, o->ttl_usec, PI_TOKEN_TTL_USEC_MIN,
                                      PI_TOKEN_TTL_USEC_MAX, "");
}

static gboolean parse_uses(gpointer request, GVariant *value, GError **error) {
        PiTokenOptions *o = request;

        o->uses = g_variant_get_uint32(value);
        if (o->uses >= 1 && o->uses <= PI_TOKEN_USES_MAX)
                return TRUE;
        return pi_option_out_of_range(error, PI_TOKEN_USES, o->uses, 1, PI_TOKEN_USES_MAX, "");
}

static const PiOption option_table[] = {
        { PI_TOKEN_TTL_USEC, "t", parse_ttl  },
        { PI_TOKEN_USES,     "u", parse_uses },
        {},
};

gboolean pi_token_options_parse(GVariant *options, PiTokenOptions *ret, GError **error) {
        PiTokenOptions o = { .ttl_usec = PI_TOKEN_TTL_USEC_DEFAULT, .uses = USES_DEFAULT };

        if (!pi_options_parse(options, option_table, &o, NULL, error))
                return FALSE;
        *ret = o;
        return TRUE;
}
