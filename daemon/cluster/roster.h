/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/cluster/cluster.h"
#include "daemon/cluster/identity.h"

#define PI_CLUSTER_ID_LENGTH 32 /* hex digits */
#define PI_ROSTER_REMOVED_MAX 1024
#define PI_ROSTER_NUMBER_MAX (UINT64_C(1) << 53)

/* A member, or the tombstone of one.
 *
 * The numbers come from a clock that counts what happens to the roster: each change takes one more
 * than any number in it. `admission` is of when the node joined, `version` of the last change to
 * the entry, or of when the node was removed. Of two entries for a node the later admission counts;
 * within one admission a tombstone, for good, else the later version. So what a node says of itself
 * never brings it back; another token does. */
typedef struct PiRosterEntry {
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        uint64_t admission, version;
        gboolean removed;
        char *name;
        char **addresses;       /* to connect to it; none when it is removed or outbound only */
        gboolean outbound_only;
        char *quarantine; /* why it gets no leases from this node, else NULL; told to nobody */
} PiRosterEntry;

PiRosterEntry *pi_roster_entry_new(const char *fingerprint, const char *name,
                                   const char *const *addresses, gboolean outbound_only);
PiRosterEntry *pi_roster_entry_copy(const PiRosterEntry *entry);
void pi_roster_entry_free(PiRosterEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRosterEntry, pi_roster_entry_free)

/* Less than, equal to or greater than 0 as `a` counts less than `b`, an entry of the same node. */
int pi_roster_entry_cmp(const PiRosterEntry *a, const PiRosterEntry *b);

/* Who belongs to a cluster, and who did. */
typedef struct PiRoster {
        char id[PI_CLUSTER_ID_LENGTH + 1];
        GPtrArray *entries; /* PiRosterEntry, by fingerprint */
        guint n_members;
} PiRoster;

PiRoster *pi_roster_new(const char *id);
PiRoster *pi_roster_copy(const PiRoster *roster);
void pi_roster_free(PiRoster *roster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRoster, pi_roster_free)

/* NULL when the node was never heard of, or so long ago that it was forgotten. */
PiRosterEntry *pi_roster_find(const PiRoster *roster, const char *fingerprint);
/* The same, NULL also for a tombstone. */
PiRosterEntry *pi_roster_find_member(const PiRoster *roster, const char *fingerprint);

/* Changes made here, each a new entry in the place of the old. Errors: PI_ERROR_QUEUE_FULL when
 * there are PI_MEMBERS_MAX members, or no numbers left. `entry` is taken over. */
gboolean pi_roster_admit(PiRoster *roster, PiRosterEntry *entry, GError **error);
gboolean pi_roster_update(PiRoster *roster, PiRosterEntry *entry, GError **error);
gboolean pi_roster_remove(PiRoster *roster, const char *fingerprint, GError **error);

/* Has every entry of `from` that counts more replace the one in `into`; beyond
 * PI_ROSTER_REMOVED_MAX the oldest tombstones go. In whatever order rosters are merged, and however
 * often, the same comes out. `ret_news`: what changed, for passing on. Errors, with `into` as it
 * was: PI_ERROR_INVALID_OPTION for another cluster's, PI_ERROR_QUEUE_FULL for too many members. */
gboolean pi_roster_merge(PiRoster *into, const PiRoster *from, PiRoster **ret_news,
                         GError **error);

/* Puts in what was read; FALSE when the node is in it already. Takes `entry` over. */
gboolean pi_roster_add(PiRoster *roster, PiRosterEntry *entry);

/* A roster of one entry, a copy. */
PiRoster *pi_roster_of_one(const PiRoster *roster, const char *fingerprint);
