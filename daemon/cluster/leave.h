/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"

/* pi_cluster_leave(), pi_cluster_remove() and pi_cluster_restore(). Those that are connected have
 * so long to hear that this node leaves. */
#define PI_LEAVE_USEC (2 * G_USEC_PER_SEC)

/* For the end of the cluster. */
void pi_leave_cancel(PiCluster *cluster);
