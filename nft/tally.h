/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What the kernel has counted in the table, gathered from what libnftables lists. */
typedef struct PiTally PiTally;

PiTally *pi_tally_new(void);
void pi_tally_free(PiTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTally, pi_tally_free)

/* Takes the counters of the table, as nft prints it. There is JSON for them, too, but to list them
 * alone libnftables 1.0.6 reads all sets of all tables first. */
void pi_tally_add_counters(PiTally *tally, const char *text);

/* Takes the elements of sets of members and of refused sources. Errors: PI_ERROR_FAILED when it is
 * not of the form that is known. */
gboolean pi_tally_add_sets(PiTally *tally, const char *json, GError **error);

/* Packets from an address; 0 for one that is no member's. */
uint64_t pi_tally_of_member(const PiTally *tally, const char *address);

/* Packets by counter, a{st}; address, attempts and microseconds since the last one, a(stt). Both
 * floating. */
GVariant *pi_tally_counters(const PiTally *tally);
GVariant *pi_tally_refused(const PiTally *tally);
