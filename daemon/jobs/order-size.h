/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* How much of a job a member is to be given next. Guided self-scheduling (Polychronopoulos and
 * Kuck, 1987) by rate: each order is a share of what is left, so they shrink towards the end and
 * all nodes end together. What members have already counts with what is left, and with their share
 * of it. */

/* Orders that one member has of one job at a time: one to be at, one to go on with. */
#define PI_ORDERS_OUT 2

/* A rate over less is chance. */
#define PI_RATE_MEASURED_NSEC (UINT64_C(50) * 1000000)
/* So long it is believed: others may be at these CPUs, too. */
#define PI_RATE_KEPT_NSEC (UINT64_C(10) * 1000000000)

typedef struct PiOrderFacts {
        double untaken;    /* terms of the job that nobody has */
        double lent;       /* terms of it that members have, and by their rates have not done yet */
        double its;        /* of these, those of the member that asks */
        double rate;       /* terms per second of that member, above 0 */
        double own_rate;   /* of the node that leads; 0: it is not at the job itself */
        double all_rates;  /* of all nodes that are at the job, above 0 */
        double round_trip; /* seconds, to the member and back */
        gboolean steady;   /* the rate was much the same twice, not long ago */
} PiOrderFacts;

/* Terms, 0 when the member had better get none now. */
uint64_t pi_order_size(const PiOrderFacts *facts);
