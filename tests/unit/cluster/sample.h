/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/roster.h"
#include "dbus/error.h"

#define SAMPLE_CLUSTER "0123456789abcdef0123456789abcdef"

/* Of node n: 64 hex digits. */
static inline char *sample_fingerprint(guint n) {
        g_autofree char *text = g_strdup_printf("node %u", n);

        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static inline PiRosterEntry *sample_entry(guint n) {
        g_autofree char *fingerprint = sample_fingerprint(n), *name = g_strdup_printf("node%u", n),
                        *address = g_strdup_printf("192.0.2.%u:31415", n % 250 + 1);
        const char *addresses[] = { address, NULL };

        return pi_roster_entry_new(fingerprint, name, addresses, FALSE);
}

/* Of nodes 0 to n - 1. */
static inline PiRoster *sample_roster(guint n) {
        g_autoptr(GError) error = NULL;
        PiRoster *roster = pi_roster_new(SAMPLE_CLUSTER);

        for (guint i = 0; i < n; i++)
                pi_roster_admit(roster, sample_entry(i), &error);
        g_assert_no_error(error);
        return roster;
}

static inline GVariant *sample_dict(const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *dict = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

        g_assert_no_error(error);
        return dict;
}

/* A copy of a dictionary with one entry in the place of another; NULL takes it away. */
static inline GVariant *sample_with(GVariant *dict, const char *key, const char *value) {
        GVariantDict d;

        g_variant_dict_init(&d, dict);
        g_variant_dict_remove(&d, key);
        if (value) {
                g_autoptr(GError) error = NULL;
                g_autoptr(GVariant) v = g_variant_parse(NULL, value, NULL, NULL, &error);

                g_assert_no_error(error);
                g_variant_dict_insert_value(&d, key, v);
        }
        return g_variant_ref_sink(g_variant_dict_end(&d));
}
