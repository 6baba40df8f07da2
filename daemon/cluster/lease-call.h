/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/peers.h"

/* Argument and result of RunLease: `number` is the caller's, to cancel it by. */
GVariant *pi_lease_order_to_variant(const PiLeaseOrder *order, uint64_t number);
/* An order that passes is a run of leases of a job that could be. Errors:
 * PI_ERROR_INVALID_OPTION. */
gboolean pi_lease_order_from_variant(GVariant *dict, PiLeaseOrder *ret, uint64_t *ret_number,
                                     GError **error);

GVariant *pi_lease_answer_to_variant(const PiLeaseAnswer *answer);
/* Checks the form, and that it is to this order; not the sums. Errors:
 * PI_ERROR_INVALID_OPTION. */
gboolean pi_lease_answer_from_variant(GVariant *dict, const PiLeaseOrder *order,
                                      PiLeaseAnswer *ret, GError **error);
