/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A join token of any text. What passes is written again as it was. */
#include <string.h>

#include "daemon/cluster/name.h"
#include "daemon/cluster/token.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(const PiToken *token, const char *text) {
        g_autofree char *again = pi_token_to_string(token);
        g_autofree char *line = g_strstrip(g_strdup(text));

        g_assert(g_str_equal(again, line));
        g_assert(pi_fingerprint_is_valid(token->fingerprint));
        g_assert(g_strv_length(token->addresses) <= PI_ADDRESSES_MAX);
        for (guint i = 0; token->addresses[i]; i++)
                g_assert(pi_node_address_is_valid(token->addresses[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_autoptr(GError) error = NULL;
        g_auto(PiToken) token = { 0 };

        if (pi_token_parse(text, &token, &error)) {
                g_assert(!error);
                check_token(&token, text);
                return 0;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_TOKEN));
        g_assert(g_utf8_validate(error->message, -1, NULL) && strlen(error->message) < 512);
        g_assert(!token.addresses);
        return 0;
}
