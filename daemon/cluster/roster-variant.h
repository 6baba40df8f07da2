/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/fields.h"
#include "daemon/cluster/roster.h"

/* A roster as members send it to each other, and as the state file holds it: keys cluster s,
 * members aa{sv} and removed aa{sv}, of these fingerprint s, name s, admission t, version t, and of
 * members addresses as and outbound_only b; with `private` also quarantine s. Adds them. */
void pi_roster_to_dict(const PiRoster *roster, gboolean private, GVariantDict *dict);

/* NULL with the fault in `fields`. */
PiRoster *pi_roster_from_fields(PiFields *fields, gboolean private);

/* The digest of what members may know of it, in hex, to be freed with g_free(): equal when two
 * rosters are. */
char *pi_roster_digest(const PiRoster *roster);
#define PI_ROSTER_DIGEST_LENGTH 64
