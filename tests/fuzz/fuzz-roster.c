/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument of Members, of any contents. What passes keeps the promises of a roster, is written
 * again as the same, and can be merged. */
#include "daemon/cluster/name.h"
#include "daemon/cluster/roster-variant.h"
#include "tests/fuzz/dictionary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PiRoster *read_roster(GVariant *dict, GError **error) {
        g_autoptr(PiRoster) roster = NULL;
        PiFields f;

        pi_fields_init(&f, "Members", dict);
        roster = pi_roster_from_fields(&f, FALSE);
        return pi_fields_end(&f, error) ? g_steal_pointer(&roster) : NULL;
}

static void check_entries(const PiRoster *roster) {
        const char *last = "";

        for (guint i = 0; i < roster->entries->len; i++) {
                const PiRosterEntry *e = g_ptr_array_index(roster->entries, i);

                g_assert(pi_fingerprint_is_valid(e->fingerprint));
                g_assert(strcmp(last, e->fingerprint) < 0);
                last = e->fingerprint;
                g_assert(pi_node_name_is_valid(e->name));
                g_assert(e->admission >= 1 && e->version >= e->admission);
                g_assert(e->version <= PI_ROSTER_NUMBER_MAX && !e->quarantine);
                g_assert(g_strv_length(e->addresses) <= PI_ADDRESSES_MAX);
        }
}

static void check_roster(const PiRoster *roster) {
        g_autoptr(PiRoster) again = NULL, empty = pi_roster_new(roster->id), news = NULL;
        g_autofree char *x = pi_roster_digest(roster), *y = NULL, *z = NULL;
        g_autoptr(GVariant) dict = NULL;
        GVariantDict d;

        check_entries(roster);
        g_variant_dict_init(&d, NULL);
        pi_roster_to_dict(roster, FALSE, &d);
        dict = g_variant_ref_sink(g_variant_dict_end(&d));
        again = read_roster(dict, NULL);
        g_assert(again);
        y = pi_roster_digest(again);
        g_assert(g_str_equal(x, y));
        g_assert(pi_roster_merge(empty, roster, &news, NULL));
        z = pi_roster_digest(empty);
        g_assert(g_str_equal(x, z));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) dict = dictionary_of(data, size);
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRoster) roster = read_roster(dict, &error);

        if (roster)
                check_roster(roster);
        else
                check_refusal(error, "Members: ");
        return 0;
}
