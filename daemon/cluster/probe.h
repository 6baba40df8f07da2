/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* The method Probe: a message longer than any packet, and one as long back. What a path cannot
 * carry is seen so when a node joins, and not by leases that get lost later. */
#define PI_PROBE_BYTES 2048
#define PI_PROBE_USEC (3 * G_USEC_PER_SEC)

/* Good, or a PI_ERROR_UNREACHABLE that names the MTU. */
typedef void (*PiProbed)(PiContact *contact, const GError *error, gpointer userdata);

/* `probed` is called once, but not for a contact that was dropped. */
void pi_probe(PiContact *contact, PiProbed probed, gpointer userdata);

/* The answer, a floating a{sv}. */
GVariant *pi_probe_answer(void);
