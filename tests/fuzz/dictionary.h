/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <string.h>

#include "dbus/error.h"

/* For targets that read an a{sv} of another node, as GVariant stores one. */

/* The caller's; whatever the bytes are, it has the form of one. */
static inline GVariant *dictionary_of(const uint8_t *data, size_t size) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, size);
        g_autoptr(GVariant) raw = g_variant_ref_sink(
                g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));

        return g_variant_get_normal_form(raw);
}

/* What is refused says why, in a line that can be shown. */
static inline void check_refusal(const GError *error, const char *method) {
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
        g_assert(g_str_has_prefix(error->message, method));
        g_assert(g_utf8_validate(error->message, -1, NULL) && strlen(error->message) < 1024);
        g_assert(!strpbrk(error->message, "\n\r\033\177"));
}
