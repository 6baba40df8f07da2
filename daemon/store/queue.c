/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/queue.h"

struct PiQueue {
        PiRequest *head, *tail;
        GHashTable *jobs;        /* number -> PiRequest: the newest change of a job */
        GHashTable *checkpoints; /* job -> PiRequest */
        PiRequest *reserve;      /* the one request for numbers */
        unsigned changes;        /* without those that forget a job */
        unsigned forgets;
        unsigned waiting; /* asks, and changes with somebody to be told */
        unsigned urgent;
};

PiQueue *pi_queue_new(void) {
        PiQueue *q = g_new0(PiQueue, 1);

        q->jobs = g_hash_table_new(g_int64_hash, g_int64_equal);
        q->checkpoints = g_hash_table_new(g_int64_hash, g_int64_equal);
        return q;
}

void pi_queue_free(PiQueue *q) {
        if (!q)
                return;
        pi_request_free_list(q->head);
        g_hash_table_unref(q->jobs);
        g_hash_table_unref(q->checkpoints);
        g_free(q);
}

static GHashTable *table_of(const PiQueue *q, const PiRequest *r) {
        switch (r->kind) {
        case PI_REQUEST_PUT_JOB:
        case PI_REQUEST_FORGET_JOB:
                return q->jobs;
        case PI_REQUEST_PUT_CHECKPOINT:
                return q->checkpoints;
        case PI_REQUEST_PUT_BAD_CORE:
        case PI_REQUEST_REMOVE_BAD_CORE:
        case PI_REQUEST_PUT_CALIBRATION:
        case PI_REQUEST_RESERVE_IDS:
        case PI_REQUEST_PUT_SWEEP:
        case PI_REQUEST_LIST_JOBS:
        case PI_REQUEST_FIND_JOB:
        case PI_REQUEST_LIST_SWEEPS:
        case PI_REQUEST_FIND_SWEEP:
        case _PI_REQUEST_KIND_MAX:
        default:
                return NULL;
        }
}

static PiRequest *newest_of(const PiQueue *q, const PiRequest *r) {
        GHashTable *table = table_of(q, r);

        if (r->kind == PI_REQUEST_RESERVE_IDS)
                return q->reserve;
        return table ? g_hash_table_lookup(table, &r->id) : NULL;
}

static void set_newest(PiQueue *q, PiRequest *r) {
        GHashTable *table = table_of(q, r);

        if (r->kind == PI_REQUEST_RESERVE_IDS)
                q->reserve = r;
        else if (table)
                g_hash_table_replace(table, &r->id, r);
}

static void count(PiQueue *q, const PiRequest *r, int by) {
        if (r->kind == PI_REQUEST_FORGET_JOB)
                q->forgets += (unsigned) by;
        else if (!pi_request_is_ask(r))
                q->changes += (unsigned) by;
        if (pi_request_is_ask(r) || r->done)
                q->waiting += (unsigned) by;
        if (pi_request_is_urgent(r))
                q->urgent += (unsigned) by;
}

/* Behind `at`, NULL: in front. */
static void insert(PiQueue *q, PiRequest *at, PiRequest *r) {
        r->prev = at;
        r->next = at ? at->next : q->head;
        *(r->next ? &r->next->prev : &q->tail) = r;
        *(at ? &at->next : &q->head) = r;
        count(q, r, 1);
}

static void unlink_request(PiQueue *q, PiRequest *r) {
        GHashTable *table = table_of(q, r);

        *(r->prev ? &r->prev->next : &q->head) = r->next;
        *(r->next ? &r->next->prev : &q->tail) = r->prev;
        count(q, r, -1);
        if (q->reserve == r)
                q->reserve = NULL;
        else if (table && g_hash_table_lookup(table, &r->id) == r)
                g_hash_table_remove(table, &r->id);
}

/* A change that nobody waits for may be replaced where it is: what was asked for behind it sees
 * what is newer. */
static bool replaces(const PiRequest *newer, const PiRequest *older) {
        return !newer->done && !older->done;
}

static PiRequest *oldest(const PiQueue *q, PiRequestKind kind) {
        for (PiRequest *r = q->head; r; r = r->next)
                if (r->kind == kind && (kind != PI_REQUEST_PUT_JOB ||
                                        (pi_request_ends_job(r) && !r->done)))
                        return r;
        return NULL;
}

static void drop(PiQueue *q, PiRequest *r) {
        unlink_request(q, r);
        pi_request_free(r);
}

/* A job that has ended must not go on after a restart because nobody knows of its end any more: of
 * its change as much stays as is needed for that. */
static void reduce(PiQueue *q, PiRequest *r) {
        count(q, r, -1);
        g_clear_pointer(&r->job, pi_job_record_free);
        r->kind = PI_REQUEST_FORGET_JOB;
        count(q, r, 1);
        if (q->forgets > PI_STORE_QUEUE_MAX)
                drop(q, oldest(q, PI_REQUEST_FORGET_JOB));
}

static bool give_up_oldest(PiQueue *q) {
        PiRequest *job = oldest(q, PI_REQUEST_PUT_JOB), *calibration;

        if (job) {
                reduce(q, job);
                return true;
        }
        calibration = oldest(q, PI_REQUEST_PUT_CALIBRATION);
        if (calibration)
                drop(q, calibration);
        return calibration;
}

static unsigned give_up_surplus(PiQueue *q) {
        unsigned given_up = 0;

        while (q->changes > PI_STORE_QUEUE_MAX && give_up_oldest(q))
                given_up++;
        return given_up;
}

unsigned pi_queue_push(PiQueue *q, PiRequest *r) {
        PiRequest *older = newest_of(q, r), *place = q->tail;

        if (older && replaces(r, older)) {
                /* The end of a job has its place among the ends of others. */
                if (!pi_request_ends_job(r)) {
                        place = older->prev;
                        r->queued_usec = older->queued_usec;
                } else if (place == older)
                        place = older->prev;
                drop(q, older);
        }
        insert(q, place, r);
        set_newest(q, r);
        return give_up_surplus(q);
}

PiRequest *pi_queue_take(PiQueue *q, unsigned max_changes) {
        PiRequest *first = NULL, *last = NULL;

        for (unsigned n = 0; q->head && n < max_changes;) {
                PiRequest *r = q->head;

                n += !pi_request_is_ask(r);
                unlink_request(q, r);
                r->next = NULL;
                r->prev = last;
                *(last ? &last->next : &first) = r;
                last = r;
        }
        return first;
}

unsigned pi_queue_put_back(PiQueue *q, PiRequest *first) {
        PiRequest *r = first;

        /* From the last on: then what is in the queue is newer. */
        while (r && r->next)
                r = r->next;
        while (r) {
                PiRequest *before = r->prev, *newer = newest_of(q, r);

                if (newer && replaces(newer, r))
                        pi_request_free(r);
                else {
                        insert(q, NULL, r);
                        if (!newer)
                                set_newest(q, r);
                }
                r = before;
        }
        return give_up_surplus(q);
}

/* Of the jobs put before a request, those it asks for, the newest first. */
static GPtrArray *jobs_before(const PiRequest *ask) {
        GPtrArray *found = pi_job_records_new();

        for (const PiRequest *r = ask->prev; r && found->len < ask->limit; r = r->prev)
                if (ask->kind == PI_REQUEST_LIST_JOBS
                            ? pi_request_ends_job(r)
                            : r->kind == PI_REQUEST_PUT_JOB && r->id == ask->id)
                        g_ptr_array_add(found, pi_job_record_copy(r->job));
        return found;
}

PiRequest *pi_queue_take_waiting(PiQueue *q, const GError *error) {
        PiRequest *first = NULL, **end = &first;

        for (PiRequest *r = q->head, *next; r && q->waiting > 0; r = next) {
                next = r->next;
                if (pi_request_is_ask(r)) {
                        if (r->kind == PI_REQUEST_LIST_JOBS || r->kind == PI_REQUEST_FIND_JOB)
                                r->newer = jobs_before(r);
                        unlink_request(q, r);
                } else if (r->done) {
                        count(q, r, -1);
                        *end = pi_request_split_answer(r, error);
                        count(q, r, 1);
                        end = &(*end)->next;
                        continue;
                } else
                        continue;
                r->next = NULL;
                *end = r;
                end = &r->next;
        }
        return first;
}

bool pi_queue_has_waiting(const PiQueue *q) {
        return q->waiting > 0;
}

const PiRequest *pi_queue_first(const PiQueue *q) {
        return q->head;
}

bool pi_queue_has_urgent(const PiQueue *q) {
        return q->urgent > 0;
}

unsigned pi_queue_changes(const PiQueue *q) {
        return q->changes;
}
