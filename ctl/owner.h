/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Names of user ids, each asked for once. */
typedef struct PiOwners PiOwners;

/* `local`: the ids are those of this machine; others stay numbers. */
PiOwners *pi_owners_new(gboolean local);
void pi_owners_free(PiOwners *owners);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiOwners, pi_owners_free)

/* The name, or the number as text; safe to print, and lives as long as `owners`. */
const char *pi_owners_name(PiOwners *owners, guint32 uid);
