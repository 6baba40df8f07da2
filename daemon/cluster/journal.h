/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"

/* Writes journal records of what becomes of the cluster and its members, and of who tried to get
 * in. Secrets are in none of them. */
typedef struct PiClusterJournal PiClusterJournal;

/* Anybody can try to get in, over and over. Beyond so many refusals at once, and one more in each
 * such time, they are counted, and the next record says how many. */
#define PI_CLUSTER_JOURNAL_BURST 20
#define PI_CLUSTER_JOURNAL_REFILL_USEC (10 * G_USEC_PER_SEC)

/* Listens to the cluster, which must be freed first. What it is like already is taken as known. */
PiClusterJournal *pi_cluster_journal_new(PiCluster *cluster);
void pi_cluster_journal_free(PiClusterJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiClusterJournal, pi_cluster_journal_free)

/* This node can be in no cluster. */
void pi_cluster_journal_unavailable(const GError *why);
