/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/lender.h"
#include "daemon/jobs/loan.h"
#include "daemon/work/clock.h"

/* Shared by lender.c, which owns it and gives leases away, and lender-tail.c, which looks after
 * what is out when nothing else is left. */

struct PiLender {
        const PiPeers *peers;
        const PiLenderHooks *hooks;
        GQueue loans;          /* PiLoan, oldest first */
        GHashTable *borrowers; /* id -> PiBorrower */
        uint64_t terms;        /* that counted, since the start */
        guint tail;            /* source id */
        gint64 tail_usec;      /* CLOCK_MONOTONIC, when that is due */
        PiPeer *peer;          /* scratch, PI_PEERS_MAX of them */
};

static inline uint64_t pi_lender_now(void) {
        return pi_clock_nsec(CLOCK_MONOTONIC);
}

static inline gboolean pi_lender_is_late(const PiLoan *loan, uint64_t now_nsec) {
        return now_nsec > loan->lent_nsec + loan->expected_nsec;
}

/* Something is out, or somebody is left alone for a while: it will be looked at. */
void pi_lender_watch_tail(PiLender *lender);
/* Feeds all running jobs of the cluster, and has workers of this node take what has come back. */
void pi_lender_poke(PiLender *lender);
