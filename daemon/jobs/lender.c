/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lender.h"

#include <string.h>

#include "daemon/jobs/loan.h"
#include "daemon/jobs/order-size.h"
#include "daemon/jobs/runner.h"
#include "daemon/work/clock.h"
#include "daemon/work/lend.h"

/* What is out is looked after so often, and so is who is left alone for a while. */
#define TAIL_MSEC 10

/* Who did not answer well is left alone so long. */
#define PAUSE_NSEC (UINT64_C(1) * 1000000000)

/* An order is late when it took twice as long as expected, and then some. */
#define LATE_FACTOR 2
#define LATE_SECONDS 0.02

struct PiLender {
        const PiPeers *peers;
        const PiLenderHooks *hooks;
        GQueue loans;        /* PiLoan, oldest first */
        GHashTable *borrowers; /* id -> PiBorrower */
        uint64_t terms;      /* that counted, since the start */
        guint tail;          /* source id */
        PiPeer *peer;        /* scratch, PI_PEERS_MAX of them */
};

static uint64_t now_nsec(void) {
        return pi_clock_nsec(CLOCK_MONOTONIC);
}

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

/* CPU slots of the member that the job may have: what this node and those before it have not. */
static uint32_t slots_at(const PiLender *lender, const PiJob *job, guint n_peers, guint index) {
        uint32_t left = job->spec.cpus > job->slots ? job->spec.cpus - job->slots : 0;

        for (guint i = 0; i < index && i < n_peers; i++)
                if (may_borrow(job, lender->peer[i].id))
                        left -= MIN(left, lender->peer[i].cpus);
        return may_borrow(job, lender->peer[index].id) ? MIN(left, lender->peer[index].cpus) : 0;
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

static gboolean is_late(const PiLoan *loan, uint64_t now) {
        return now > loan->lent_nsec + loan->expected_nsec;
}

/* Orders of the job that the member has; more than any if one of them is late. */
static guint orders_at(const PiLender *lender, const PiJob *job, const char *id, uint64_t now) {
        guint n = 0;

        for (const GList *l = lender->loans.head; l; l = l->next) {
                const PiLoan *loan = l->data;

                if (loan->job == job && g_str_equal(loan->node, id))
                        n += is_late(loan, now) ? PI_ORDERS_OUT : 1;
        }
        return n;
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

static void order(PiLender *lender, PiJob *job, const PiPeer *peer, PiBorrower *borrower,
                  uint32_t cpus, uint32_t first, uint32_t n) {
        PiLeaseOrder o = {
                .job = job->id,
                .terms = job->spec.terms,
                .parts = job->spec.parts,
                .first_lease = first,
                .n_leases = n,
                .cpus = cpus,
                .priority = job->spec.priority,
        };
        PiLoan *loan = pi_loan_new(lender, job, peer->id, &o);
        double seconds;

        pi_borrower_ordered(borrower, loan, now_nsec());
        seconds = LATE_FACTOR * (double) borrower->terms_out / borrower->rate + LATE_SECONDS +
                  (double) peer->round_trip_usec / 1e6;
        loan->lent_nsec = now_nsec();
        loan->expected_nsec = (uint64_t) (seconds * 1e9);
        g_queue_push_tail(&lender->loans, loan);
        job->loans++;
        note_member(job, peer);
        loan->number = lender->peers->run(peer->id, &o, answered, loan, lender->peers->userdata);
}

/* Terms for the next order, 0 when it is not worth it. */
static uint64_t order_terms(const PiLender *lender, const PiJob *job, const PiPeer *peer,
                            double rate, double all_rates) {
        PiOrderFacts facts = {
                .untaken = (double) pi_task_untaken_terms(job->task),
                .rate = rate,
                .all_rates = all_rates,
                .round_trip = (double) peer->round_trip_usec / 1e6,
                .own_rate = job->spec.elsewhere
                                    ? 0
                                    : lender->hooks->rate_here(job, lender->hooks->userdata),
        };

        for (const GList *l = lender->loans.head; l; l = l->next) {
                const PiLoan *loan = l->data;

                if (loan->job != job)
                        continue;
                facts.lent += (double) loan->terms;
                facts.its += g_str_equal(loan->node, peer->id) ? (double) loan->terms : 0;
        }
        return pi_order_size(&facts);
}

/* A lease of this node that one of its cores does not get on with, for somebody else to try. */
static gboolean lend_slow_one(PiLender *lender, PiJob *job, uint32_t *ret_first) {
        double mean = (double) job->spec.terms / job->task->leases->n;
        double rate = lender->hooks->rate_here(job, lender->hooks->userdata) / MAX(job->slots, 1);
        double seconds = LATE_FACTOR * mean / MAX(rate, 1) + LATE_SECONDS;
        uint64_t age = now_nsec() - job->task->created_nsec, limit = (uint64_t) (seconds * 1e9);

        if (age < limit || !pi_task_lend_second(job->task, age - limit, ret_first))
                return FALSE;
        for (const GList *l = lender->loans.head; l; l = l->next) {
                const PiLoan *loan = l->data;

                if (loan->job == job && *ret_first >= loan->order.first_lease &&
                    *ret_first < loan->order.first_lease + loan->order.n_leases)
                        return FALSE;
        }
        return TRUE;
}

static gboolean feed_one(PiLender *lender, PiJob *job, guint n_peers, guint i, double all_rates) {
        const PiPeer *peer = &lender->peer[i];
        PiBorrower *borrower = borrower_of(lender, peer);
        uint32_t cpus = slots_at(lender, job, n_peers, i), first, n = 0;
        double rate = borrower->rate * cpus / MAX(peer->cpus, 1);
        uint64_t now = now_nsec(), terms;

        if (cpus == 0 || rate <= 0 || now < borrower->paused_until_nsec ||
            orders_at(lender, job, peer->id, now) >= PI_ORDERS_OUT)
                return FALSE;
        if (pi_task_lend_given_up(job->task, &first))
                n = 1;
        else if (pi_task_untaken_terms(job->task) > 0) {
                terms = order_terms(lender, job, peer, rate, all_rates);
                if (terms > 0)
                        n = pi_task_lend(job->task, PI_LEASE_ORDER_MAX, terms, &first);
        } else if (lend_slow_one(lender, job, &first))
                n = 1;
        if (n > 0)
                order(lender, job, peer, borrower, cpus, first, n);
        return n > 0;
}

static double rates_of(PiLender *lender, PiJob *job, guint n_peers) {
        double rates = lender->hooks->rate_here(job, lender->hooks->userdata);

        for (guint i = 0; i < n_peers; i++)
                if (may_borrow(job, lender->peer[i].id))
                        rates += borrower_of(lender, &lender->peer[i])->rate;
        return MAX(rates, 1);
}

static gboolean look_after_tail(gpointer userdata);

static gboolean is_paused(gpointer id, gpointer borrower, gpointer now) {
        return ((const PiBorrower *) borrower)->paused_until_nsec > *(const uint64_t *) now;
}

/* Somebody may have leases again, though nothing that happens will say so. */
static gboolean is_anybody_paused(const PiLender *lender) {
        uint64_t now = now_nsec();

        return g_hash_table_find(lender->borrowers, is_paused, &now) != NULL;
}

void pi_lender_feed(PiLender *lender, PiJob *job) {
        guint n_peers;
        double rates;

        if (!job->spec.cluster || job->state != PI_JOB_RUNNING || job->leaving || job->error)
                return;
        n_peers = list_peers(lender);
        rates = rates_of(lender, job, n_peers);
        /* Everybody gets a first order before anybody gets a second. */
        for (guint turn = 0; turn < PI_ORDERS_OUT; turn++)
                for (guint i = 0; i < n_peers; i++)
                        (void) feed_one(lender, job, n_peers, i, rates);
        if (lender->tail == 0 && (job->loans > 0 || is_anybody_paused(lender)))
                lender->tail = g_timeout_add(TAIL_MSEC, look_after_tail, lender);
}

gboolean pi_lender_rescue(PiLender *lender, PiJob *job, uint32_t lease) {
        guint n_peers;
        gboolean some = job->loans > 0;

        if (!job->spec.cluster || job->error)
                return FALSE;
        n_peers = list_peers(lender);
        for (guint i = 0; i < n_peers && !some; i++)
                some = may_borrow(job, lender->peer[i].id) &&
                       now_nsec() >= borrower_of(lender, &lender->peer[i])->paused_until_nsec;
        if (!some)
                return FALSE;
        pi_task_give_up(job->task, lease);
        pi_lender_feed(lender, job);
        return job->loans > 0;
}

/* What is late is tried by somebody else, too. */
static gboolean double_late(PiLender *lender) {
        uint64_t now = now_nsec();
        gboolean some = FALSE;

        for (GList *l = lender->loans.head; l; l = l->next) {
                PiLoan *loan = l->data;

                if (!loan->job || loan->doubled || !is_late(loan, now) ||
                    pi_task_untaken_terms(loan->job->task) > 0)
                        continue;
                loan->doubled = TRUE;
                for (uint32_t i = 0; i < loan->order.n_leases; i++)
                        pi_task_double(loan->job->task, loan->order.first_lease + i);
                some = TRUE;
        }
        return some;
}

static void poke_running(PiLender *lender) {
        for (const GList *l = lender->hooks->running(lender->hooks->userdata)->head; l; l = l->next)
                if (((PiJob *) l->data)->spec.cluster) {
                        pi_lender_feed(lender, l->data);
                        pi_runner_poke(l->data);
                }
}

static gboolean look_after_tail(gpointer userdata) {
        PiLender *lender = userdata;
        const GQueue *running = lender->hooks->running(lender->hooks->userdata);
        gboolean paused = running->length > 0 && is_anybody_paused(lender);

        if (double_late(lender))
                poke_running(lender);
        else
                for (const GList *l = running->head; l; l = l->next)
                        pi_lender_feed(lender, l->data);
        if (lender->loans.length > 0 || paused)
                return G_SOURCE_CONTINUE;
        lender->tail = 0;
        return G_SOURCE_REMOVE;
}

static void take_back(const PiLoan *loan) {
        for (uint32_t i = 0; i < loan->order.n_leases; i++)
                pi_task_return(loan->job->task, loan->order.first_lease + i);
}

static void take_answer(PiLender *lender, PiLoan *loan, PiBorrower *borrower,
                        const PiLeaseAnswer *answer) {
        const PiPeers *peers = lender->peers;
        PiLoanCount count = pi_loan_count(loan, answer, lender->hooks->settled,
                                          lender->hooks->userdata);

        lender->terms += count.terms;
        if (borrower)
                borrower->terms += count.terms;
        if (count.right > 0)
                peers->verified(loan->node, count.right, peers->userdata);
        if (count.wrong > 0)
                peers->wrong(loan->node, &loan->order, count.first_wrong, peers->userdata);
}

/* Errors of the link are told once, by whoever owns it. */
static void answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata) {
        PiLoan *loan = userdata;
        PiLender *lender = loan->lender;
        PiBorrower *borrower = g_hash_table_lookup(lender->borrowers, loan->node);
        PiJob *job = loan->job;

        g_queue_remove(&lender->loans, loan);
        if (borrower)
                pi_borrower_answered(borrower, loan, answer != NULL, now_nsec(), PAUSE_NSEC);
        if (job) {
                job->loans--;
                if (answer)
                        take_answer(lender, loan, borrower, answer);
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
        poke_running(lender);
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
        for (GList *l = lender->loans.head; l; l = l->next) {
                PiLoan *loan = l->data;

                if (loan->job != job)
                        continue;
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
