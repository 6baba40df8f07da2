/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/peers.h"
#include "daemon/jobs/spec.h"

/* The nodes that a job may use. */

/* Looks up members by id or name and puts their ids into the spec. `names` is not empty. Errors:
 * PI_ERROR_INVALID_OPTION with the name that no member has. */
gboolean pi_job_nodes_find(const PiJobOffer *offer, char **names, PiJobSpec *spec,
                           GError **error);

/* Whether the job is for others than this node: that is not named, and one that is named is a
 * member. `peers` may be NULL. */
gboolean pi_job_nodes_are_others(const PiJobSpec *spec, const char *node_id, const PiPeers *peers);

/* The ids, which may be NULL, as a text for the store, and back; FALSE for one that they do not
 * make. */
char *pi_job_nodes_to_text(char **nodes);
gboolean pi_job_nodes_from_text(const char *text, char ***ret);

/* CPU slots of those that are connected, this node included if it is one of them. */
uint32_t pi_job_nodes_cpus(const PiJobOffer *offer, const PiJobSpec *spec);
