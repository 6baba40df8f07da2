/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lender-private.h"

#include <string.h>

#include "daemon/jobs/order-size.h"
#include "daemon/jobs/runner.h"
#include "daemon/work/lend.h"

/* Who did not answer well is left alone so long. */
#define PAUSE_NSEC (UINT64_C(1) * 1000000000)

/* An order is late when it took twice as long as expected, and then some. */
#define LATE_FACTOR 2
#define LATE_SECONDS 0.02

/* One look at what members may have of a job. */
typedef struct Feeding {
        PiLender *lender;
        PiJob *job;
        guint n_peers;
        double own_rate, all_rates; /* terms per second */
        double lent;                /* terms, to all members; see PiBorrowed */
        gboolean none_slow;         /* no lease of this node is worth another try elsewhere */
} Feeding;

static PiBorrower *borrower_of(PiLender *lender, const PiPeer *peer) {
        PiBorrower *b = g_hash_table_lookup(lender->borrowers, peer->id);

        if (!b) {
                b = g_new0(PiBorrower, 1);
                g_hash_table_insert(lender->borrowers, g_strdup(peer->id), b);
        }
        if (b->rate <= 0)
                b->rate = peer->terms_per_second;
        return b;
}

static gboolean may_borrow(const PiJob *job, const char *id) {
        return !job->spec.nodes ||
               g_strv_contains((const char *const *) job->spec.nodes, id);
}

/* So that the same members come first each time. */
static int by_id(const void *a, const void *b) {
        return strcmp(((const PiPeer *) a)->id, ((const PiPeer *) b)->id);
}

static guint list_peers(PiLender *lender) {
        guint n = lender->peers->list(lender->peer, lender->peers->userdata);

        qsort(lender->peer, n, sizeof(PiPeer), by_id);
        return n;
}

uint32_t pi_lender_cpus(PiLender *lender, uint32_t own) {
        guint n = list_peers(lender);
        uint32_t cpus = n > 0 ? own : 0;

        for (guint i = 0; i < n; i++)
                cpus += lender->peer[i].cpus;
        return cpus;
}

/* CPU slots of each member that the job may have: what this node and those before have not. */
static void share_slots(const Feeding *f) {
        const PiJob *job = f->job;
        uint32_t most = job->spec.cpus_most, left = most > job->slots ? most - job->slots : 0;

        for (guint i = 0; i < f->n_peers; i++) {
                const PiPeer *peer = &f->lender->peer[i];
                uint32_t slots = may_borrow(job, peer->id) ? MIN(left, peer->cpus) : 0;

                left -= slots;
                borrower_of(f->lender, peer)->here = (PiBorrowed) { .slots = slots };
        }
}

/* What each of them has of the job; an order that is late counts for more than it may have. */
static void count_loans(Feeding *f) {
        uint64_t now = pi_lender_now();

        for (const GList *l = f->lender->loans.head; l; l = l->next) {
                const PiLoan *loan = l->data;

                if (loan->job != f->job)
                        continue;
                loan->borrower->here.orders += pi_lender_is_late(loan, now) ? PI_ORDERS_OUT : 1;
                loan->borrower->here.terms += loan->terms;
        }
        for (guint i = 0; i < f->n_peers; i++) {
                PiBorrower *b = borrower_of(f->lender, &f->lender->peer[i]);

                b->here.terms = pi_borrower_undone(b, b->here.terms, now);
                f->lent += (double) b->here.terms;
        }
}

static void answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata);

/* For the report, which is made when the member may be gone. */
static void note_member(PiJob *job, const PiPeer *peer) {
        uint16_t index;
        PiMemberShare *share = pi_job_member(job, peer->id, &index);

        g_free(share->name);
        share->name = g_strdup(peer->name);
        share->cpus = peer->cpus;
        share->round_trip_usec = peer->round_trip_usec;
}

static void order(Feeding *f, const PiPeer *peer, PiBorrower *borrower, uint32_t first,
                  uint32_t n) {
        PiLender *lender = f->lender;
        PiJob *job = f->job;
        PiLeaseOrder o = {
                .job = job->id,
                .terms = job->spec.terms,
                .parts = job->spec.parts,
                .first_lease = first,
                .n_leases = n,
                .cpus = borrower->here.slots,
                .priority = job->spec.priority,
        };
        PiLoan *loan = pi_loan_new(lender, job, peer->id, borrower, &o);
        double seconds;

        pi_borrower_ordered(borrower, loan, pi_lender_now());
        seconds = LATE_FACTOR * (double) borrower->terms_out / borrower->rate + LATE_SECONDS +
                  (double) peer->round_trip_usec / 1e6;
        loan->lent_nsec = pi_lender_now();
        loan->expected_nsec = (uint64_t) (seconds * 1e9);
        g_queue_push_tail(&lender->loans, loan);
        job->loans++;
        borrower->here.orders++;
        borrower->here.terms += loan->terms;
        f->lent += (double) loan->terms;
        note_member(job, peer);
        loan->number = lender->peers->run(peer->id, &o, answered, loan, lender->peers->userdata);
}

/* Terms for the next order, 0 when it is not worth it. */
static uint64_t order_terms(const Feeding *f, const PiPeer *peer, const PiBorrower *borrower) {
        return pi_order_size(&(PiOrderFacts) {
                .untaken = (double) pi_task_untaken_terms(f->job->task),
                .lent = f->lent,
                .its = (double) borrower->here.terms,
                .rate = borrower->rate * borrower->here.slots / MAX(peer->cpus, 1),
                .own_rate = f->job->spec.elsewhere ? 0 : f->own_rate,
                .all_rates = f->all_rates,
                .round_trip = (double) peer->round_trip_usec / 1e6,
                .steady = pi_lender_now() < borrower->steady_until_nsec,
        });
}

/* A lease of this node that one of its cores does not get on with, for somebody else to try. */
static gboolean lend_slow_one(Feeding *f, uint32_t *ret_first) {
        const PiJob *job = f->job;
        double mean = (double) job->spec.terms / job->task->leases->n;
        double rate = f->own_rate / MAX(job->slots, 1);
        double seconds = LATE_FACTOR * mean / MAX(rate, 1) + LATE_SECONDS;
        uint64_t age = pi_lender_now() - job->task->created_nsec;
        uint64_t limit = (uint64_t) (seconds * 1e9);

        f->none_slow = f->none_slow || age < limit ||
                       !pi_task_lend_second(job->task, age - limit, ret_first);
        if (f->none_slow)
                return FALSE;
        for (const GList *l = f->lender->loans.head; l; l = l->next) {
                const PiLoan *loan = l->data;

                if (loan->job == job && *ret_first >= loan->order.first_lease &&
                    *ret_first < loan->order.first_lease + loan->order.n_leases)
                        return FALSE;
        }
        return TRUE;
}

static void feed_one(Feeding *f, const PiPeer *peer) {
        PiBorrower *borrower = borrower_of(f->lender, peer);
        PiTask *task = f->job->task;
        uint32_t first, n = 0;
        uint64_t terms;

        if (borrower->here.slots == 0 || borrower->here.orders >= PI_ORDERS_OUT ||
            borrower->rate <= 0 || pi_lender_now() < borrower->paused_until_nsec)
                return;
        if (pi_task_lend_given_up(task, &first))
                n = 1;
        else if (pi_task_untaken_terms(task) > 0) {
                terms = order_terms(f, peer, borrower);
                if (terms > 0)
                        n = pi_task_lend(task, PI_LEASE_ORDER_MAX, terms, &first);
        } else if (lend_slow_one(f, &first))
                n = 1;
        if (n > 0)
                order(f, peer, borrower, first, n);
}

static double rates_of(const Feeding *f) {
        double rates = f->own_rate;

        for (guint i = 0; i < f->n_peers; i++)
                if (may_borrow(f->job, f->lender->peer[i].id))
                        rates += borrower_of(f->lender, &f->lender->peer[i])->rate;
        return MAX(rates, 1);
}

void pi_lender_feed(PiLender *lender, PiJob *job) {
        Feeding f = { .lender = lender, .job = job };

        if (!job->spec.cluster || job->state != PI_JOB_RUNNING || job->leaving || job->error)
                return;
        f.n_peers = list_peers(lender);
        f.own_rate = lender->hooks->rate_here(job, lender->hooks->userdata);
        f.all_rates = rates_of(&f);
        share_slots(&f);
        count_loans(&f);
        /* Everybody gets a first order before anybody gets a second. */
        for (guint turn = 0; turn < PI_ORDERS_OUT; turn++)
                for (guint i = 0; i < f.n_peers; i++)
                        feed_one(&f, &lender->peer[i]);
        /* Nobody else could have it for a while, so this node had begun with it. */
        if (job->slots == 0 && job->loans > 0 &&
            !lender->hooks->is_judged(job, lender->hooks->userdata))
                pi_runner_stand_back(job);
        pi_lender_watch_tail(lender);
}

gboolean pi_lender_rescue(PiLender *lender, PiJob *job, uint32_t lease) {
        guint n_peers;
        gboolean some = job->loans > 0;

        if (!job->spec.cluster || job->error)
                return FALSE;
        n_peers = list_peers(lender);
        for (guint i = 0; i < n_peers && !some; i++)
                some = may_borrow(job, lender->peer[i].id) &&
                       pi_lender_now() >= borrower_of(lender, &lender->peer[i])->paused_until_nsec;
        if (!some)
                return FALSE;
        pi_task_give_up(job->task, lease);
        pi_lender_feed(lender, job);
        return job->loans > 0;
}

static void take_back(const PiLoan *loan) {
        for (uint32_t i = 0; i < loan->order.n_leases; i++)
                pi_task_return(loan->job->task, loan->order.first_lease + i);
}

static void take_answer(PiLender *lender, PiLoan *loan, const PiLeaseAnswer *answer) {
        const PiPeers *peers = lender->peers;
        PiLoanCount count = pi_loan_count(loan, answer, lender->hooks->settled,
                                          lender->hooks->userdata);

        lender->terms += count.terms;
        loan->borrower->terms += count.terms;
        if (count.right > 0)
                peers->verified(loan->node, count.right, peers->userdata);
        if (count.wrong > 0)
                peers->wrong(loan->node, &loan->order, count.first_wrong, peers->userdata);
}

/* Errors of the link are told once, by whoever owns it. */
static void answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata) {
        PiLoan *loan = userdata;
        PiLender *lender = loan->lender;
        PiJob *job = loan->job;

        g_queue_remove(&lender->loans, loan);
        pi_borrower_answered(loan->borrower, loan, answer != NULL, pi_lender_now(), PAUSE_NSEC);
        if (job) {
                job->loans--;
                if (answer)
                        take_answer(lender, loan, answer);
                else
                        pi_loan_lost(loan);
                /* Those that did not count are given to somebody else. */
                take_back(loan);
                pi_lender_feed(lender, job);
                if (job->state == PI_JOB_RUNNING)
                        pi_runner_poke(job);
        }
        pi_loan_free(loan);
}

/* A rate is worth keeping as long as its node may come back. */
static gboolean is_gone(gpointer id, gpointer borrower, gpointer userdata) {
        const PiLender *lender = userdata;
        const char *found;

        return ((PiBorrower *) borrower)->terms_out == 0 &&
               !lender->peers->find(id, &found, lender->peers->userdata);
}

void pi_lender_peers_changed(PiLender *lender) {
        g_hash_table_foreach_remove(lender->borrowers, is_gone, lender);
        pi_lender_poke(lender);
}

uint64_t pi_lender_terms(const PiLender *lender) {
        return lender->terms;
}

void pi_lender_describe(const PiLender *lender, PiMetricsNode *node) {
        const PiBorrower *b = g_hash_table_lookup(lender->borrowers, node->id);

        if (!b)
                return;
        node->terms = b->terms;
        if (b->measured)
                node->terms_per_second = b->rate;
}

void pi_lender_forget(PiLender *lender, PiJob *job) {
        GList *next;

        for (GList *l = lender->loans.head; l; l = next) {
                PiLoan *loan = l->data;

                next = l->next;
                if (loan->job != job)
                        continue;
                /* It may be gone when cancel() comes back. */
                loan->job = NULL;
                lender->peers->cancel(loan->node, loan->number, lender->peers->userdata);
        }
        job->loans = 0;
}

PiLender *pi_lender_new(const PiPeers *peers, const PiLenderHooks *hooks) {
        PiLender *lender = g_new0(PiLender, 1);

        lender->peers = peers;
        lender->hooks = hooks;
        lender->borrowers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        lender->peer = g_new0(PiPeer, PI_PEERS_MAX);
        return lender;
}

void pi_lender_free(PiLender *lender) {
        if (!lender)
                return;
        g_clear_handle_id(&lender->tail, g_source_remove);
        g_queue_clear_full(&lender->loans, (GDestroyNotify) pi_loan_free);
        g_hash_table_unref(lender->borrowers);
        g_free(lender->peer);
        g_free(lender);
}
