/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* Tries a node's addresses one after the other, until the node itself answers at one: another one
 * may be there, since private addresses lead to different machines from different places. */
typedef struct PiApproach PiApproach;

/* Either a contact that is up, and has to be given an owner or dropped; or why there is none, with
 * every address named: PI_ERROR_NOT_AUTHORIZED when the node answered and refused this one,
 * PI_ERROR_NO_SUCH_NODE when only others answered, else PI_ERROR_UNREACHABLE. Never called from
 * within pi_approach_new(); ends the approach. */
typedef void (*PiArrived)(PiContact *contact, const GError *error, gpointer userdata);

/* `usec`: for all of it, 0 for as long as it takes. */
PiApproach *pi_approach_new(PiCluster *cluster, const char *fingerprint, PiContactKind kind,
                            const char *const *addresses, guint64 usec, PiArrived arrived,
                            gpointer userdata);
/* Gives it up; nobody is called. */
void pi_approach_cancel(PiApproach *approach);
