/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* Leases that this node runs for other members: RunLease and CancelLease. */
void pi_serving_run(PiContact *contact, GVariant *argument, PiLinkCall *call);
void pi_serving_cancel(PiContact *contact, GVariant *argument, PiLinkCall *call);

/* Nobody waits for what came by this contact. */
void pi_serving_forget(PiContact *contact);

/* For the end of the cluster: what still runs is answered by nobody. */
void pi_serving_end(PiCluster *cluster);
