/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/random.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "dbus/error.h"

gboolean pi_random_bytes(guint8 *ret, gsize n, GError **error) {
        int r = gnutls_rnd(GNUTLS_RND_KEY, ret, n);

        if (r >= 0)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "The system gave no random numbers: %s",
                    gnutls_strerror(r));
        return FALSE;
}

char *pi_bytes_to_hex(const guint8 *bytes, gsize n) {
        GString *text = g_string_sized_new(2 * n + 1);

        for (gsize i = 0; i < n; i++)
                g_string_append_printf(text, "%02x", bytes[i]);
        return g_string_free(text, FALSE);
}
