/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster-private.h"

/* This node makes a cluster, or joins one: pi_cluster_init() and pi_cluster_join(). */

/* Whether it joins by this member, who then tries the way back. */
gboolean pi_join_is_host(const PiJoin *join, const char *fingerprint);

/* For the end of the cluster. */
void pi_join_cancel(PiCluster *cluster);
