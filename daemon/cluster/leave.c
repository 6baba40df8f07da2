/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/leave.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/roster-variant.h"
#include "dbus/error.h"
#include "dbus/options.h"

/* A node that has just joined is not connected yet, and nobody would hear that it leaves: it waits
 * for the first link so long, and looks so often. */
#define FIRST_LINK_USEC (3 * G_USEC_PER_SEC)
#define LOOK_MSEC 20

struct PiLeave {
        PiCluster *cluster; /* NULL: given up, or over */
        PiPromise *promise;
        guint to_tell;  /* calls that are out, each with a reference; and one for the leave */
        guint deadline; /* source id */
        gint64 begun_usec; /* monotonic */
};

static void leave_unref(PiLeave *leave) {
        if (--leave->to_tell == 0)
                g_free(leave);
}

static void on_forgotten(const GError *error, gpointer userdata) {
        pi_promise_answer(userdata, NULL, error ? g_error_copy(error) : NULL);
}

/* Whoever does not know yet hears it from those who do. */
static void go(PiLeave *leave) {
        PiCluster *c = leave->cluster;

        leave->cluster = NULL;
        c->leave = NULL;
        g_clear_handle_id(&leave->deadline, g_source_remove);
        pi_cluster_forget(c, on_forgotten, leave->promise);
        leave_unref(leave);
}

static gboolean on_deadline(gpointer userdata) {
        PiLeave *leave = userdata;

        leave->deadline = 0;
        go(leave);
        return G_SOURCE_REMOVE;
}

static void on_told(GVariant *result, const GError *error, gpointer userdata) {
        PiLeave *leave = userdata;

        /* The last call; what is left is the reference of the leave itself. */
        if (leave->cluster && leave->to_tell == 2 && leave->deadline != 0) {
                g_clear_handle_id(&leave->deadline, g_source_remove);
                leave->deadline = g_idle_add_full(G_PRIORITY_DEFAULT, on_deadline, leave, NULL);
        }
        leave_unref(leave);
}

static void tell_all(PiLeave *leave) {
        PiCluster *c = leave->cluster;
        g_autoptr(PiRoster) news = pi_roster_of_one(c->roster, c->identity->fingerprint);
        g_autoptr(GVariant) argument = NULL;
        GHashTableIter iter;
        GVariantDict d;
        PiMember *m;

        g_variant_dict_init(&d, NULL);
        pi_roster_to_dict(news, FALSE, &d);
        g_variant_dict_insert(&d, "complete", "b", FALSE);
        argument = g_variant_ref_sink(g_variant_dict_end(&d));
        g_hash_table_iter_init(&iter, c->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->current) {
                        leave->to_tell++;
                        pi_link_call(m->current->link, "Members", argument, PI_LEAVE_USEC, on_told,
                                     leave);
                }
}

static bool is_waiting_for_links(const PiLeave *leave) {
        GHashTableIter iter;
        PiMember *m;

        if (g_get_monotonic_time() - leave->begun_usec >= FIRST_LINK_USEC)
                return false;
        g_hash_table_iter_init(&iter, leave->cluster->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->state == PI_MEMBER_CONNECTING)
                        return true;
        return false;
}

static gboolean tell_when_connected(gpointer userdata) {
        PiLeave *leave = userdata;

        tell_all(leave);
        if (leave->to_tell == 1 && is_waiting_for_links(leave))
                return G_SOURCE_CONTINUE;
        leave->deadline = g_timeout_add(leave->to_tell > 1 ? PI_LEAVE_USEC / 1000 : 0, on_deadline,
                                        leave);
        return G_SOURCE_REMOVE;
}

static GError *not_in_cluster(void) {
        return g_error_new_literal(PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                   "This node is in no cluster");
}

void pi_cluster_leave(PiCluster *c, PiClusterDone done, gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        PiLeave *leave;

        if (!c->roster || c->join || c->leave || !pi_cluster_self(c)) {
                pi_promise_answer(promise, NULL, not_in_cluster());
                return;
        }
        /* Should the numbers be used up, the others have to remove it. */
        (void) pi_roster_remove(c->roster, c->identity->fingerprint, NULL);
        leave = g_new0(PiLeave, 1);
        *leave = (PiLeave) { .cluster = c, .promise = promise, .to_tell = 1,
                             .begun_usec = g_get_monotonic_time() };
        c->leave = leave;
        if (tell_when_connected(leave))
                leave->deadline = g_timeout_add(LOOK_MSEC, tell_when_connected, leave);
}

void pi_leave_cancel(PiCluster *c) {
        PiLeave *leave = g_steal_pointer(&c->leave);

        if (!leave)
                return;
        leave->cluster = NULL;
        g_clear_handle_id(&leave->deadline, g_source_remove);
        leave_unref(leave);
}

static GError *no_such_node(const char *id_or_name, guint n) {
        g_autofree char *shown = pi_option_shown(id_or_name);

        if (n > 1)
                return g_error_new(PI_ERROR, PI_ERROR_NO_SUCH_NODE,
                                   "%u members are called \"%s\": give the id of one, which "
                                   "\"pictl nodes\" shows", n, shown);
        return g_error_new(PI_ERROR, PI_ERROR_NO_SUCH_NODE,
                           "There is no other member \"%s\": \"pictl nodes\" lists them", shown);
}

static void on_removed(const GError *error, gpointer userdata) {
        pi_promise_answer(userdata, NULL, error ? g_error_copy(error) : NULL);
}

static PiMember *find_to_remove(PiCluster *c, const char *id_or_name, GError **error) {
        PiMember *m;
        guint n;

        if (!c->roster || c->leave) {
                g_propagate_error(error, not_in_cluster());
                return NULL;
        }
        m = pi_cluster_member_by_id_or_name(c, id_or_name, &n);
        if (m)
                return m;
        if (n == 0 && (g_str_equal(id_or_name, c->name) ||
                       g_str_equal(id_or_name, c->identity->node_id)))
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "This is the node itself: have it leave with \"pictl cluster "
                                    "leave\"");
        else
                g_propagate_error(error, no_such_node(id_or_name, n));
        return NULL;
}

void pi_cluster_remove(PiCluster *c, const char *id_or_name, PiClusterDone done,
                       gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        g_autoptr(PiRoster) news = NULL;
        GError *error = NULL;
        PiMember *m = find_to_remove(c, id_or_name, &error);

        if (!m || !pi_roster_remove(c->roster, m->fingerprint, &error)) {
                pi_promise_answer(promise, NULL, error);
                return;
        }
        news = pi_roster_of_one(c->roster, m->fingerprint);
        pi_cluster_save(c, on_removed, promise);
        pi_cluster_follow(c, news, NULL);
}

gboolean pi_cluster_restore(PiCluster *c, const char *id_or_name, GError **error) {
        PiMember *m;
        guint n = 0;

        m = c->roster ? pi_cluster_member_by_id_or_name(c, id_or_name, &n) : NULL;
        if (!m) {
                g_propagate_error(error, no_such_node(id_or_name, n));
                return FALSE;
        }
        g_clear_pointer(&pi_roster_find_member(c->roster, m->fingerprint)->quarantine, g_free);
        pi_member_set_quarantine(m, NULL);
        pi_cluster_save(c, NULL, NULL);
        return TRUE;
}
