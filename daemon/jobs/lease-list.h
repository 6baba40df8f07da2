/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/job.h"

#define PI_LEASE_LIST_MAX 1000

/* The answer of ListLeases: which part ran where. At most `limit` leases from the one that holds
 * `first_part`, a floating aa{sv}; empty for a job whose leases are not there.
 * Errors: PI_ERROR_INVALID_OPTION. */
GVariant *pi_lease_list_to_variant(const PiJob *job, uint64_t first_part, uint32_t limit,
                                   GError **error);
