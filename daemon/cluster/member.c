/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/member.h"

#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/figures.h"
#include "daemon/cluster/door.h"
#include "daemon/cluster/identify.h"
#include "dbus/error.h"

/* Links of one member that are not in use: more than two only a broken one makes. */
#define OTHERS_MAX 4

/* A link that was up for so long was no failure. */
#define STEADY_USEC (10 * G_USEC_PER_SEC)

/* What is under way on a link may end there after another has come into use. */
#define LINGER_USEC (3 * G_USEC_PER_SEC)

/* How long the link in use has to prove itself when the member seems to have started anew. */
#define RIVAL_USEC (1500 * 1000)
#define RIVALS_TOLD_USEC (600 * G_USEC_PER_SEC)

static void connect_soon(PiMember *m, guint64 usec);

static void set_state(PiMember *m, PiMemberState state, const char *why) {
        if (m->quarantine) {
                state = PI_MEMBER_QUARANTINED;
                why = m->quarantine;
        }
        if (m->state == state && g_str_equal(m->why, why))
                return;
        m->state = state;
        g_free(m->why);
        m->why = g_strdup(why);
        pi_cluster_member_changed(m->cluster, m);
}

static void set_up_state(PiMember *m) {
        g_autoptr(GError) error = NULL;

        if (pi_edition_check(&m->cluster->edition, m->cluster->name, &m->facts.edition, m->name,
                             &error))
                set_state(m, PI_MEMBER_UP, "");
        else
                set_state(m, PI_MEMBER_INCOMPATIBLE, error->message);
}

static void set_down_state(PiMember *m, const char *why) {
        /* Whoever hears that this node leaves lets go of it, and is not lost by that. */
        if (m->cluster->leave)
                return;
        set_state(m, m->last_seen_usec > 0 ? PI_MEMBER_LOST : PI_MEMBER_CONNECTING, why);
}

/* Doubled with each attempt, and different for each member, so that after a failure of the network
 * not all of them come at once. */
static guint64 retry_delay(guint attempts) {
        double usec = (double) (PI_MEMBER_RETRY_USEC_MIN << MIN(attempts, 5)) *
                      g_random_double_range(0.75, 1.25);

        return CLAMP((guint64) usec, (guint64) PI_MEMBER_RETRY_USEC_MIN,
                     (guint64) PI_MEMBER_RETRY_USEC_MAX);
}

static void failed(PiMember *m, const char *why) {
        set_down_state(m, why);
        connect_soon(m, retry_delay(m->attempts));
        m->attempts++;
}

static void on_arrived(PiContact *contact, const GError *error, gpointer userdata) {
        PiMember *m = userdata;

        m->approach = NULL;
        if (error)
                failed(m, error->message);
        else
                pi_member_take(m, contact);
}

static gboolean on_timer(gpointer userdata) {
        PiMember *m = userdata;

        m->timer = 0;
        if (m->current || m->approach)
                return G_SOURCE_REMOVE;
        if (m->addresses[0])
                m->approach = pi_approach_new(m->cluster, m->fingerprint, PI_CONTACT_MEMBER,
                                              (const char *const *) m->addresses, 0, on_arrived,
                                              m);
        else
                set_down_state(m, m->cluster->port == 0
                                          ? "neither it nor this node can be connected to"
                                          : "it is outbound only, and has not connected");
        return G_SOURCE_REMOVE;
}

static void connect_soon(PiMember *m, guint64 usec) {
        g_clear_handle_id(&m->timer, g_source_remove);
        m->timer = g_timeout_add((guint) (usec / 1000), on_timer, m);
}

/* Which of two links between the same two processes stays: both sides have to say the same. */
static gboolean is_preferred(const PiMember *m, const PiContact *contact) {
        gboolean lower_is_this = strcmp(m->cluster->identity->fingerprint, m->fingerprint) < 0;

        return (pi_link_role(contact->link) == PI_LINK_DIALLED) == lower_is_this;
}

static void retire(PiMember *m, PiContact *contact) {
        pi_contact_accept(contact);
        if (!g_ptr_array_find(m->others, contact, NULL))
                g_ptr_array_add(m->others, contact);
        pi_contact_set_deadline(contact, LINGER_USEC);
}

static void take_facts(PiMember *m, PiContact *contact) {
        pi_introduction_clear(&m->facts);
        m->facts = *contact->facts;
        g_clear_pointer(&contact->facts, g_free);
        m->clock_offset_usec = (int64_t) m->facts.clock_usec - (int64_t) pi_cluster_now(m->cluster);
}

/* Brings a link into use. */
static void settle(PiMember *m, PiContact *contact) {
        PiContact *old = m->current;

        g_ptr_array_remove_fast(m->others, contact);
        pi_contact_set_deadline(contact, 0);
        m->current = contact;
        m->up_usec = g_get_monotonic_time();
        m->last_seen_usec = (uint64_t) g_get_real_time();
        g_clear_pointer(&m->approach, pi_approach_cancel);
        g_clear_handle_id(&m->timer, g_source_remove);
        if (old)
                retire(m, old);
        take_facts(m, contact);
        pi_contact_accept(contact);
        set_up_state(m);
        pi_figures_ask(contact);
        if (pi_link_role(contact->link) == PI_LINK_DIALLED)
                pi_cluster_compare_rosters(m->cluster, m);
}

static void refuse_rival(PiMember *m) {
        PiContact *rival = g_steal_pointer(&m->rival);
        g_autofree char *address = g_strdup(pi_link_remote_address(rival->link));
        gint64 now = g_get_monotonic_time();

        g_ptr_array_remove_fast(m->others, rival);
        pi_contact_drop(rival, "another machine with the same key is connected already");
        if (m->rivals_told_usec != 0 && now - m->rivals_told_usec < RIVALS_TOLD_USEC)
                return;
        m->rivals_told_usec = now;
        pi_cluster_duplicate(m->cluster, m, address);
}

static const PiContactOwner owner;

static PiMember *member_of(const PiContact *contact) {
        return contact->owner == &owner ? contact->owner_data : NULL;
}

/* The link in use was asked whether it is still there. */
static void on_proved(PiContact *contact, const GError *error, gpointer userdata) {
        PiMember *m = member_of(contact);

        if (!m || !m->rival || m->current != contact)
                return;
        if (!error) {
                refuse_rival(m);
                return;
        }
        m->current = NULL;
        pi_contact_drop(contact, "the member has started anew");
        settle(m, g_steal_pointer(&m->rival));
}

/* The same key, and another run of the service: it was started anew, and the old link is dead; or
 * there are two of them. */
static void find_out(PiMember *m, PiContact *contact) {
        if (m->rival) {
                g_ptr_array_remove_fast(m->others, contact);
                pi_contact_drop(contact, "another one is being looked at");
                return;
        }
        m->rival = contact;
        pi_identify(m->current, RIVAL_USEC, on_proved, NULL);
}

static void choose(PiMember *m, PiContact *contact) {
        if (!m->current)
                settle(m, contact);
        else if (!g_str_equal(contact->facts->instance, m->facts.instance))
                find_out(m, contact);
        else if (pi_link_role(contact->link) == pi_link_role(m->current->link) ||
                 is_preferred(m, contact))
                settle(m, contact);
        else
                retire(m, contact);
}

static void give_up(PiMember *m, PiContact *contact, const char *why) {
        g_ptr_array_remove_fast(m->others, contact);
        pi_contact_drop(contact, why);
        if (!m->current && !m->approach)
                failed(m, why);
}

static void on_identified(PiContact *contact, const GError *error, gpointer userdata) {
        PiMember *m = member_of(contact);

        if (!m)
                return;
        if (error)
                give_up(m, contact, error->message);
        else if (g_str_equal(contact->facts->cluster, m->cluster->roster->id))
                choose(m, contact);
        else if (contact->facts->cluster[0])
                give_up(m, contact, "it is in another cluster");
        else if (pi_link_role(contact->link) == PI_LINK_ACCEPTED) {
                /* It has lost its roster, and comes to join anew. */
                g_ptr_array_remove_fast(m->others, contact);
                pi_door_take(contact);
        } else
                give_up(m, contact, "it is in no cluster any more: remove it, or join it again by "
                                    "a new token");
}

void pi_member_take(PiMember *m, PiContact *contact) {
        if (m->others->len >= OTHERS_MAX) {
                PiContact *oldest = g_ptr_array_index(m->others, 0);

                if (m->rival == oldest)
                        m->rival = NULL;
                g_ptr_array_remove_index(m->others, 0);
                pi_contact_drop(oldest, "there are too many connections");
        }
        pi_contact_give(contact, &owner, m);
        g_ptr_array_add(m->others, contact);
        pi_identify(contact, PI_IDENTIFY_USEC, on_identified, NULL);
}

static void lost(PiMember *m, const char *why) {
        gboolean steady = g_get_monotonic_time() - m->up_usec >= STEADY_USEC;

        m->current = NULL;
        m->last_seen_usec = (uint64_t) g_get_real_time();
        if (steady)
                m->attempts = 0;
        if (m->rival)
                settle(m, g_steal_pointer(&m->rival));
        else
                failed(m, why);
}

static void on_up(PiContact *contact, gpointer userdata) {
        /* A member is given links that are up. */
}

static void on_down(PiContact *contact, const GError *why, gpointer userdata) {
        PiMember *m = userdata;

        if (contact == m->rival)
                m->rival = NULL;
        if (g_ptr_array_remove_fast(m->others, contact)) {
                if (!m->current && !m->approach && m->timer == 0)
                        failed(m, why->message);
        } else if (contact == m->current)
                lost(m, why->message);
}

static const PiContactOwner owner = { on_up, on_down };

gboolean pi_member_is_itself(const PiContact *contact, const char *instance) {
        const PiMember *m = member_of(contact);

        return contact->accepted ||
               (m && (!m->current || g_str_equal(m->facts.instance, instance)));
}

static void on_refreshed(PiContact *contact, const GError *error, gpointer userdata) {
        PiMember *m = member_of(contact);
        gboolean news;

        if (!m || m->current != contact || error)
                return;
        news = contact->facts->cpus != m->facts.cpus ||
               contact->facts->terms_per_second != m->facts.terms_per_second;
        take_facts(m, contact);
        set_up_state(m);
        if (news)
                pi_cluster_member_changed(m->cluster, m);
        pi_cluster_compare_rosters(m->cluster, m);
}

static gboolean on_refresh(gpointer userdata) {
        PiMember *m = userdata;

        if (m->current)
                pi_identify(m->current, PI_IDENTIFY_USEC, on_refreshed, NULL);
        return G_SOURCE_CONTINUE;
}

PiMember *pi_member_new(PiCluster *c, const PiRosterEntry *entry, guint64 delay_usec) {
        PiMember *m = g_new0(PiMember, 1);

        m->cluster = c;
        g_strlcpy(m->fingerprint, entry->fingerprint, sizeof(m->fingerprint));
        g_strlcpy(m->id, entry->fingerprint, sizeof(m->id));
        m->name = g_strdup(entry->name);
        m->addresses = g_strdupv(entry->addresses);
        m->outbound_only = entry->outbound_only;
        m->quarantine = g_strdup(entry->quarantine);
        m->state = m->quarantine ? PI_MEMBER_QUARANTINED : PI_MEMBER_CONNECTING;
        m->why = g_strdup(m->quarantine ?: "");
        m->others = g_ptr_array_new();
        m->refresh = g_timeout_add((guint) (PI_MEMBER_REFRESH_USEC / 1000 *
                                            g_random_double_range(0.9, 1.1)),
                                   on_refresh, m);
        connect_soon(m, delay_usec);
        return m;
}

void pi_member_free(PiMember *m) {
        if (!m)
                return;
        g_clear_handle_id(&m->timer, g_source_remove);
        g_clear_handle_id(&m->refresh, g_source_remove);
        g_clear_pointer(&m->approach, pi_approach_cancel);
        if (m->current)
                pi_contact_drop(m->current, "the node is no member any more");
        for (guint i = 0; i < m->others->len; i++)
                pi_contact_drop(g_ptr_array_index(m->others, i), "the node is no member any more");
        g_ptr_array_unref(m->others);
        pi_introduction_clear(&m->facts);
        g_free(m->name);
        g_free(m->why);
        g_free(m->quarantine);
        g_strfreev(m->addresses);
        g_free(m);
}

void pi_member_update(PiMember *m, const PiRosterEntry *entry) {
        gboolean moved = !g_strv_equal((const char *const *) m->addresses,
                                       (const char *const *) entry->addresses);

        g_free(m->name);
        m->name = g_strdup(entry->name);
        g_strfreev(m->addresses);
        m->addresses = g_strdupv(entry->addresses);
        m->outbound_only = entry->outbound_only;
        if (g_strcmp0(m->quarantine, entry->quarantine) != 0)
                pi_member_set_quarantine(m, entry->quarantine);
        pi_cluster_member_changed(m->cluster, m);
        if (moved && !m->current && !m->approach)
                connect_soon(m, 0);
}

gboolean pi_member_is_usable(const PiMember *m) {
        return m->current && m->state == PI_MEMBER_UP;
}

void pi_member_set_quarantine(PiMember *m, const char *why) {
        g_autofree char *copy = g_strdup(why);

        g_free(m->quarantine);
        m->quarantine = g_steal_pointer(&copy);
        if (m->current)
                set_up_state(m);
        else
                set_down_state(m, "");
}

void pi_member_cut(PiMember *m, const char *why) {
        PiContact *contact = m->current;

        if (!contact)
                return;
        pi_contact_drop(contact, why);
        lost(m, why);
}

void pi_member_view(const PiMember *m, PiMemberView *ret) {
        *ret = (PiMemberView) {
                .id = m->id,
                .name = m->name,
                .fingerprint = m->fingerprint,
                .addresses = (const char *const *) m->addresses,
                .state = m->state,
                .why = m->why,
                .version = m->facts.edition.version,
                .cpus = m->facts.cpus,
                .terms_per_second = m->facts.terms_per_second,
                .last_seen_usec = m->current ? (uint64_t) g_get_real_time() : m->last_seen_usec,
                .round_trip_usec = m->current ? pi_link_round_trip_usec(m->current->link) : 0,
                .clock_offset_usec = m->clock_offset_usec,
                .leases_verified = m->leases_verified,
                .leases_failed = m->leases_failed,
                .leases_lost = m->leases_lost,
                .leases_served = m->leases_served,
                .outbound_only = m->outbound_only,
                .remote_address = m->current ? pi_link_remote_address(m->current->link) : "",
        };
}
