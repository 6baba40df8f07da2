/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases that other members run for this node's jobs. */
#include "daemon/jobs/peers.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/figures.h"
#include "daemon/cluster/lease-call.h"
#include "dbus/error.h"

#define RUN_USEC (120 * G_USEC_PER_SEC)
#define CANCEL_USEC (10 * G_USEC_PER_SEC)

typedef struct Run {
        PiCluster *cluster;
        char id[PI_CLUSTER_NODE_ID_LENGTH + 1];
        uint64_t number;
        PiLeaseOrder order;
        PiLeaseAnswered answered;
        gpointer userdata;
        guint idle; /* source id, when it was not even sent */
} Run;

static void on_ignored(GVariant *result, const GError *error, gpointer userdata) {
}

static void call_off(PiCluster *c, const char *id, uint64_t number) {
        PiMember *m = pi_cluster_member_by_id(c, id);
        GVariantDict d;

        if (!m || !m->current)
                return;
        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "number", "t", number);
        pi_link_call(m->current->link, "CancelLease", g_variant_dict_end(&d), CANCEL_USEC,
                     on_ignored, NULL);
}

/* Ends the run; who is told may ask for another at once. */
static void tell(Run *run, const PiLeaseAnswer *answer, const GError *error) {
        g_autofree Run *ended = run;

        g_ptr_array_remove_fast(run->cluster->runs, run);
        g_clear_handle_id(&run->idle, g_source_remove);
        ended->answered(answer, error, ended->userdata);
}

static void tell_lost(Run *run, const char *why) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_NODE_LOST, why);

        tell(run, NULL, error);
}

static void on_answered(GVariant *result, const GError *error, gpointer userdata) {
        Run *run = userdata;
        PiCluster *c = run->cluster;
        PiMember *m = pi_cluster_member_by_id(c, run->id);
        g_autoptr(GError) why = NULL;
        g_autofree char *text = NULL;
        PiLeaseAnswer answer;

        if (result && pi_lease_answer_from_variant(result, &run->order, &answer, &why)) {
                tell(run, &answer, NULL);
                return;
        }
        if (m && (result || error->code == PI_ERROR_NODE_LOST ||
                  error->code == PI_ERROR_SHUTTING_DOWN ||
                  error->code == PI_ERROR_DEADLINE_EXCEEDED))
                m->leases_lost += run->order.n_leases;
        if (error) {
                if (error->code == PI_ERROR_DEADLINE_EXCEEDED)
                        call_off(c, run->id, run->number);
                tell(run, NULL, error);
                return;
        }
        text = g_strdup_printf("it answered an order with nonsense: %s", why->message);
        if (m)
                pi_member_cut(m, text);
        tell_lost(run, text);
}

static gboolean on_idle(gpointer userdata) {
        Run *run = userdata;

        run->idle = 0;
        tell_lost(run, "The member is not connected");
        return G_SOURCE_REMOVE;
}

static uint64_t run_leases(const char *id, const PiLeaseOrder *order, PiLeaseAnswered answered,
                           gpointer answered_userdata, gpointer userdata) {
        PiCluster *c = userdata;
        PiMember *m = pi_cluster_member_by_id(c, id);
        Run *run = g_new(Run, 1);

        *run = (Run) { .cluster = c, .number = ++c->last_number, .order = *order,
                       .answered = answered, .userdata = answered_userdata };
        g_strlcpy(run->id, id, sizeof(run->id));
        g_ptr_array_add(c->runs, run);
        if (m && pi_member_is_usable(m))
                pi_link_call(m->current->link, "RunLease",
                             pi_lease_order_to_variant(order, run->number), RUN_USEC, on_answered,
                             run);
        else
                run->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, run, NULL);
        return run->number;
}

static void cancel(const char *id, uint64_t number, gpointer userdata) {
        call_off(userdata, id, number);
}

static guint list(PiPeer *ret, gpointer userdata) {
        PiCluster *c = userdata;
        GHashTableIter iter;
        PiMember *m;
        guint n = 0;

        g_hash_table_iter_init(&iter, c->members);
        while (n < PI_PEERS_MAX && g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (pi_member_is_usable(m))
                        ret[n++] = (PiPeer) {
                                .id = m->id,
                                .name = m->name,
                                .cpus = m->facts.cpus,
                                .terms_per_second = m->facts.terms_per_second,
                                .round_trip_usec = pi_link_round_trip_usec(m->current->link),
                        };
        return n;
}

static gboolean find(const char *id_or_name, const char **ret_id, gpointer userdata) {
        const PiMember *m = pi_cluster_member_by_id_or_name(userdata, id_or_name, NULL);

        if (!m)
                return FALSE;
        *ret_id = m->id;
        return TRUE;
}

static guint members(PiMetricsNode *ret, guint max, gpointer userdata) {
        pi_figures_looked_at(userdata);
        return pi_cluster_describe(userdata, ret, max);
}

static void verified(const char *id, uint32_t leases, gpointer userdata) {
        PiMember *m = pi_cluster_member_by_id(userdata, id);

        if (m)
                m->leases_verified += leases;
}

static void wrong(const char *id, const PiLeaseOrder *order, uint32_t lease, gpointer userdata) {
        PiCluster *c = userdata;
        PiMember *m = pi_cluster_member_by_id(c, id);
        PiRosterEntry *entry;

        if (!m)
                return;
        m->leases_failed++;
        if (m->quarantine)
                return;
        entry = pi_roster_find_member(c->roster, m->fingerprint);
        entry->quarantine = g_strdup_printf("its sum of lease %u of job %" G_GUINT64_FORMAT " (%"
                                            G_GUINT64_FORMAT " terms) was wrong", lease, order->job,
                                            order->terms);
        pi_member_set_quarantine(m, entry->quarantine);
        pi_cluster_save(c, NULL, NULL);
}

void pi_peers_init(PiCluster *c) {
        c->peers = (PiPeers) { .list = list, .find = find, .members = members,
                               .run = run_leases, .cancel = cancel, .verified = verified,
                               .wrong = wrong, .userdata = c };
}

void pi_peers_end(PiCluster *c) {
        while (c->runs->len > 0)
                tell_lost(g_ptr_array_index(c->runs, 0), "The service is being stopped");
}

const PiPeers *pi_cluster_peers(PiCluster *c) {
        return &c->peers;
}
