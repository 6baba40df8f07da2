/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/identify.h"

#include "daemon/cluster/cluster-private.h"
#include "dbus/error.h"

GVariant *pi_identify_answer(PiCluster *c) {
        const PiRosterEntry *self = pi_cluster_self(c);
        g_autofree char *digest = c->roster ? pi_roster_digest(c->roster) : NULL;
        PiIntroduction in = {
                .edition = c->edition,
                .cpus = MAX(pi_jobs_cpus(c->jobs), 1),
                .terms_per_second = pi_jobs_terms_per_second(c->jobs),
                .clock_usec = pi_cluster_now(c),
                .port = c->port,
                .outbound_only = c->port == 0,
                .addresses = self ? self->addresses : NULL,
        };

        g_strlcpy(in.name, c->name, sizeof(in.name));
        g_strlcpy(in.cluster, c->roster ? c->roster->id : "", sizeof(in.cluster));
        g_strlcpy(in.instance, c->instance, sizeof(in.instance));
        g_strlcpy(in.roster, digest ?: "", sizeof(in.roster));
        g_strlcpy(in.kernel, pi_jobs_kernel(c->jobs), sizeof(in.kernel));
        return pi_introduction_to_variant(&in);
}

void pi_identify_serve(PiContact *contact, GVariant *argument, PiLinkCall *call) {
        g_autoptr(GError) error = NULL;
        const char *instance = "";
        PiFields f;

        pi_fields_init(&f, "Identify", argument);
        if (pi_fields_has(&f, "instance"))
                instance = pi_fields_hex(&f, "instance", PI_INSTANCE_LENGTH);
        if (!pi_fields_end(&f, &error))
                pi_link_call_fail(call, error);
        else if (pi_member_is_itself(contact, instance))
                pi_link_call_return(call, pi_identify_answer(contact->cluster));
        else if (!contact->held)
                contact->held = call;
        else {
                error = g_error_new_literal(PI_ERROR, PI_ERROR_QUEUE_FULL,
                                            "Identify: the call before is not yet answered");
                pi_link_call_fail(call, error);
        }
}

typedef struct Question {
        PiContact *contact;
        PiIdentified identified;
        gpointer userdata;
} Question;

static void on_answered(GVariant *result, const GError *error, gpointer userdata) {
        g_autofree Question *q = userdata;
        g_autofree PiIntroduction *facts = g_new0(PiIntroduction, 1);
        g_autoptr(GError) why = NULL;
        PiContact *contact = q->contact;

        if (!contact->owner)
                return;
        if (error || !pi_introduction_from_variant(result, facts, &why)) {
                q->identified(contact, error ?: why, q->userdata);
                return;
        }
        if (contact->facts) {
                pi_introduction_clear(contact->facts);
                g_free(contact->facts);
        }
        contact->facts = g_steal_pointer(&facts);
        q->identified(contact, NULL, q->userdata);
}

void pi_identify(PiContact *contact, guint64 deadline_usec, PiIdentified identified,
                 gpointer userdata) {
        Question *q = g_new(Question, 1);
        GVariantDict d;

        *q = (Question) { contact, identified, userdata };
        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "instance", "s", contact->cluster->instance);
        pi_link_call(contact->link, "Identify", g_variant_dict_end(&d), deadline_usec,
                     on_answered, q);
}
