/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* The method Identify, at both ends. */

/* What this node says of itself, a floating a{sv}. */
GVariant *pi_identify_answer(PiCluster *cluster);

/* Answers the call of a member. The argument says which run of its service calls ("instance" s):
 * where the link in use is of another one, it may be a copy of the member's machine, and has no
 * answer before that is found out. */
void pi_identify_serve(PiContact *contact, GVariant *argument, PiLinkCall *call);

/* With an error, or with contact->facts as the other side has told them. */
typedef void (*PiIdentified)(PiContact *contact, const GError *error, gpointer userdata);

/* Asks the other side; `identified` is called once, but not for a contact that was dropped. */
void pi_identify(PiContact *contact, guint64 deadline_usec, PiIdentified identified,
                 gpointer userdata);

#define PI_IDENTIFY_USEC (5 * G_USEC_PER_SEC)
