/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of a sweep as it may come over the bus, as GVariant stores an a{sv}. */
#include <stdint.h>
#include <string.h>

#include "daemon/jobs/sweep-check.h"
#include "dbus/error.h"
#include "dbus/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer ones only repeat shorter ones, slowly. */
#define SIZE_MAX_USEFUL 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) raw = NULL, run = NULL, points = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(GError) error = NULL;

        if (size > SIZE_MAX_USEFUL)
                return 0;
        bytes = g_bytes_new(data, size);
        raw = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        run = g_variant_get_normal_form(raw);
        if (!pi_sweep_check(run, &error)) {
                g_assert(error && g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
                g_assert(error->message[0] && strlen(error->message) < 1024);
                g_assert(g_utf8_validate(error->message, -1, NULL));
                return 0;
        }
        g_assert(!error);
        points = g_variant_lookup_value(run, PI_SWEEP_POINTS, G_VARIANT_TYPE("aa{sv}"));
        g_assert(points && g_variant_n_children(points) <= PI_SWEEP_POINTS_MAX);
        return 0;
}
