/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/loan.h"

#include <math.h>

#include "daemon/jobs/order-size.h"
#include "daemon/series/verifier.h"
#include "daemon/work/lend.h"

/* Weight of the newest rate: a member that becomes slow is seen after a few orders. */
#define NEW_RATE_WEIGHT 0.4

/* A rate that differs by no more from the one before has not changed. */
#define STEADY_DIFFERENCE 0.25

/* Of orders that are not answered, at least this share is not done, however long they are out. */
#define UNDONE_MIN 0.1

PiLoan *pi_loan_new(struct PiLender *lender, PiJob *job, const char *node,
                    PiBorrower *borrower, const PiLeaseOrder *order) {
        PiLoan *loan = g_new0(PiLoan, 1);

        loan->lender = lender;
        loan->job = job;
        loan->node = g_strdup(node);
        loan->borrower = borrower;
        loan->order = *order;
        g_strlcpy(loan->order.kernel, "", sizeof(loan->order.kernel));
        loan->terms = pi_task_lease_range(job->task, order->first_lease + order->n_leases - 1).end -
                      pi_task_lease_range(job->task, order->first_lease).begin;
        return loan;
}

void pi_loan_free(PiLoan *loan) {
        if (!loan)
                return;
        g_free(loan->node);
        g_free(loan);
}

/* The sum of a lease does not depend on who made it: all exact kernels have the same bits. Behind a
 * wrong one the verifier stands where the next begins. */
static gboolean is_right(PiVerifier *verifier, const PiJob *job, uint32_t lease,
                         const PiFixed *sum) {
        uint64_t end = pi_task_lease_range(job->task, lease).end;

        if (pi_verifier_next(verifier, job->task->kernel, end, sum, NULL, NULL))
                return TRUE;
        pi_verifier_init(verifier, end);
        return FALSE;
}

/* Terms that count. */
static uint64_t count_one(PiJob *job, PiMemberShare *share, uint16_t index, uint32_t lease,
                          const PiFixed *sum,
                          void (*settled)(PiJob *job, uint32_t lease, gpointer userdata),
                          gpointer userdata) {
        PiRange range = pi_task_lease_range(job->task, lease);
        PiLoanOutcome outcome = pi_task_accept(job->task, lease, index, sum);

        if (outcome == PI_LOAN_LATE) {
                share->late++;
                return 0;
        }
        share->leases++;
        share->terms += range.end - range.begin;
        if (outcome == PI_LOAN_SETTLED)
                settled(job, lease, userdata);
        return range.end - range.begin;
}

PiLoanCount pi_loan_count(PiLoan *loan, const PiLeaseAnswer *answer,
                          void (*settled)(PiJob *job, uint32_t lease, gpointer userdata),
                          gpointer userdata) {
        PiJob *job = loan->job;
        uint16_t index;
        PiMemberShare *share = pi_job_member(job, loan->node, &index);
        PiLoanCount count = {};
        PiVerifier verifier;

        pi_verifier_init(&verifier, pi_task_lease_range(job->task, loan->order.first_lease).begin);
        for (uint32_t i = 0; i < loan->order.n_leases; i++) {
                uint32_t lease = loan->order.first_lease + i;

                if (is_right(&verifier, job, lease, &answer->sum[i])) {
                        count.right++;
                        count.terms += count_one(job, share, index, lease, &answer->sum[i],
                                                 settled, userdata);
                } else if (count.wrong++ == 0)
                        count.first_wrong = lease;
        }
        share->wrong += count.wrong;
        share->cpu_nsec += answer->cpu_nsec;
        job->task->elsewhere.cpu_nsec += answer->cpu_nsec;
        return count;
}

void pi_loan_lost(PiLoan *loan) {
        uint16_t index;

        pi_job_member(loan->job, loan->node, &index)->lost += loan->order.n_leases;
}

void pi_borrower_ordered(PiBorrower *b, const PiLoan *loan, uint64_t now_nsec) {
        if (b->terms_out == 0) {
                b->busy_since_nsec = b->at_it_since_nsec = now_nsec;
                b->terms_since = 0;
        }
        b->terms_out += loan->terms;
}

/* Orders run side by side, so the time of one tells nothing: what counts is what comes back while
 * there are any out. */
static void measure(PiBorrower *b, uint64_t now_nsec) {
        uint64_t nsec = now_nsec - b->busy_since_nsec;
        double rate = (double) b->terms_since * 1e9 / (double) MAX(nsec, 1);

        if (nsec < PI_RATE_MEASURED_NSEC)
                return;
        if (b->measured && fabs(rate - b->rate) <= STEADY_DIFFERENCE * b->rate)
                b->steady_until_nsec = now_nsec + PI_RATE_KEPT_NSEC;
        else
                b->steady_until_nsec = 0;
        b->rate = b->measured ? (1 - NEW_RATE_WEIGHT) * b->rate + NEW_RATE_WEIGHT * rate : rate;
        b->measured = TRUE;
        b->busy_since_nsec = now_nsec;
        b->terms_since = 0;
}

void pi_borrower_answered(PiBorrower *b, const PiLoan *loan, gboolean well, uint64_t now_nsec,
                          uint64_t pause_nsec) {
        b->terms_out -= MIN(b->terms_out, loan->terms);
        b->at_it_since_nsec = now_nsec;
        if (!well) {
                b->paused_until_nsec = now_nsec + pause_nsec;
                b->steady_until_nsec = 0;
                return;
        }
        b->terms_since += loan->terms;
        measure(b, now_nsec);
}

uint64_t pi_borrower_undone(const PiBorrower *b, uint64_t terms, uint64_t now_nsec) {
        double done = b->rate * (double) (now_nsec - b->at_it_since_nsec) / 1e9;
        double all = (double) MAX(b->terms_out, 1);

        return (uint64_t) ((double) terms * MAX(1 - done / all, UNDONE_MIN));
}
