/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/spec.h"

/* The nodes that a job may use. */

/* Looks up members by id or name and puts their ids into the spec. `names` is not empty. Errors:
 * PI_ERROR_INVALID_OPTION with the name that no member has. */
gboolean pi_job_nodes_find(const PiJobOffer *offer, char **names, PiJobSpec *spec,
                           GError **error);

/* CPU slots of those that are connected, this node included if it is one of them. */
uint32_t pi_job_nodes_cpus(const PiJobOffer *offer, const PiJobSpec *spec);
