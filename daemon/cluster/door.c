/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/door.h"

#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/join.h"
#include "dbus/error.h"

static guint count(const PiCluster *c, PiContactKind kind) {
        guint n = 0;

        for (guint i = 0; i < c->contacts->len; i++)
                n += ((const PiContact *) g_ptr_array_index(c->contacts, i))->kind == kind;
        return n;
}

static PiContactKind judge_for_cluster(PiCluster *c, const char *fingerprint) {
        const PiRosterEntry *entry = pi_roster_find(c->roster, fingerprint);

        if (entry && !entry->removed)
                return PI_CONTACT_MEMBER;
        if (entry)
                return count(c, PI_CONTACT_REMOVED) < PI_DOOR_REMOVED_MAX ? PI_CONTACT_REMOVED
                                                                          : PI_CONTACT_REFUSED;
        if (pi_tokens_n_live(c->tokens, pi_cluster_now(c)) > 0 &&
            count(c, PI_CONTACT_STRANGER) < PI_DOOR_STRANGERS_MAX)
                return PI_CONTACT_STRANGER;
        return PI_CONTACT_REFUSED;
}

PiContactKind pi_door_judge(PiCluster *c, const char *fingerprint) {
        if (g_str_equal(fingerprint, c->identity->fingerprint))
                return PI_CONTACT_REFUSED;
        if (c->roster)
                return judge_for_cluster(c, fingerprint);
        return c->join && pi_join_is_host(c->join, fingerprint) ? PI_CONTACT_HOST
                                                                : PI_CONTACT_REFUSED;
}

static gboolean same_host(const char *a, const char *b) {
        const char *x = strrchr(a, ':'), *y = strrchr(b, ':');

        return x && y && x - a == y - b && strncmp(a, b, (gsize) (x - a)) == 0;
}

static gboolean is_from_member(const PiCluster *c, const char *address) {
        GHashTableIter iter;
        PiMember *m;

        g_hash_table_iter_init(&iter, c->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m)) {
                if (m->current && same_host(address, pi_link_remote_address(m->current->link)))
                        return TRUE;
                for (char **a = m->addresses; *a; a++)
                        if (same_host(address, *a))
                                return TRUE;
        }
        return FALSE;
}

static void on_up(PiContact *contact, gpointer userdata) {
        PiCluster *c = userdata;
        PiMember *m = NULL;

        (void) pi_strangers_remove(c->strangers, contact);
        if (contact->kind == PI_CONTACT_MEMBER)
                m = g_hash_table_lookup(c->members, pi_link_fingerprint(contact->link));
        if (m)
                pi_member_take(m, contact);
        else
                pi_contact_set_deadline(contact, PI_DOOR_USEC);
}

static void on_down(PiContact *contact, const GError *why, gpointer userdata) {
        PiCluster *c = userdata;
        const char *fingerprint = pi_link_fingerprint(contact->link);
        g_autoptr(GError) refused = NULL;

        (void) pi_strangers_remove(c->strangers, contact);
        if (contact->kind != PI_CONTACT_REFUSED)
                return;
        if (g_str_equal(fingerprint, c->identity->fingerprint))
                pi_cluster_duplicate(c, NULL, pi_link_remote_address(contact->link));
        else if (fingerprint[0])
                refused = g_error_new(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                      "Node %.*s is no member, and there is no join token that it "
                                      "might use", PI_CLUSTER_NODE_ID_LENGTH, fingerprint);
        /* A member gives a connection up when another one is ready before it. */
        else if (!is_from_member(c, pi_link_remote_address(contact->link)))
                refused = g_error_copy(why);
        if (refused)
                pi_cluster_refused(c, pi_link_remote_address(contact->link), refused);
}

static const PiContactOwner owner = { on_up, on_down };

void pi_door_accept(int fd, gpointer userdata) {
        PiCluster *c = userdata;
        PiContact *contact = pi_contact_new(c, fd, NULL, PI_CONTACT_REFUSED, &owner, c);
        const char *address = pi_link_remote_address(contact->link);

        if (is_from_member(c, address))
                pi_strangers_add_near(c->strangers, contact, address);
        else
                pi_strangers_add(c->strangers, contact, address);
}

void pi_door_take(PiContact *contact) {
        pi_contact_give(contact, &owner, contact->cluster);
        pi_contact_set_deadline(contact, PI_DOOR_USEC);
}

void pi_door_hand_over(PiMember *m) {
        g_autoptr(GPtrArray) contacts = g_ptr_array_copy(m->cluster->contacts, NULL, NULL);

        for (guint i = 0; i < contacts->len; i++) {
                PiContact *contact = g_ptr_array_index(contacts, i);

                if (contact->owner == &owner && contact->kind == PI_CONTACT_MEMBER &&
                    pi_link_is_up(contact->link) &&
                    g_str_equal(pi_link_fingerprint(contact->link), m->fingerprint))
                        pi_member_take(m, contact);
        }
}
