/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/order-size.h"

/* Work in an order, at the rate of who gets it: long against a round trip, short enough that
 * little is lost with it. */
#define SECONDS_MAX 0.25

/* Of what a member would do of the rest, were its rate what it seems, no more than this share is
 * given to it beforehand: a little over half lets it turn out to be half as fast and nobody wait.
 * Of who keeps its rate a tenth is kept back, and a third of the orders is enough. */
#define SHARE 0.55
#define SHARE_STEADY 0.9

/* What takes less than this and a round trip is not given away. An order costs 0.4 ms of CPU time,
 * half of it at either end. */
#define COST_SECONDS 0.002

uint64_t pi_order_size(const PiOrderFacts *f) {
        double cost = COST_SECONDS + f->round_trip;
        double least = f->rate * cost;
        double fair = (f->untaken + f->lent) * f->rate / f->all_rates;
        double most = fair * (f->steady ? SHARE_STEADY : SHARE);
        double terms = MIN(f->rate * SECONDS_MAX, most - f->its);

        if (!f->steady)
                terms = MIN(terms, most / PI_ORDERS_OUT);
        /* The longer this waits, the more of what is left is known to be its. */
        else if (terms < f->its - f->rate * f->round_trip)
                return 0;
        /* This node would have done it before an answer came. */
        if (f->untaken < f->own_rate * cost)
                return 0;
        if (terms >= least)
                return (uint64_t) terms;
        /* It has enough to be at until the others are done. */
        if (f->its > 0 && f->its + least > fair)
                return 0;
        return (uint64_t) MAX(least, 1);
}
