/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/gossip.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/roster-variant.h"
#include "dbus/error.h"

#define DEADLINE_USEC (10 * G_USEC_PER_SEC)

static GVariant *message(const PiRoster *roster, gboolean complete) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        pi_roster_to_dict(roster, FALSE, &d);
        g_variant_dict_insert(&d, "complete", "b", complete);
        return g_variant_dict_end(&d);
}

static PiRoster *read_message(GVariant *dict, gboolean *ret_complete, GError **error) {
        g_autoptr(PiRoster) roster = NULL;
        PiFields f;

        pi_fields_init(&f, "Members", dict);
        roster = pi_roster_from_fields(&f, FALSE);
        *ret_complete = !pi_fields_has(&f, "complete") || pi_fields_boolean(&f, "complete");
        return pi_fields_end(&f, error) ? g_steal_pointer(&roster) : NULL;
}

/* What did not arrive is noticed by the digests that members compare. */
static void on_pushed(GVariant *result, const GError *error, gpointer userdata) {
}

void pi_gossip_push(PiCluster *c, const PiRoster *news, const PiContact *from) {
        g_autoptr(GVariant) argument = g_variant_ref_sink(message(news, FALSE));
        GHashTableIter iter;
        PiMember *m;

        g_hash_table_iter_init(&iter, c->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->current && m->current != from &&
                    m->state != PI_MEMBER_INCOMPATIBLE)
                        pi_link_call(m->current->link, "Members", argument, DEADLINE_USEC,
                                     on_pushed, NULL);
}

static void on_exchanged(GVariant *result, const GError *error, gpointer userdata) {
        PiContact *contact = userdata;
        g_autoptr(PiRoster) roster = NULL;
        gboolean complete;

        if (!result || !contact->owner || !contact->cluster->roster)
                return;
        /* One that is no good is that member's fault, which is seen where it has to work. */
        roster = read_message(result, &complete, NULL);
        if (roster)
                (void) pi_cluster_absorb(contact->cluster, roster, contact, NULL);
}

void pi_gossip_exchange(PiMember *m) {
        pi_link_call(m->current->link, "Members", message(m->cluster->roster, TRUE),
                     DEADLINE_USEC, on_exchanged, m->current);
}

void pi_gossip_members(PiContact *contact, GVariant *argument, PiLinkCall *call) {
        PiCluster *c = contact->cluster;
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRoster) roster = NULL, nothing = NULL;
        gboolean complete;

        roster = read_message(argument, &complete, &error);
        if (!roster || !pi_cluster_absorb(c, roster, contact, &error)) {
                pi_link_call_fail(call, error);
                return;
        }
        nothing = pi_roster_new(c->roster->id);
        pi_link_call_return(call, message(complete ? c->roster : nothing, complete));
}

static void on_told(GVariant *result, const GError *error, gpointer userdata) {
        g_autoptr(GError) why =
                g_error_new_literal(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                    "The node was removed from the cluster: it may join again by a "
                                    "new token");

        pi_link_call_fail(userdata, why);
}

void pi_gossip_tell_removed(PiContact *contact, PiLinkCall *call) {
        g_autoptr(PiRoster) one = pi_roster_of_one(contact->cluster->roster,
                                                   pi_link_fingerprint(contact->link));

        pi_link_call(contact->link, "Members", message(one, FALSE), DEADLINE_USEC, on_told, call);
}
