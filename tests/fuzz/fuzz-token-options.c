/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of CreateJoinToken as they may come over the bus, as GVariant stores an a{sv}. */
#include <string.h>

#include "daemon/api/token-options.h"
#include "daemon/cluster/token.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer ones only repeat shorter ones, slowly. */
#define SIZE_MAX_USEFUL 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) raw = NULL, options = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(GError) error = NULL;
        PiTokenOptions o = {};

        if (size > SIZE_MAX_USEFUL)
                return 0;
        bytes = g_bytes_new(data, size);
        raw = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        options = g_variant_get_normal_form(raw);
        if (!pi_token_options_parse(options, &o, &error)) {
                g_assert(error && g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
                g_assert(error->message[0] && strlen(error->message) < 1024);
                g_assert(g_utf8_validate(error->message, -1, NULL));
                return 0;
        }
        g_assert(!error);
        g_assert(o.ttl_usec >= PI_TOKEN_TTL_USEC_MIN && o.ttl_usec <= PI_TOKEN_TTL_USEC_MAX);
        g_assert(o.uses >= 1 && o.uses <= PI_TOKEN_USES_MAX);
        return 0;
}
