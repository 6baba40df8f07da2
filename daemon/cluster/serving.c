/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/serving.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/lease-call.h"
#include "daemon/jobs/guest.h"
#include "dbus/error.h"

typedef struct Served {
        PiCluster *cluster; /* NULL: that is gone, so nothing is to be done but to free this */
        PiContact *contact; /* NULL: nobody waits */
        uint64_t number;    /* the caller's */
        char node[PI_CLUSTER_NODE_ID_LENGTH + 1];
        PiLinkCall *call;
        PiGuest *guest;
        gboolean cancelled;
} Served;

static void on_answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata) {
        g_autofree Served *s = userdata;
        g_autoptr(GError) why = NULL;
        PiMember *m;

        if (s->cluster)
                g_ptr_array_remove_fast(s->cluster->served, s);
        if (!answer) {
                /* Not called off by who asked, who may wait for it. */
                if (!s->contact)
                        why = g_error_new_literal(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                                  "This node has ended its part in the job");
                pi_link_call_fail(s->call, why ?: error);
                return;
        }
        m = s->cluster ? pi_cluster_member_by_id(s->cluster, s->node) : NULL;
        if (m && s->contact)
                m->leases_served += answer->n_leases;
        pi_link_call_return(s->call, pi_lease_answer_to_variant(answer));
}

/* It may be answered at once. */
static void cancel(Served *s) {
        if (s->cancelled)
                return;
        s->cancelled = TRUE;
        pi_guest_cancel(s->guest);
}

static Served *find(const PiContact *contact, uint64_t number) {
        for (guint i = 0; i < contact->cluster->served->len; i++) {
                Served *s = g_ptr_array_index(contact->cluster->served, i);

                if (s->contact == contact && s->number == number)
                        return s;
        }
        return NULL;
}

void pi_serving_run(PiContact *contact, GVariant *argument, PiLinkCall *call) {
        PiCluster *c = contact->cluster;
        g_autoptr(GError) error = NULL;
        g_autofree Served *s = NULL;
        PiLeaseOrder order;
        uint64_t number;

        if (!pi_lease_order_from_variant(argument, &order, &number, &error)) {
                pi_link_call_fail(call, error);
                return;
        }
        if (find(contact, number)) {
                error = g_error_new(PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "RunLease: number %" G_GUINT64_FORMAT " is in use", number);
                pi_link_call_fail(call, error);
                return;
        }
        s = g_new0(Served, 1);
        *s = (Served) { .cluster = c, .contact = contact, .number = number, .call = call };
        g_strlcpy(s->node, pi_link_fingerprint(contact->link), sizeof(s->node));
        s->guest = pi_guest_run(c->jobs, s->node, &order, on_answered, s, &error);
        if (s->guest)
                g_ptr_array_add(c->served, g_steal_pointer(&s));
        else
                pi_link_call_fail(call, error);
}

void pi_serving_cancel(PiContact *contact, GVariant *argument, PiLinkCall *call) {
        g_autoptr(GError) error = NULL;
        uint64_t number;
        PiFields f;
        Served *s;

        pi_fields_init(&f, "CancelLease", argument);
        number = pi_fields_u64(&f, "number", 0, UINT64_MAX);
        if (!pi_fields_end(&f, &error)) {
                pi_link_call_fail(call, error);
                return;
        }
        /* One that was answered meanwhile is no fault. */
        s = find(contact, number);
        if (s)
                cancel(s);
        pi_link_call_return(call, g_variant_new("a{sv}", NULL));
}

void pi_serving_forget(PiContact *contact) {
        GPtrArray *served = contact->cluster->served;
        g_autoptr(GPtrArray) its = g_ptr_array_new();

        for (guint i = 0; i < served->len; i++) {
                Served *s = g_ptr_array_index(served, i);

                if (s->contact == contact)
                        g_ptr_array_add(its, s);
        }
        for (guint i = 0; i < its->len; i++) {
                Served *s = g_ptr_array_index(its, i);

                s->contact = NULL;
                cancel(s);
        }
}

void pi_serving_end(PiCluster *c) {
        while (c->served->len > 0) {
                Served *s = g_ptr_array_steal_index_fast(c->served, 0);

                s->cluster = NULL;
                s->contact = NULL;
                cancel(s);
        }
}
