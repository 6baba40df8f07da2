/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster.h"

#include <string.h>

#include "dbus/error.h"

PiRosterEntry *pi_roster_entry_new(const char *fingerprint, const char *name,
                                   const char *const *addresses, gboolean outbound_only) {
        PiRosterEntry *entry = g_new0(PiRosterEntry, 1);

        g_strlcpy(entry->fingerprint, fingerprint, sizeof(entry->fingerprint));
        entry->name = g_strdup(name);
        entry->addresses = addresses ? g_strdupv((char **) addresses) : g_new0(char *, 1);
        entry->outbound_only = outbound_only;
        return entry;
}

PiRosterEntry *pi_roster_entry_copy(const PiRosterEntry *entry) {
        PiRosterEntry *copy = g_memdup2(entry, sizeof(*entry));

        copy->name = g_strdup(entry->name);
        copy->addresses = g_strdupv(entry->addresses);
        copy->quarantine = g_strdup(entry->quarantine);
        return copy;
}

void pi_roster_entry_free(PiRosterEntry *entry) {
        if (!entry)
                return;
        g_free(entry->name);
        g_strfreev(entry->addresses);
        g_free(entry->quarantine);
        g_free(entry);
}

static int cmp_numbers(uint64_t a, uint64_t b) {
        return a < b ? -1 : a > b;
}

static int cmp_addresses(const PiRosterEntry *a, const PiRosterEntry *b) {
        g_autofree char *x = g_strjoinv(" ", a->addresses), *y = g_strjoinv(" ", b->addresses);

        return strcmp(x, y);
}

int pi_roster_entry_cmp(const PiRosterEntry *a, const PiRosterEntry *b) {
        int r = cmp_numbers(a->admission, b->admission);

        if (r == 0)
                r = cmp_numbers(a->removed, b->removed);
        if (r == 0)
                r = cmp_numbers(a->version, b->version);
        /* Two nodes changed it at once. Which of them counts does not matter, but that it is the
         * same one everywhere does. */
        if (r == 0)
                r = strcmp(a->name, b->name);
        if (r == 0)
                r = cmp_numbers(a->outbound_only, b->outbound_only);
        return r != 0 ? r : cmp_addresses(a, b);
}

static void free_entry(gpointer entry) {
        pi_roster_entry_free(entry);
}

PiRoster *pi_roster_new(const char *id) {
        PiRoster *roster = g_new0(PiRoster, 1);

        g_strlcpy(roster->id, id, sizeof(roster->id));
        roster->entries = g_ptr_array_new_with_free_func(free_entry);
        return roster;
}

static gpointer copy_entry(gconstpointer entry, gpointer unused) {
        return pi_roster_entry_copy(entry);
}

PiRoster *pi_roster_copy(const PiRoster *roster) {
        PiRoster *copy = g_memdup2(roster, sizeof(*roster));

        copy->entries = g_ptr_array_copy(roster->entries, copy_entry, NULL);
        return copy;
}

void pi_roster_free(PiRoster *roster) {
        if (!roster)
                return;
        g_ptr_array_unref(roster->entries);
        g_free(roster);
}

static PiRosterEntry *nth(const PiRoster *roster, guint i) {
        return g_ptr_array_index(roster->entries, i);
}

/* Where the node stands, or would. */
static guint place_of(const PiRoster *roster, const char *fingerprint, gboolean *ret_found) {
        guint low = 0, high = roster->entries->len;

        *ret_found = FALSE;
        while (low < high) {
                guint middle = low + (high - low) / 2;
                int r = strcmp(nth(roster, middle)->fingerprint, fingerprint);

                if (r == 0) {
                        *ret_found = TRUE;
                        return middle;
                }
                if (r < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

PiRosterEntry *pi_roster_find(const PiRoster *roster, const char *fingerprint) {
        gboolean found;
        guint i = place_of(roster, fingerprint, &found);

        return found ? nth(roster, i) : NULL;
}

PiRosterEntry *pi_roster_find_member(const PiRoster *roster, const char *fingerprint) {
        PiRosterEntry *entry = pi_roster_find(roster, fingerprint);

        return entry && !entry->removed ? entry : NULL;
}

/* Puts it in the place of what is there of its node. */
static void put(PiRoster *roster, PiRosterEntry *entry) {
        gboolean found;
        guint i = place_of(roster, entry->fingerprint, &found);

        if (found) {
                PiRosterEntry *old = nth(roster, i);

                roster->n_members -= !old->removed;
                /* It is this node's opinion, and ends when the node has joined anew. */
                if (!entry->removed && !entry->quarantine && entry->admission == old->admission)
                        entry->quarantine = g_strdup(old->quarantine);
                pi_roster_entry_free(old);
                roster->entries->pdata[i] = entry;
        } else
                g_ptr_array_insert(roster->entries, (int) i, entry);
        roster->n_members += !entry->removed;
}

gboolean pi_roster_add(PiRoster *roster, PiRosterEntry *entry) {
        if (pi_roster_find(roster, entry->fingerprint)) {
                pi_roster_entry_free(entry);
                return FALSE;
        }
        put(roster, entry);
        return TRUE;
}

static gboolean next_number(const PiRoster *roster, uint64_t *ret, GError **error) {
        uint64_t last = 0;

        for (guint i = 0; i < roster->entries->len; i++)
                last = MAX(last, MAX(nth(roster, i)->admission, nth(roster, i)->version));
        *ret = last + 1;
        if (*ret <= PI_ROSTER_NUMBER_MAX)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                    "The numbers of this cluster's changes are used up, which takes a broken or "
                    "hostile member: have the nodes leave it, and make a new cluster");
        return FALSE;
}

static void drop_old_tombstones(PiRoster *roster) {
        while (roster->entries->len - roster->n_members > PI_ROSTER_REMOVED_MAX) {
                guint oldest = G_MAXUINT;

                for (guint i = 0; i < roster->entries->len; i++)
                        if (nth(roster, i)->removed &&
                            (oldest == G_MAXUINT ||
                             nth(roster, i)->version < nth(roster, oldest)->version))
                                oldest = i;
                g_ptr_array_remove_index(roster->entries, oldest);
        }
}

static gboolean too_many(guint n, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                    "The cluster would have %u members, and %d is the most: remove those that are "
                    "gone", n, PI_MEMBERS_MAX);
        return FALSE;
}

gboolean pi_roster_admit(PiRoster *roster, PiRosterEntry *entry, GError **error) {
        g_autoptr(PiRosterEntry) e = entry;

        if (!pi_roster_find_member(roster, e->fingerprint) && roster->n_members >= PI_MEMBERS_MAX)
                return too_many(roster->n_members + 1, error);
        if (!next_number(roster, &e->admission, error))
                return FALSE;
        e->version = e->admission;
        e->removed = FALSE;
        put(roster, g_steal_pointer(&e));
        return TRUE;
}

gboolean pi_roster_update(PiRoster *roster, PiRosterEntry *entry, GError **error) {
        g_autoptr(PiRosterEntry) e = entry;
        const PiRosterEntry *old = pi_roster_find_member(roster, e->fingerprint);

        g_return_val_if_fail(old, FALSE);
        if (!next_number(roster, &e->version, error))
                return FALSE;
        e->admission = old->admission;
        e->removed = FALSE;
        put(roster, g_steal_pointer(&e));
        return TRUE;
}

gboolean pi_roster_remove(PiRoster *roster, const char *fingerprint, GError **error) {
        const PiRosterEntry *old = pi_roster_find_member(roster, fingerprint);
        g_autoptr(PiRosterEntry) e = NULL;

        g_return_val_if_fail(old, FALSE);
        e = pi_roster_entry_new(fingerprint, old->name, NULL, FALSE);
        e->admission = old->admission;
        e->removed = TRUE;
        if (!next_number(roster, &e->version, error))
                return FALSE;
        put(roster, g_steal_pointer(&e));
        drop_old_tombstones(roster);
        return TRUE;
}

/* What of `after` was not so before. */
static PiRoster *news_of(const PiRoster *before, const PiRoster *after) {
        PiRoster *news = pi_roster_new(after->id);

        for (guint i = 0; i < after->entries->len; i++) {
                const PiRosterEntry *e = nth(after, i),
                                    *old = pi_roster_find(before, e->fingerprint);

                if (!old || pi_roster_entry_cmp(old, e) != 0)
                        put(news, pi_roster_entry_copy(e));
        }
        return news;
}

gboolean pi_roster_merge(PiRoster *into, const PiRoster *from, PiRoster **ret_news,
                         GError **error) {
        g_autoptr(PiRoster) merged = NULL;

        if (!g_str_equal(into->id, from->id)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "The roster is that of cluster %s, and this node is in %s: two "
                            "clusters are never merged", from->id, into->id);
                return FALSE;
        }
        merged = pi_roster_copy(into);
        for (guint i = 0; i < from->entries->len; i++) {
                const PiRosterEntry *e = nth(from, i),
                                    *old = pi_roster_find(merged, e->fingerprint);

                if (!old || pi_roster_entry_cmp(old, e) < 0)
                        put(merged, pi_roster_entry_copy(e));
        }
        if (merged->n_members > PI_MEMBERS_MAX)
                return too_many(merged->n_members, error);
        drop_old_tombstones(merged);
        *ret_news = news_of(into, merged);
        g_ptr_array_unref(into->entries);
        into->entries = g_ptr_array_ref(merged->entries);
        into->n_members = merged->n_members;
        return TRUE;
}

PiRoster *pi_roster_of_one(const PiRoster *roster, const char *fingerprint) {
        const PiRosterEntry *entry = pi_roster_find(roster, fingerprint);
        PiRoster *one = pi_roster_new(roster->id);

        if (entry)
                put(one, pi_roster_entry_copy(entry));
        return one;
}
