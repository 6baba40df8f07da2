/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lender-private.h"

#include "daemon/jobs/runner.h"
#include "daemon/work/lend.h"

/* What is out is looked after so often once nothing else is left, and so is who is left alone for a
 * while. */
#define TAIL_MSEC 10
/* Before that there is little to look for. */
#define TAIL_AHEAD_MSEC 100

/* What is late is tried by somebody else, too. */
static gboolean double_late(PiLender *lender) {
        uint64_t now = pi_lender_now();
        gboolean some = FALSE;

        for (GList *l = lender->loans.head; l; l = l->next) {
                PiLoan *loan = l->data;

                if (!loan->job || loan->doubled || !pi_lender_is_late(loan, now) ||
                    pi_task_untaken_terms(loan->job->task) > 0)
                        continue;
                loan->doubled = TRUE;
                for (uint32_t i = 0; i < loan->order.n_leases; i++)
                        pi_task_double(loan->job->task, loan->order.first_lease + i);
                some = TRUE;
        }
        return some;
}

void pi_lender_poke(PiLender *lender) {
        for (const GList *l = lender->hooks->running(lender->hooks->userdata)->head; l; l = l->next)
                if (((PiJob *) l->data)->spec.cluster) {
                        pi_lender_feed(lender, l->data);
                        pi_runner_poke(l->data);
                }
}

static gboolean is_paused(gpointer id, gpointer borrower, gpointer now) {
        return ((const PiBorrower *) borrower)->paused_until_nsec > *(const uint64_t *) now;
}

/* Somebody may have leases again, though nothing that happens will say so. */
static gboolean is_anybody_paused(const PiLender *lender) {
        uint64_t now = pi_lender_now();

        return g_hash_table_find(lender->borrowers, is_paused, &now) != NULL;
}

/* When nothing will be left of the job but what is out, if members get no more of it. */
static double tail_in_seconds(const PiLender *lender, const PiJob *job) {
        double rate = lender->hooks->rate_here(job, lender->hooks->userdata);

        return (double) pi_task_untaken_terms(job->task) / MAX(rate, 1);
}

static gboolean look_after_tail(gpointer userdata);

/* Sooner than it was to be, perhaps, but never later: answers may come all the time. */
static void look_in(PiLender *lender, guint msec) {
        gint64 usec = g_get_monotonic_time() + (gint64) msec * 1000;

        if (lender->tail > 0 && lender->tail_usec <= usec)
                return;
        g_clear_handle_id(&lender->tail, g_source_remove);
        lender->tail = g_timeout_add(msec, look_after_tail, lender);
        lender->tail_usec = usec;
}

void pi_lender_watch_tail(PiLender *lender) {
        gboolean paused = is_anybody_paused(lender);
        double seconds = paused ? 0 : TAIL_AHEAD_MSEC / 1e3;
        const GList *l = lender->hooks->running(lender->hooks->userdata)->head;

        if (lender->loans.length == 0 && (!paused || !l))
                return;
        for (; l; l = l->next) {
                const PiJob *job = l->data;

                if (job->spec.cluster && job->loans > 0)
                        seconds = MIN(seconds, tail_in_seconds(lender, job));
        }
        look_in(lender, MAX((guint) (seconds * 1e3), TAIL_MSEC));
}

static gboolean look_after_tail(gpointer userdata) {
        PiLender *lender = userdata;

        lender->tail = 0;
        if (double_late(lender))
                pi_lender_poke(lender);
        else
                for (const GList *l = lender->hooks->running(lender->hooks->userdata)->head; l;
                     l = l->next)
                        pi_lender_feed(lender, l->data);
        pi_lender_watch_tail(lender);
        return G_SOURCE_REMOVE;
}
