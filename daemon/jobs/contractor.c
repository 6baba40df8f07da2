/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/contractor.h"

#include <math.h>

#include "daemon/jobs/ranks.h"
#include "daemon/jobs/runner.h"
#include "daemon/series/expected.h"
#include "daemon/work/clock.h"
#include "daemon/work/lend.h"
#include "dbus/error.h"

#define WATCH_MSEC 1000

/* Seconds before the next launch, after one that brought nothing, two, and more. */
static const guint pause_seconds[] = { 1, 5, 25 };

/* A chunk is late after ten times what it would take one CPU of this node: ranks have threads, and
 * the first of them may wait for the last. */
#define SILENCE_FACTOR 10

#define NEVER_GREETED \
        "; it never said hello: are Launcher= and Helper= in [Engine] of pi-computed.conf of one " \
        "MPI? journalctl -u 'pi-computed-engine@*' has all that it said"

typedef struct Contract {
        PiContractor *contractor;
        PiJob *job;
        PiLaunch *launch; /* NULL between two */
        guint pause;      /* source id: the next one comes then */
        uint64_t since_nsec; /* it is in its state, or the last chunk came */
        uint64_t begun_nsec; /* the launch */
        PiRanks ranks;    /* of the launch, once it said hello */
        gboolean greeted; /* some launch said hello */
        gboolean fresh;   /* it brought something */
        guint barren;     /* launches in a row that did not */
} Contract;

struct PiContractor {
        const PiEngine *engine;
        const PiContractorHooks *hooks;
        GQueue contracts; /* Contract */
        guint watch;      /* source id, while there are any */
};

static uint64_t now_nsec(void) {
        return pi_clock_nsec(CLOCK_MONOTONIC);
}

static void set_state(Contract *c, PiEngineState state, const char *detail) {
        PiEngineStanding *standing = &c->job->engine;

        if (standing->state != state)
                c->since_nsec = now_nsec();
        standing->state = state;
        g_free(standing->detail);
        standing->detail = g_strdup(detail);
        c->contractor->hooks->changed(c->job, c->contractor->hooks->userdata);
}

static Contract *find(const PiContractor *contractor, const PiJob *job) {
        for (const GList *l = contractor->contracts.head; l; l = l->next)
                if (((const Contract *) l->data)->job == job)
                        return l->data;
        return NULL;
}

static void end_launch(Contract *c) {
        const PiEngine *engine = c->contractor->engine;

        if (c->launch)
                engine->end(g_steal_pointer(&c->launch), engine->userdata);
        pi_ranks_clear(&c->ranks);
}

/* The runner waits for the job no longer. */
static void close_contract(Contract *c) {
        PiContractor *contractor = c->contractor;

        end_launch(c);
        g_clear_handle_id(&c->pause, g_source_remove);
        c->job->loans = 0;
        set_state(c, PI_ENGINE_NONE, "");
        g_queue_remove(&contractor->contracts, c);
        if (contractor->contracts.length == 0)
                g_clear_handle_id(&contractor->watch, g_source_remove);
        g_free(c);
}

static void fail(Contract *c, const char *why) {
        PiJob *job = c->job;
        g_autofree char *launches = job->engine.launches > 1
                                            ? g_strdup_printf(" in the last of %u launches",
                                                              job->engine.launches)
                                            : g_strdup("");
        GError *error = g_error_new(PI_ERROR, PI_ERROR_ENGINE_FAILED,
                                    "Job %" G_GUINT64_FORMAT ": the engine failed%s: %s", job->id,
                                    launches, why);

        close_contract(c);
        pi_runner_stop(job, error);
}

/* May be the end of the contract. */
static void launch(Contract *c);

static gboolean launch_again(gpointer userdata) {
        Contract *c = userdata;

        c->pause = 0;
        launch(c);
        return G_SOURCE_REMOVE;
}

/* The launch has ended, and something is missing. */
static void ended(Contract *c, const char *why, gboolean again) {
        const PiContractorHooks *hooks = c->contractor->hooks;
        const PiSettings *settings = hooks->settings(hooks->userdata);
        g_autofree char *what = NULL;
        guint seconds;

        end_launch(c);
        c->barren = c->fresh ? 0 : c->barren + 1;
        if (!again) {
                fail(c, why);
                return;
        }
        if (c->barren > settings->engine_restarts) {
                what = g_strconcat(why, c->greeted ? "" : NEVER_GREETED, NULL);
                fail(c, what);
                return;
        }
        seconds = pause_seconds[MIN(MAX(c->barren, 1), G_N_ELEMENTS(pause_seconds)) - 1];
        what = g_strdup_printf("%s; the next launch is in %u s", why, seconds);
        hooks->trouble(c->job, what, hooks->userdata);
        set_state(c, PI_ENGINE_WAITING, what);
        c->pause = g_timeout_add_seconds(seconds, launch_again, c);
}

/* Whatever else it told may be wrong as well. */
static void distrust(Contract *c, const char *why) {
        c->fresh = FALSE;
        ended(c, why, TRUE);
}

/* For the submission latency: the first lease starts now. */
static void note_start(PiTask *task) {
        if (atomic_load(&task->first_start_nsec) == 0)
                atomic_store(&task->first_start_nsec, MAX(now_nsec() - task->created_nsec, 1));
}

static void take_hello(Contract *c, const PiContractHello *hello) {
        g_autofree char *text = NULL;

        if (hello->numerics != PI_NUMERICS_VERSION) {
                text = g_strdup_printf("it sums by version %u of the numerics, this daemon by %d: "
                                       "install the same version of pi-computed everywhere",
                                       hello->numerics, PI_NUMERICS_VERSION);
                end_launch(c);
                fail(c, text);
                return;
        }
        c->greeted = TRUE;
        pi_ranks_take(&c->ranks, hello);
        c->job->engine.launch_usec = (now_nsec() - c->begun_nsec) / 1000;
        note_start(c->job->task);
        text = pi_ranks_to_text(&c->ranks);
        set_state(c, PI_ENGINE_RUNNING, text);
}

/* FALSE when no lease has this range. */
static gboolean find_lease(const PiTask *task, PiRange range, uint32_t *ret) {
        uint32_t low = 0, high = task->leases->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                PiRange at = pi_task_lease_range(task, middle);

                if (at.begin == range.begin) {
                        *ret = middle;
                        return at.end == range.end;
                }
                if (at.begin < range.begin)
                        low = middle + 1;
                else
                        high = middle;
        }
        return FALSE;
}

static void count(Contract *c, uint32_t lease, const PiContractChunk *chunk) {
        PiTask *task = c->job->task;
        uint16_t index;
        PiMemberShare *share = pi_ranks_share(&c->ranks, c->job, chunk->rank, &index);

        share->cpu_nsec += chunk->cpu_usec * 1000;
        task->elsewhere.cpu_nsec += chunk->cpu_usec * 1000;
        if (pi_task_accept(task, lease, index, &chunk->sum) == PI_LOAN_LATE) {
                share->late++;
                return;
        }
        share->leases++;
        share->terms += chunk->range.end - chunk->range.begin;
        c->fresh = TRUE;
        c->since_nsec = now_nsec();
}

static void take_chunk(Contract *c, const PiContractChunk *chunk) {
        PiJob *job = c->job;
        g_autofree char *why = NULL;
        uint32_t lease;
        uint16_t index;

        if (chunk->rank >= c->ranks.n || !find_lease(job->task, chunk->range, &lease)) {
                why = g_strdup_printf("it told of terms %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                                      " by rank %u of %u, which nobody had ordered",
                                      chunk->range.begin, chunk->range.end - 1, chunk->rank,
                                      c->ranks.n);
                distrust(c, why);
                return;
        }
        if (!pi_verify(job->task->kernel, chunk->range, &chunk->sum, NULL)) {
                pi_ranks_share(&c->ranks, job, chunk->rank, &index)->wrong++;
                why = g_strdup_printf("rank %u on %s told a wrong sum of terms %" G_GUINT64_FORMAT
                                      " to %" G_GUINT64_FORMAT,
                                      chunk->rank, c->ranks.host[chunk->rank], chunk->range.begin,
                                      chunk->range.end - 1);
                distrust(c, why);
                return;
        }
        count(c, lease, chunk);
        if (pi_task_leases_missing(job->task) == 0) {
                close_contract(c);
                pi_runner_poke(job);
        }
}

/* The engine has its terms summed by others. */
static void take_fault(Contract *c, const PiContractFault *fault) {
        const PiContractorHooks *hooks = c->contractor->hooks;
        g_autofree char *what = NULL;
        uint16_t index;

        what = g_strdup_printf("rank %u on %s is given nothing more: %s", fault->rank, fault->host,
                               fault->what);
        if (fault->rank < c->ranks.n)
                pi_ranks_share(&c->ranks, c->job, fault->rank, &index)->wrong++;
        hooks->trouble(c->job, what, hooks->userdata);
}

static void told(const PiContractLine *line, gpointer userdata) {
        Contract *c = userdata;

        /* That it runs its hello says. */
        if (line->kind == PI_CONTRACT_STATE && line->state.state == PI_CONTRACT_STATE_QUEUED)
                set_state(c, PI_ENGINE_QUEUED, line->state.detail);
        else if (line->kind == PI_CONTRACT_STATE &&
                 line->state.state == PI_CONTRACT_STATE_LAUNCHING)
                set_state(c, PI_ENGINE_LAUNCHING, line->state.detail);
        else if (line->kind == PI_CONTRACT_HELLO)
                take_hello(c, &line->hello);
        else if (line->kind == PI_CONTRACT_CHUNK)
                take_chunk(c, &line->chunk);
        else if (line->kind == PI_CONTRACT_FAULT)
                take_fault(c, &line->fault);
}

static void over(const GError *why, gboolean again, gpointer userdata) {
        Contract *c = userdata;

        c->launch = NULL;
        ended(c, why->message, again);
}

static const PiLaunchHooks launch_hooks = { told, over };

static GArray *missing_ranges(const PiTask *task) {
        GArray *ranges = g_array_new(FALSE, FALSE, sizeof(PiRange));

        for (uint32_t i = 0; i < task->leases->n; i++) {
                PiRange range = pi_task_lease_range(task, i);

                if (atomic_load(&task->leases->lease[i].state) != PI_LEASE_VERIFIED)
                        g_array_append_val(ranges, range);
        }
        return ranges;
}

static void launch(Contract *c) {
        g_autoptr(GArray) ranges = missing_ranges(c->job->task);
        const PiEngine *engine = c->contractor->engine;
        g_autoptr(GError) error = NULL;

        c->fresh = FALSE;
        c->begun_nsec = now_nsec();
        c->job->engine.launches++;
        set_state(c, PI_ENGINE_LAUNCHING, "");
        c->launch = engine->launch(ranges, &launch_hooks, c, engine->userdata, &error);
        if (!c->launch)
                fail(c, error->message);
}

/* Seconds that the launch may be in its state, or without a new chunk. */
static double patience(const Contract *c) {
        const PiContractorHooks *hooks = c->contractor->hooks;
        const PiSettings *s = hooks->settings(hooks->userdata);
        double terms = (double) c->job->spec.terms / c->job->task->leases->n;
        double grace = c->contractor->engine->grace_seconds;

        if (c->job->engine.state == PI_ENGINE_LAUNCHING)
                return grace + (double) s->engine_start_timeout_usec / 1e6;
        if (c->job->engine.state == PI_ENGINE_QUEUED)
                return s->engine_queue_timeout_usec == 0
                               ? INFINITY
                               : grace + (double) s->engine_queue_timeout_usec / 1e6;
        return grace + SILENCE_FACTOR * terms / MAX(hooks->rate(c->job, hooks->userdata), 1);
}

static void end_if_overdue(Contract *c) {
        double seconds = (double) (now_nsec() - c->since_nsec) / 1e9;
        g_autofree char *why = NULL;

        if (!c->launch || seconds < patience(c))
                return;
        why = g_strdup_printf("nothing came from it for %.0f s while it was %s: see journalctl -u "
                              "'pi-computed-engine@*'",
                              seconds, pi_engine_state_to_string(c->job->engine.state));
        ended(c, why, TRUE);
}

static gboolean look(gpointer userdata) {
        PiContractor *contractor = userdata;
        GList *next;

        for (GList *l = contractor->contracts.head; l; l = next) {
                next = l->next;
                end_if_overdue(l->data);
        }
        return contractor->contracts.length > 0;
}

void pi_contractor_take(PiContractor *contractor, PiJob *job) {
        uint32_t first;
        gboolean some = FALSE;
        Contract *c;

        if (find(contractor, job) || job->state != PI_JOB_RUNNING || job->leaving || job->error)
                return;
        while (pi_task_lend(job->task, PI_LEASES_MAX, UINT64_MAX, &first) > 0)
                some = TRUE;
        if (!some)
                return;
        c = g_new0(Contract, 1);
        c->contractor = contractor;
        c->job = job;
        job->loans = 1;
        g_queue_push_tail(&contractor->contracts, c);
        if (contractor->watch == 0)
                contractor->watch = g_timeout_add(WATCH_MSEC, look, contractor);
        launch(c);
}

void pi_contractor_forget(PiContractor *contractor, PiJob *job) {
        Contract *c = find(contractor, job);

        if (!c)
                return;
        for (uint32_t i = 0; i < job->task->leases->n; i++)
                pi_task_return(job->task, i);
        close_contract(c);
}

PiContractor *pi_contractor_new(const PiEngine *engine, const PiContractorHooks *hooks) {
        PiContractor *contractor = g_new0(PiContractor, 1);

        contractor->engine = engine;
        contractor->hooks = hooks;
        return contractor;
}

void pi_contractor_free(PiContractor *contractor) {
        Contract *c;

        if (!contractor)
                return;
        while ((c = g_queue_peek_head(&contractor->contracts)))
                close_contract(c);
        g_clear_handle_id(&contractor->watch, g_source_remove);
        g_free(contractor);
}
