/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/referee.h"

struct PiReferee {
        const PiRefereeHooks *hooks;
        GQueue cases; /* PiRuling without a verdict yet, oldest first */
};

PiReferee *pi_referee_new(const PiRefereeHooks *hooks) {
        PiReferee *referee = g_new0(PiReferee, 1);

        referee->hooks = hooks;
        return referee;
}

void pi_referee_free(PiReferee *referee) {
        if (!referee)
                return;
        g_queue_clear_full(&referee->cases, g_free);
        g_free(referee);
}

static PiRuling *find_case(const PiReferee *referee, uint64_t job, uint32_t lease) {
        for (const GList *l = referee->cases.head; l; l = l->next) {
                PiRuling *c = l->data;

                if (c->job == job && c->lease == lease)
                        return c;
        }
        return NULL;
}

static void close_case(PiReferee *referee, PiRuling *c, PiVerdict verdict) {
        g_queue_remove(&referee->cases, c);
        c->verdict = verdict;
        referee->hooks->ruled(c, referee->hooks->userdata);
        g_free(c);
}

/* The same wrong bits on several cores are no accident: what they have in common is the kernel and
 * the expected value. */
static PiVerdict of_hopeless(const PiRuling *c) {
        for (uint32_t i = 1; i < c->n_wrong; i++)
                if (c->wrong[i].stretch.begin != c->wrong[0].stretch.begin ||
                    c->wrong[i].stretch.end != c->wrong[0].stretch.end ||
                    pi_fixed_cmp(&c->wrong[i].residual, &c->wrong[0].residual) != 0)
                        return PI_VERDICT_NODE;
        return c->n_wrong > 1 ? PI_VERDICT_SOFTWARE : PI_VERDICT_NODE;
}

static PiRuling *find_hopeless(const PiReferee *referee) {
        for (const GList *l = referee->cases.head; l; l = l->next) {
                PiRuling *c = l->data;

                if (c->n_wrong == PI_LEASE_ATTEMPTS_MAX ||
                    !referee->hooks->may_try(c, referee->hooks->userdata))
                        return c;
        }
        return NULL;
}

/* A case may become so by the end of another one, which took away the core it waited for. */
static void close_hopeless(PiReferee *referee) {
        PiRuling *c;

        while ((c = find_hopeless(referee)))
                close_case(referee, c, of_hopeless(c));
}

void pi_referee_cleared(PiReferee *referee, uint64_t job, uint32_t lease, const PiWrong *wrong) {
        PiRuling ruling = {
                .job = job,
                .lease = lease,
                .verdict = PI_VERDICT_TRANSIENT,
                .n_wrong = 1,
                .wrong = { *wrong },
        };

        referee->hooks->ruled(&ruling, referee->hooks->userdata);
}

void pi_referee_lasting(PiReferee *referee, uint64_t job, uint32_t lease, const PiWrong *wrong) {
        PiRuling *c = find_case(referee, job, lease);

        if (!c) {
                c = g_new0(PiRuling, 1);
                c->job = job;
                c->lease = lease;
                g_queue_push_tail(&referee->cases, c);
        }
        g_return_if_fail(c->n_wrong < PI_LEASE_ATTEMPTS_MAX);
        c->wrong[c->n_wrong++] = *wrong;
        close_hopeless(referee);
}

void pi_referee_settled(PiReferee *referee, uint64_t job, uint32_t lease) {
        PiRuling *c = find_case(referee, job, lease);

        if (!c)
                return;
        close_case(referee, c, PI_VERDICT_CORE);
        close_hopeless(referee);
}

void pi_referee_job_ended(PiReferee *referee, uint64_t job) {
        for (GList *l = referee->cases.head, *next; l; l = next) {
                PiRuling *c = l->data;

                next = l->next;
                if (c->job != job)
                        continue;
                c->undecided = true;
                close_case(referee, c, PI_VERDICT_TRANSIENT);
        }
}

bool pi_referee_judges(const PiReferee *referee, uint64_t job) {
        for (const GList *l = referee->cases.head; l; l = l->next)
                if (((const PiRuling *) l->data)->job == job)
                        return true;
        return false;
}

bool pi_referee_suspects(const PiReferee *referee, uint32_t cpu) {
        for (const GList *l = referee->cases.head; l; l = l->next) {
                const PiRuling *c = l->data;

                for (uint32_t i = 0; i < c->n_wrong; i++)
                        if (c->wrong[i].cpu == cpu)
                                return true;
        }
        return false;
}

const char *pi_verdict_to_string(PiVerdict verdict) {
        static const char *const names[_PI_VERDICT_MAX] = {
                [PI_VERDICT_NONE] = "none",           [PI_VERDICT_TRANSIENT] = "transient",
                [PI_VERDICT_CORE] = "core",           [PI_VERDICT_NODE] = "node",
                [PI_VERDICT_SOFTWARE] = "software",
        };

        g_return_val_if_fail(verdict < _PI_VERDICT_MAX, names[PI_VERDICT_NONE]);
        return names[verdict];
}
