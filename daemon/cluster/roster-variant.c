/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-variant.h"

#include "daemon/cluster/name.h"

#define QUARANTINE_BYTES_MAX 512

static GVariant *row_of(const PiRosterEntry *e, gboolean private) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "fingerprint", "s", e->fingerprint);
        g_variant_dict_insert(&d, "name", "s", e->name);
        g_variant_dict_insert(&d, "admission", "t", e->admission);
        g_variant_dict_insert(&d, "version", "t", e->version);
        if (!e->removed) {
                g_variant_dict_insert(&d, "addresses", "^as", e->addresses);
                g_variant_dict_insert(&d, "outbound_only", "b", e->outbound_only);
        }
        if (private && e->quarantine)
                g_variant_dict_insert(&d, "quarantine", "s", e->quarantine);
        return g_variant_dict_end(&d);
}

static GVariant *rows_of(const PiRoster *roster, gboolean removed, gboolean private) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < roster->entries->len; i++) {
                const PiRosterEntry *e = g_ptr_array_index(roster->entries, i);

                if (e->removed == removed)
                        g_variant_builder_add_value(&b, row_of(e, private));
        }
        return g_variant_builder_end(&b);
}

void pi_roster_to_dict(const PiRoster *roster, gboolean private, GVariantDict *dict) {
        g_variant_dict_insert(dict, "cluster", "s", roster->id);
        g_variant_dict_insert_value(dict, "members", rows_of(roster, FALSE, private));
        g_variant_dict_insert_value(dict, "removed", rows_of(roster, TRUE, private));
}

static PiRosterEntry *read_row(GVariant *row, const char *what, gboolean removed,
                               gboolean private, GError **error) {
        g_autoptr(PiRosterEntry) e = NULL;
        g_auto(GStrv) addresses = NULL;
        const char *fingerprint;
        PiFields f;

        pi_fields_init(&f, what, row);
        fingerprint = pi_fields_hex(&f, "fingerprint", PI_FINGERPRINT_LENGTH);
        if (!removed)
                addresses = pi_fields_addresses(&f, "addresses");
        e = pi_roster_entry_new(fingerprint, pi_fields_name(&f, "name"),
                                (const char *const *) addresses,
                                !removed && pi_fields_boolean(&f, "outbound_only"));
        e->removed = removed;
        e->admission = pi_fields_u64(&f, "admission", 1, PI_ROSTER_NUMBER_MAX);
        e->version = pi_fields_u64(&f, "version", e->admission, PI_ROSTER_NUMBER_MAX);
        if (private && !removed && pi_fields_has(&f, "quarantine"))
                e->quarantine = g_strdup(pi_fields_string(&f, "quarantine", QUARANTINE_BYTES_MAX));
        return pi_fields_end(&f, error) ? g_steal_pointer(&e) : NULL;
}

static void read_rows(PiFields *f, const char *key, gsize max, gboolean removed, gboolean private,
                      PiRoster *roster) {
        g_autoptr(GVariant) rows = pi_fields_rows(f, key, max);
        gsize n = rows ? g_variant_n_children(rows) : 0;

        for (gsize i = 0; i < n && !f->error; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autoptr(GError) error = NULL;
                g_autoptr(PiRosterEntry) e = read_row(row, f->what, removed, private, &error);

                if (!e)
                        g_propagate_error(&f->error, g_steal_pointer(&error));
                else if (!pi_roster_add(roster, g_steal_pointer(&e)))
                        pi_fields_fail(f, "a node is in it twice");
        }
}

PiRoster *pi_roster_from_fields(PiFields *f, gboolean private) {
        g_autoptr(PiRoster) roster =
                pi_roster_new(pi_fields_hex(f, "cluster", PI_CLUSTER_ID_LENGTH));

        read_rows(f, "members", PI_MEMBERS_MAX, FALSE, private, roster);
        read_rows(f, "removed", PI_ROSTER_REMOVED_MAX, TRUE, private, roster);
        return f->error ? NULL : g_steal_pointer(&roster);
}

/* Of text, since GVariant's form differs between machines. */
char *pi_roster_digest(const PiRoster *roster) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

        for (guint i = 0; i < roster->entries->len; i++) {
                const PiRosterEntry *e = g_ptr_array_index(roster->entries, i);
                g_autofree char *addresses = g_strjoinv(" ", e->addresses);
                g_autofree char *line = g_strdup_printf(
                        "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %s %d %s\n",
                        e->fingerprint, e->admission, e->version, e->removed, e->name,
                        e->outbound_only, addresses);

                g_checksum_update(checksum, (const guchar *) line, -1);
        }
        return g_strdup(g_checksum_get_string(checksum));
}
