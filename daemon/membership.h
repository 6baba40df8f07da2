/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/settings/settings.h"

/* Who this node is, and the cluster it may be in, from the start of the service to its end. What a
 * cluster needs is loaded when there is one. */
typedef struct PiMembership PiMembership;

/* Has the node's identity in the state directory made or read, NULL for none. Where that cannot be,
 * the node has an id for this run, and can be in no cluster. Call it while there is one thread. */
PiMembership *pi_membership_new(const char *directory);
void pi_membership_free(PiMembership *membership);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiMembership, pi_membership_free)

/* 32 hex digits. */
const char *pi_membership_node_id(const PiMembership *membership);

/* Takes what it needs of the settings over, before anything else is asked. */
void pi_membership_configure(PiMembership *membership, const PiSettings *settings);

/* Of the node, for people. */
const char *pi_membership_name(const PiMembership *membership);

/* Takes the sockets that systemd opened, and goes on as a member if this node is one. After the
 * store was opened. */
void pi_membership_begin(PiMembership *membership, PiJobs *jobs);

/* NULL while this node is in no cluster since it began. */
PiCluster *pi_membership_cluster(const PiMembership *membership);

/* The same, but with `begin` made ready when it is not there: to make a cluster with, or to join
 * one. Errors: PI_ERROR_FAILED with why this node can be in none; PI_ERROR_NOT_IN_CLUSTER without
 * `begin`. */
PiCluster *pi_membership_open(PiMembership *membership, gboolean begin, GError **error);

/* Closes all connections. The jobs must have ended, and still be there. */
void pi_membership_end(PiMembership *membership);
