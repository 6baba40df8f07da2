/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/jobs/peers.h"

struct PiLender;

/* What a member has of one job, noted for as long as it is looked at what to give it. */
typedef struct PiBorrowed {
        uint32_t slots; /* CPU slots that it may use for the job */
        uint32_t orders;
        uint64_t terms; /* of orders, those that by its rate are not done yet */
} PiBorrowed;

/* A member as one who works for this node. */
typedef struct PiBorrower {
        double rate; /* terms a second, from what it answered; 0 not known */
        uint64_t terms_out;
        uint64_t busy_since_nsec; /* it has had orders since, or its rate was last taken then */
        uint64_t terms_since;     /* that it answered since */
        uint64_t at_it_since_nsec; /* what it has it got since, or it answered the rest then */
        gboolean measured;        /* the rate is from answers, not what it says itself */
        uint64_t steady_until_nsec; /* it was much the same twice, and is believed to be so long */
        uint64_t paused_until_nsec;
        uint64_t terms; /* of its answers, that counted; since the start */
        PiBorrowed here;
} PiBorrower;

/* A run of leases that a member has. */
typedef struct PiLoan {
        struct PiLender *lender;
        PiJob *job; /* NULL: it has ended meanwhile */
        char *node;
        PiBorrower *borrower; /* that node; it stays as long as it has orders */
        PiLeaseOrder order;
        uint64_t terms;
        uint64_t number; /* for PiPeers.cancel() */
        uint64_t lent_nsec;
        uint64_t expected_nsec; /* after which it is late */
        gboolean doubled;       /* others may try its leases, too */
} PiLoan;

PiLoan *pi_loan_new(struct PiLender *lender, PiJob *job, const char *node,
                    PiBorrower *borrower, const PiLeaseOrder *order);
void pi_loan_free(PiLoan *loan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLoan, pi_loan_free)

typedef struct PiLoanCount {
        uint32_t right; /* verified, whether they counted or came late */
        uint32_t wrong;
        uint32_t first_wrong; /* lease */
        uint64_t terms;       /* of the leases that counted */
} PiLoanCount;

/* Verifies what a member answered, lease by lease, and counts in the job what is right. `settled`:
 * see PiLenderHooks. */
PiLoanCount pi_loan_count(PiLoan *loan, const PiLeaseAnswer *answer,
                          void (*settled)(PiJob *job, uint32_t lease, gpointer userdata),
                          gpointer userdata);

/* Notes in the job that there was no answer. */
void pi_loan_lost(PiLoan *loan);

/* Notes an order, and how it ended; from these the rate. One that did not answer well is left alone
 * for `pause_nsec`. */
void pi_borrower_ordered(PiBorrower *borrower, const PiLoan *loan, uint64_t now_nsec);
void pi_borrower_answered(PiBorrower *borrower, const PiLoan *loan, gboolean well,
                          uint64_t now_nsec, uint64_t pause_nsec);

/* Of terms among those that it has, how many it has not done yet, by its rate. */
uint64_t pi_borrower_undone(const PiBorrower *borrower, uint64_t terms, uint64_t now_nsec);
