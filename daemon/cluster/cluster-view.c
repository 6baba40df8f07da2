/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others may see of the cluster. */
#include <string.h>

#include "daemon/cluster/cluster-private.h"

const char *pi_cluster_id(const PiCluster *c) {
        return c->roster ? c->roster->id : "";
}

guint pi_cluster_n_members(const PiCluster *c) {
        return c->roster ? g_hash_table_size(c->members) + 1 : 0;
}

static void view_self(const PiCluster *c, PiMemberView *ret) {
        static const char *const none[] = { NULL };
        const PiRosterEntry *self = pi_cluster_self(c);

        *ret = (PiMemberView) {
                .id = c->identity->node_id,
                .name = c->name,
                .fingerprint = c->identity->fingerprint,
                .addresses = self ? (const char *const *) self->addresses : none,
                .state = PI_MEMBER_SELF,
                .why = "",
                .version = c->edition.version,
                .cpus = pi_jobs_cpus(c->jobs),
                .terms_per_second = pi_jobs_terms_per_second(c->jobs),
                .last_seen_usec = (uint64_t) g_get_real_time(),
                .outbound_only = c->port == 0,
                .remote_address = "",
                .port = c->port,
        };
}

static int by_name(gconstpointer a, gconstpointer b) {
        const PiMember *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : strcmp(x->id, y->id);
}

void pi_cluster_member(const PiCluster *c, guint index, PiMemberView *ret) {
        g_autoptr(GList) members = NULL;

        if (index == 0) {
                view_self(c, ret);
                return;
        }
        g_return_if_fail(index < pi_cluster_n_members(c));
        members = g_list_sort(g_hash_table_get_values(c->members), by_name);
        pi_member_view(g_list_nth_data(members, index - 1), ret);
}

static PiMetricsNode node_of(const PiMemberView *view) {
        return (PiMetricsNode) {
                .is_self = view->state == PI_MEMBER_SELF,
                .id = view->id,
                .name = view->name,
                .state = pi_member_state_to_string(view->state),
                .cpus = view->cpus,
                .terms_per_second = view->terms_per_second,
                .leases_verified = view->leases_verified,
                .leases_failed = view->leases_failed,
                .leases_lost = view->leases_lost,
                .leases_served = view->leases_served,
                .round_trip_usec = view->round_trip_usec,
                .last_seen_usec = view->last_seen_usec,
        };
}

guint pi_cluster_describe(const PiCluster *c, PiMetricsNode *ret, guint max) {
        g_autoptr(GList) members = NULL;
        PiMemberView view;
        guint n = 0;

        if (!c->roster)
                return 0;
        view_self(c, &view);
        ret[n++] = node_of(&view);
        members = g_list_sort(g_hash_table_get_values(c->members), by_name);
        for (const GList *l = members; l && n < max; l = l->next) {
                const PiMember *m = l->data;

                pi_member_view(m, &view);
                ret[n] = node_of(&view);
                if (m->current)
                        ret[n].usage = m->current->usage;
                n++;
        }
        return n;
}

PiMember *pi_cluster_member_by_id(const PiCluster *c, const char *id) {
        GHashTableIter iter;
        PiMember *m;

        g_hash_table_iter_init(&iter, c->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (g_str_equal(m->id, id))
                        return m;
        return NULL;
}

PiMember *pi_cluster_member_by_id_or_name(const PiCluster *c, const char *id_or_name,
                                          guint *ret_n) {
        PiMember *m = pi_cluster_member_by_id(c, id_or_name), *found = NULL;
        GHashTableIter iter;
        guint n = 0;

        if (!m) {
                g_hash_table_iter_init(&iter, c->members);
                while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                        if (g_str_equal(m->name, id_or_name)) {
                                found = m;
                                n++;
                        }
                m = n == 1 ? found : NULL;
        } else
                n = 1;
        if (ret_n)
                *ret_n = n;
        return m;
}

gboolean pi_cluster_find(const PiCluster *c, const char *id_or_name, PiMemberView *ret) {
        const PiMember *m;

        if (!c->roster)
                return FALSE;
        m = pi_cluster_member_by_id_or_name(c, id_or_name, NULL);
        if (m)
                pi_member_view(m, ret);
        else if (g_str_equal(id_or_name, c->identity->node_id) || g_str_equal(id_or_name, c->name))
                view_self(c, ret);
        else
                return FALSE;
        return TRUE;
}
