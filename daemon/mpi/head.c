/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/head.h"

#include "daemon/mpi/rank.h"
#include "daemon/series/expected.h"
#include "dbus/error.h"

#define CHUNKS_PER_RANK 32
#define CHUNK_TERMS_MIN (UINT64_C(1) << 20)
#define CHUNK_TERMS_MAX (UINT64_C(1) << 44)

/* Who takes so many times what the terms take on average, and then some, is not waited for. */
#define LATE_FACTOR 3
#define LATE_USEC 5000000

#define PROGRESS_USEC 1000000

typedef struct Grant {
        PiRange range;
        uint64_t since_usec;
        gboolean needless; /* somebody else was first */
} Grant;

typedef struct Member {
        char host[PI_HOST_BYTES];
        uint32_t threads; /* 0: not here yet */
        gboolean unfit;   /* it is given nothing more */
        guint n_out;
        Grant out[PI_GRANTS_OUT];
} Member;

struct PiHead {
        PiWorld *world;
        const PiKernel *kernel;
        uint64_t chunk;
        PiHeadTell tell;
        gpointer userdata;
        Member *member;
        uint32_t n_ready;
        GArray *todo; /* PiRange, the next one last */
        guint n_orders;
        uint64_t ordered, told; /* terms */
        uint64_t chunks;
        uint64_t rank_usec; /* of all chunks told */
        uint64_t progress_usec; /* when it was told last */
};

PiHead *pi_head_new(PiWorld *world, const PiKernel *kernel, uint64_t chunk, PiHeadTell tell,
                    gpointer userdata) {
        PiHead *head = g_new0(PiHead, 1);

        head->world = world;
        head->kernel = kernel;
        head->chunk = chunk;
        head->tell = tell;
        head->userdata = userdata;
        head->member = g_new0(Member, world->size);
        head->todo = g_array_new(FALSE, FALSE, sizeof(PiRange));
        return head;
}

void pi_head_free(PiHead *head) {
        if (!head)
                return;
        g_array_unref(head->todo);
        g_free(head->member);
        g_free(head);
}

gboolean pi_head_order(PiHead *head, const GArray *ranges, GError **error) {
        uint64_t share;

        if (head->todo->len + ranges->len > PI_HEAD_RANGES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%u ranges wait already, and %u more are ordered: at most %d may wait",
                            head->todo->len, ranges->len, PI_HEAD_RANGES_MAX);
                return FALSE;
        }
        for (guint i = ranges->len; i > 0; i--) {
                PiRange range = g_array_index(ranges, PiRange, i - 1);

                g_array_append_val(head->todo, range);
                head->ordered += range.end - range.begin;
        }
        head->n_orders++;
        share = head->ordered / ((uint64_t) head->world->size * CHUNKS_PER_RANK);
        if (head->chunk == 0)
                head->chunk = CLAMP(share / PI_GROUP_TERMS * PI_GROUP_TERMS, CHUNK_TERMS_MIN,
                                    CHUNK_TERMS_MAX);
        return TRUE;
}

static void say_hello(PiHead *head) {
        uint32_t n = head->world->size;
        g_autofree char **hosts = g_new0(char *, n + 1);
        g_autofree uint32_t *threads = g_new0(uint32_t, n);
        const char *jobid = g_getenv("SLURM_JOB_ID");

        for (uint32_t i = 0; i < n; i++) {
                hosts[i] = head->member[i].host;
                threads[i] = head->member[i].threads;
        }
        head->tell(&(PiContractLine) { .kind = PI_CONTRACT_HELLO,
                                       .hello = { n, hosts, threads, PI_NUMERICS_VERSION,
                                                  (char *) head->kernel->name,
                                                  (char *) (jobid ? jobid : "") } },
                   head->userdata);
}

static gboolean is_same(PiRange a, PiRange b) {
        return a.begin == b.begin && a.end == b.end;
}

static gboolean is_held(const PiHead *head, PiRange range) {
        for (uint32_t i = 0; i < head->world->size; i++)
                for (guint k = 0; k < head->member[i].n_out; k++)
                        if (!head->member[i].out[k].needless &&
                            is_same(head->member[i].out[k].range, range))
                                return TRUE;
        return FALSE;
}

static gboolean take_grant(Member *member, PiRange range, Grant *ret) {
        for (guint k = 0; k < member->n_out; k++)
                if (is_same(member->out[k].range, range)) {
                        *ret = member->out[k];
                        member->out[k] = member->out[--member->n_out];
                        return TRUE;
                }
        return FALSE;
}

/* Nobody has it any more. */
static void give_back(PiHead *head, const Grant *grant) {
        if (!grant->needless && !is_held(head, grant->range))
                g_array_append_val(head->todo, grant->range);
}

static void dismiss(PiHead *head, Member *member) {
        member->unfit = TRUE;
        while (member->n_out > 0) {
                Grant grant = member->out[--member->n_out];

                give_back(head, &grant);
        }
}

static void tell_chunk(PiHead *head, uint32_t from, const PiMessage *m) {
        for (uint32_t i = 0; i < head->world->size; i++)
                for (guint k = 0; k < head->member[i].n_out; k++)
                        if (is_same(head->member[i].out[k].range, m->range))
                                head->member[i].out[k].needless = TRUE;
        head->told += m->range.end - m->range.begin;
        head->rank_usec += m->usec;
        head->chunks++;
        head->tell(&(PiContractLine) { .kind = PI_CONTRACT_CHUNK,
                                       .chunk = { m->range, m->sum, from, m->usec, m->cpu_usec } },
                   head->userdata);
}

static void receive_sum(PiHead *head, uint32_t from, const PiMessage *m) {
        Member *member = &head->member[from];
        const char *what = m->failed ? "its threads had a stretch wrong twice"
                                     : "its sum is not the expected one";
        Grant grant;

        if (!take_grant(member, m->range, &grant) || grant.needless)
                return;
        if (!m->failed && pi_verify(head->kernel, m->range, &m->sum, NULL)) {
                tell_chunk(head, from, m);
                return;
        }
        head->tell(&(PiContractLine) { .kind = PI_CONTRACT_FAULT,
                                       .fault = { from, member->host, m->range, (char *) what } },
                   head->userdata);
        give_back(head, &grant);
        dismiss(head, member);
}

void pi_head_receive(PiHead *head, uint32_t from, const PiMessage *m) {
        Member *member = &head->member[from];

        if (m->kind == PI_MESSAGE_READY && member->threads == 0) {
                g_strlcpy(member->host, m->host, sizeof(member->host));
                member->threads = MAX(m->threads, 1);
                if (++head->n_ready == head->world->size)
                        say_hello(head);
        } else if (m->kind == PI_MESSAGE_SUM)
                receive_sum(head, from, m);
        else if (m->kind == PI_MESSAGE_RETIRE)
                dismiss(head, member);
}

static void grant(PiHead *head, uint32_t to, PiRange range) {
        Member *member = &head->member[to];

        member->out[member->n_out++] = (Grant) { .range = range,
                                                 .since_usec = (uint64_t) g_get_monotonic_time() };
        head->world->send(head->world, to,
                          &(PiMessage) { .kind = PI_MESSAGE_GRANT, .range = range });
}

static PiRange cut_next(PiHead *head) {
        PiRange *last = &g_array_index(head->todo, PiRange, head->todo->len - 1), next = *last;

        if (next.end - next.begin > head->chunk) {
                next.end = next.begin + head->chunk;
                last->begin = next.end;
        } else
                g_array_set_size(head->todo, head->todo->len - 1);
        return next;
}

static gboolean is_late(const PiHead *head, const Grant *g, uint64_t now) {
        double mean = (double) head->rank_usec / (double) MAX(head->told, 1);
        double usec = LATE_FACTOR * PI_GRANTS_OUT * mean *
                      (double) (g->range.end - g->range.begin) + LATE_USEC;

        return head->told > 0 && (double) (now - g->since_usec) > usec;
}

/* Whether all who have a range are late with it. */
static gboolean is_neglected(const PiHead *head, PiRange range, uint64_t now) {
        for (uint32_t i = 0; i < head->world->size; i++)
                for (guint k = 0; k < head->member[i].n_out; k++)
                        if (is_same(head->member[i].out[k].range, range) &&
                            !is_late(head, &head->member[i].out[k], now))
                                return FALSE;
        return TRUE;
}

/* For a rank that has nothing to do, what no other one gets done. */
static gboolean find_late(const PiHead *head, PiRange *ret) {
        uint64_t now = (uint64_t) g_get_monotonic_time();

        for (uint32_t i = 0; i < head->world->size; i++)
                for (guint k = 0; k < head->member[i].n_out; k++) {
                        const Grant *g = &head->member[i].out[k];

                        if (!g->needless && is_late(head, g, now) &&
                            is_neglected(head, g->range, now)) {
                                *ret = g->range;
                                return TRUE;
                        }
                }
        return FALSE;
}

static void grant_late(PiHead *head) {
        PiRange late;

        for (uint32_t i = 0; i < head->world->size; i++) {
                if (head->member[i].unfit || head->member[i].n_out > 0)
                        continue;
                if (!find_late(head, &late))
                        return;
                grant(head, i, late);
        }
}

static void tell_progress(PiHead *head) {
        uint64_t now = (uint64_t) g_get_monotonic_time();
        uint32_t out = 0;

        if (now - head->progress_usec < PROGRESS_USEC)
                return;
        head->progress_usec = now;
        for (uint32_t i = 0; i < head->world->size; i++)
                out += head->member[i].n_out;
        head->tell(&(PiContractLine) { .kind = PI_CONTRACT_PROGRESS,
                                       .progress = { head->told, out } },
                   head->userdata);
}

void pi_head_step(PiHead *head) {
        if (head->n_ready < head->world->size)
                return;
        /* Everybody gets a first one before anybody gets a second. */
        for (guint turn = 1; turn <= PI_GRANTS_OUT; turn++)
                for (uint32_t i = 0; i < head->world->size && head->todo->len > 0; i++)
                        if (!head->member[i].unfit && head->member[i].n_out < turn)
                                grant(head, i, cut_next(head));
        if (head->todo->len == 0)
                grant_late(head);
        tell_progress(head);
}

gboolean pi_head_is_complete(const PiHead *head) {
        return head->n_orders > 0 && head->n_ready == head->world->size &&
               head->told == head->ordered;
}

gboolean pi_head_is_stuck(const PiHead *head) {
        for (uint32_t i = 0; i < head->world->size; i++)
                if (!head->member[i].unfit)
                        return FALSE;
        return TRUE;
}

void pi_head_end(PiHead *head, const char *what) {
        head->tell(&(PiContractLine) { .kind = PI_CONTRACT_END,
                                       .end = { what == NULL, head->chunks, head->told,
                                                (char *) (what ? what : "") } },
                   head->userdata);
        for (uint32_t i = 0; i < head->world->size; i++)
                head->world->send(head->world, i, &(PiMessage) { .kind = PI_MESSAGE_STOP });
}
