/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/guest.h"
#include "daemon/jobs/peers.h"
#include "tests/unit/jobs/node.h"

/* A node with members, and no network: their leases are run by other PiJobs of this process. */

#define MEMBERS_MAX 3
#define ENDLESS UINT64_C(1000000000000)

typedef enum Mood {
        MOOD_GOOD,
        MOOD_GONE,  /* not in the list */
        MOOD_LIAR,  /* a bit of each second sum is wrong */
        MOOD_LOSER, /* answers with an error */
        MOOD_MUTE,  /* never answers, unless called off */
} Mood;

typedef struct Cluster Cluster;

typedef struct Member {
        Cluster *cluster;
        const char *id;
        Mood mood;
        uint32_t cpus;
        PiPool *pool;
        PiJobs *jobs;
        unsigned orders, out, out_most, verified, wrong;
} Member;

typedef struct Call {
        Member *member;
        PiGuest *guest;
        uint64_t number;
        PiLeaseAnswered answered;
        gpointer userdata;
} Call;

struct Cluster {
        Node node;
        PiPeers peers;
        Member member[MEMBERS_MAX];
        GQueue calls;
        uint64_t numbers;
};

static inline guint list(PiPeer *ret, gpointer userdata) {
        Cluster *c = userdata;
        guint n = 0;

        for (guint i = 0; i < MEMBERS_MAX; i++)
                if (c->member[i].jobs && c->member[i].mood != MOOD_GONE &&
                    c->member[i].wrong == 0)
                        ret[n++] = (PiPeer) { .id = c->member[i].id,
                                              .name = c->member[i].id,
                                              .cpus = c->member[i].cpus,
                                              .terms_per_second = 1e9 };
        return n;
}

static inline Member *member_of(Cluster *c, const char *id) {
        for (guint i = 0; i < MEMBERS_MAX; i++)
                if (c->member[i].jobs && g_str_equal(c->member[i].id, id))
                        return &c->member[i];
        return NULL;
}

static inline gboolean find(const char *id, const char **ret_id, gpointer userdata) {
        Member *m = member_of(userdata, id);

        if (m)
                *ret_id = m->id;
        return m != NULL;
}

static inline void end_call(Call *call, const PiLeaseAnswer *answer, const GError *error) {
        call->member->out--;
        g_queue_remove(&call->member->cluster->calls, call);
        call->answered(answer, error, call->userdata);
        g_free(call);
}

static inline gboolean lose(gpointer userdata) {
        g_autoptr(GError) error = g_error_new(PI_ERROR, PI_ERROR_NODE_LOST, "gone");

        end_call(userdata, NULL, error);
        return G_SOURCE_REMOVE;
}

static inline void guest_answered(const PiLeaseAnswer *answer, const GError *error,
                                  gpointer userdata) {
        Call *call = userdata;
        PiLeaseAnswer lie;

        if (!answer || call->member->mood != MOOD_LIAR) {
                end_call(call, answer, error);
                return;
        }
        lie = *answer;
        for (uint32_t i = 0; i < lie.n_leases; i += 2)
                lie.sum[i].limb[1] ^= UINT64_C(1) << 40;
        end_call(call, &lie, NULL);
}

static inline uint64_t run(const char *id, const PiLeaseOrder *order, PiLeaseAnswered answered,
                           gpointer answered_userdata, gpointer userdata) {
        Cluster *c = userdata;
        Member *m = member_of(c, id);
        Call *call = g_new0(Call, 1);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(m->mood, !=, MOOD_GONE);
        g_assert_cmpuint(order->n_leases, >=, 1);
        *call = (Call) { m, NULL, ++c->numbers, answered, answered_userdata };
        g_queue_push_tail(&c->calls, call);
        m->orders++;
        m->out++;
        m->out_most = MAX(m->out_most, m->out);
        if (m->mood == MOOD_LOSER)
                g_idle_add(lose, call);
        else if (m->mood != MOOD_MUTE) {
                call->guest = pi_guest_run(m->jobs, "coordinator", order, guest_answered, call,
                                           &error);
                g_assert_no_error(error);
        }
        return call->number;
}

static inline void cancel(const char *id, uint64_t number, gpointer userdata) {
        Cluster *c = userdata;

        for (GList *l = c->calls.head; l; l = l->next) {
                Call *call = l->data;

                if (call->number != number)
                        continue;
                if (call->guest)
                        pi_guest_cancel(call->guest);
                else
                        g_idle_add(lose, call);
                return;
        }
}

static inline void verified(const char *id, uint32_t leases, gpointer userdata) {
        member_of(userdata, id)->verified += leases;
}

static inline void wrong(const char *id, const PiLeaseOrder *order, uint32_t lease,
                         gpointer userdata) {
        g_assert_cmpuint(lease, >=, order->first_lease);
        g_assert_cmpuint(lease, <, order->first_lease + order->n_leases);
        member_of(userdata, id)->wrong++;
}

static inline void cluster_start_with(Cluster *c, guint members, uint32_t workers) {
        static const char *const ids[] = { "a", "b", "c" };
        static const uint32_t cpus[] = { 70, 71 };
        static const PiNode self = { .id = "m", .name = "m", .kernel = &pi_kernel_generic };

        *c = (Cluster) {};
        node_start(&c->node, workers);
        for (guint i = 0; i < members; i++) {
                Member *m = &c->member[i];

                *m = (Member) { .cluster = c, .id = ids[i], .cpus = 2 };
                m->pool = pi_pool_new_on(cpus, 2, NULL);
                m->jobs = pi_jobs_new(m->pool, &self, pi_settings_new());
        }
        c->peers = (PiPeers) { .list = list, .find = find, .run = run, .cancel = cancel,
                               .verified = verified, .wrong = wrong, .userdata = c };
        pi_jobs_set_peers(c->node.jobs, &c->peers);
}

static inline void cluster_start(Cluster *c, guint members) {
        cluster_start_with(c, members, 2);
}

/* Until a lease of the member was verified. */
static inline void cluster_wait_for(const Cluster *c, guint member) {
        while (c->member[member].verified == 0)
                g_main_context_iteration(NULL, TRUE);
}

static inline void cluster_stop(Cluster *c) {
        node_wait(&c->node);
        while (c->calls.length > 0)
                g_main_context_iteration(NULL, TRUE);
        node_stop(&c->node);
        for (guint i = 0; i < MEMBERS_MAX; i++) {
                if (!c->member[i].jobs)
                        continue;
                g_assert_cmpuint(pi_jobs_n_running(c->member[i].jobs), ==, 0);
                pi_jobs_free(c->member[i].jobs);
                pi_pool_free(c->member[i].pool);
        }
}

/* With a job that would go on. */
static inline void cluster_stop_in(Cluster *c, PiJob *job) {
        pi_jobs_end(c->node.jobs, job, node_reason("enough"));
        cluster_stop(c);
}
