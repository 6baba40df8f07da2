/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/cluster.h"

#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/door.h"
#include "daemon/cluster/figures.h"
#include "daemon/cluster/gossip.h"
#include "daemon/cluster/join.h"
#include "daemon/cluster/leave.h"
#include "daemon/cluster/random.h"
#include "daemon/cluster/serving.h"
#include "daemon/cluster/welcome.h"
#include "daemon/series/range.h"
#include "dbus/error.h"

/* The addresses of a machine change now and then. */
#define UPKEEP_SECONDS 60
#define RETRY_MSEC 5000

/* A node that has joined is called by the others, once it has its roster; and calls those that have
 * not called. */
#define NEWS_USEC (100 * 1000)
#define JOINED_USEC (1500 * 1000)
#define DUPLICATE_USEC (600 * G_USEC_PER_SEC)

typedef struct Listening {
        const PiClusterListener *listener;
        gpointer userdata;
} Listening;

static const Listening *nth(const PiCluster *c, guint i) {
        return &g_array_index(c->listeners, Listening, i);
}

/* Calls a function of each listener that has it. */
#define TELL(cluster, call, ...)                                                                  \
        for (guint i_ = 0; i_ < (cluster)->listeners->len; i_++)                                  \
                if (nth(cluster, i_)->listener->call)                                             \
                        nth(cluster, i_)->listener->call(__VA_ARGS__, nth(cluster, i_)->userdata)

static void tell_joined(PiCluster *c) {
        for (guint i = 0; i < c->listeners->len; i++)
                if (nth(c, i)->listener->joined)
                        nth(c, i)->listener->joined(nth(c, i)->userdata);
}

static void tell_left(PiCluster *c) {
        for (guint i = 0; i < c->listeners->len; i++)
                if (nth(c, i)->listener->left)
                        nth(c, i)->listener->left(nth(c, i)->userdata);
}

uint64_t pi_cluster_now(const PiCluster *c) {
        return (uint64_t) (g_get_real_time() + c->clock_offset_usec);
}

const PiRosterEntry *pi_cluster_self(const PiCluster *c) {
        return c->roster ? pi_roster_find_member(c->roster, c->identity->fingerprint) : NULL;
}

PiRosterEntry *pi_cluster_self_entry_new(const PiCluster *c) {
        g_auto(GStrv) machine = NULL;
        const char *const *addresses = NULL;

        if (c->port > 0 && !c->addresses)
                machine = pi_addresses_of_this_machine(c->port);
        if (c->port > 0)
                addresses = (const char *const *) (c->addresses ?: machine);
        return pi_roster_entry_new(c->identity->fingerprint, c->name, addresses, c->port == 0);
}

void pi_cluster_member_changed(PiCluster *c, PiMember *m) {
        PiMemberView view;

        pi_member_view(m, &view);
        TELL(c, member_changed, &view);
        pi_jobs_peers_changed(c->jobs);
}

void pi_cluster_token_changed(PiCluster *c, const guint8 *id, PiTokenNews news, uint32_t uses) {
        g_autofree char *text = pi_token_id_to_string(id);

        TELL(c, token_changed, text, news, uses);
}

void pi_cluster_refused(PiCluster *c, const char *address, const GError *why) {
        TELL(c, refused, address, why);
}

void pi_cluster_duplicate(PiCluster *c, PiMember *m, const char *address) {
        gint64 now = g_get_monotonic_time();
        PiMemberView view;

        if (c->duplicate_told_usec != 0 && now - c->duplicate_told_usec < DUPLICATE_USEC)
                return;
        c->duplicate_told_usec = now;
        if (m)
                pi_member_view(m, &view);
        else
                pi_cluster_member(c, 0, &view);
        TELL(c, duplicate, &view, address);
}

void pi_cluster_trouble(PiCluster *c, PiClusterTrouble kind, const GError *what) {
        if (!what && !c->trouble[kind])
                return;
        c->trouble[kind] = what != NULL;
        TELL(c, trouble, kind, what);
}

gboolean pi_cluster_listen(PiCluster *c, GError **error) {
        if (c->listener || c->port == 0)
                return TRUE;
        c->listener = pi_listener_new(c->port, c->sockets, c->n_sockets, pi_door_accept, c, error);
        return c->listener != NULL;
}

void pi_cluster_stop_listening(PiCluster *c) {
        g_clear_pointer(&c->listener, pi_listener_free);
}

typedef struct Save {
        PiCluster *cluster;
        PiRosterSaved saved;
        gpointer userdata;
} Save;

static gboolean on_retry(gpointer userdata);

static void retry_soon(PiCluster *c) {
        if (c->retry == 0)
                c->retry = g_timeout_add(RETRY_MSEC, on_retry, c);
}

static void on_saved(const GError *error, gpointer userdata) {
        g_autofree Save *save = userdata;

        pi_cluster_trouble(save->cluster, PI_CLUSTER_TROUBLE_ROSTER, error);
        if (error && save->cluster->roster)
                retry_soon(save->cluster);
        if (save->saved)
                save->saved(error, save->userdata);
}

void pi_cluster_save(PiCluster *c, PiRosterSaved saved, gpointer userdata) {
        Save *save = g_new(Save, 1);

        *save = (Save) { c, saved, userdata };
        pi_roster_file_save(c->file, c->roster, c->tokens, on_saved, save);
}

static void listen_or_retry(PiCluster *c) {
        g_autoptr(GError) error = NULL;

        if (!pi_cluster_listen(c, &error))
                retry_soon(c);
        if (error || c->listener)
                pi_cluster_trouble(c, PI_CLUSTER_TROUBLE_PORT, error);
}

static gboolean on_retry(gpointer userdata) {
        PiCluster *c = userdata;

        c->retry = 0;
        if (!c->roster)
                return G_SOURCE_REMOVE;
        listen_or_retry(c);
        if (c->trouble[PI_CLUSTER_TROUBLE_ROSTER])
                pi_cluster_save(c, NULL, NULL);
        return G_SOURCE_REMOVE;
}

static PiMember *make_member(PiCluster *c, const PiRosterEntry *entry, guint64 delay_usec) {
        PiMember *m = pi_member_new(c, entry, delay_usec);

        g_hash_table_insert(c->members, m->fingerprint, m);
        return m;
}

static void tell_added(PiCluster *c, PiMember *m) {
        PiMemberView view;

        pi_member_view(m, &view);
        TELL(c, member_added, &view);
        pi_door_hand_over(m);
}

static void remove_member(PiCluster *c, PiMember *m) {
        g_autofree char *id = g_strdup(m->id), *name = g_strdup(m->name);

        /* Frees it. */
        g_hash_table_remove(c->members, m->fingerprint);
        TELL(c, member_removed, id, name);
}

static gboolean on_forget(gpointer userdata) {
        PiCluster *c = userdata;

        c->forget = 0;
        pi_cluster_forget(c, NULL, NULL);
        return G_SOURCE_REMOVE;
}

static void follow_entry(PiCluster *c, const PiRosterEntry *news) {
        PiMember *m = g_hash_table_lookup(c->members, news->fingerprint);
        const PiRosterEntry *entry = pi_roster_find_member(c->roster, news->fingerprint);

        if (g_str_equal(news->fingerprint, c->identity->fingerprint)) {
                /* Put out by another. Those who call are still to be answered. */
                if (news->removed && c->forget == 0 && !c->leave)
                        c->forget = g_idle_add(on_forget, c);
        } else if (entry && m)
                pi_member_update(m, entry);
        else if (entry)
                tell_added(c, make_member(c, entry, NEWS_USEC));
        else if (m)
                remove_member(c, m);
}

void pi_cluster_follow(PiCluster *c, const PiRoster *news, const PiContact *from) {
        /* First of all, so that who is removed is told by those whom it still believes. */
        pi_gossip_push(c, news, from);
        for (guint i = 0; i < news->entries->len; i++)
                follow_entry(c, g_ptr_array_index(news->entries, i));
        pi_jobs_peers_changed(c->jobs);
}

gboolean pi_cluster_absorb(PiCluster *c, const PiRoster *roster, const PiContact *from,
                           GError **error) {
        g_autoptr(PiRoster) news = NULL;

        if (!pi_roster_merge(c->roster, roster, &news, error))
                return FALSE;
        if (news->entries->len == 0)
                return TRUE;
        pi_cluster_save(c, NULL, NULL);
        pi_cluster_follow(c, news, from);
        return TRUE;
}

void pi_cluster_compare_rosters(PiCluster *c, PiMember *m) {
        g_autofree char *digest = pi_roster_digest(c->roster);

        if (m->current && m->state != PI_MEMBER_INCOMPATIBLE &&
            !g_str_equal(m->facts.roster, digest))
                pi_gossip_exchange(m);
}

/* The roster has this node as it was, or as another one has it. */
static gboolean on_upkeep(gpointer userdata) {
        PiCluster *c = userdata;
        const PiRosterEntry *now = pi_cluster_self(c);
        g_autoptr(PiRosterEntry) self = now ? pi_cluster_self_entry_new(c) : NULL;
        g_autoptr(PiRoster) news = NULL;

        if (!self)
                return G_SOURCE_CONTINUE;
        self->admission = now->admission;
        self->version = now->version;
        if (pi_roster_entry_cmp(now, self) == 0 ||
            !pi_roster_update(c->roster, g_steal_pointer(&self), NULL))
                return G_SOURCE_CONTINUE;
        pi_cluster_save(c, NULL, NULL);
        news = pi_roster_of_one(c->roster, c->identity->fingerprint);
        pi_cluster_follow(c, news, NULL);
        return G_SOURCE_CONTINUE;
}

/* Those that were not there before. Who has just joined leaves it to the others to call, which hear
 * of it meanwhile; unless they cannot. */
static GPtrArray *make_members(PiCluster *c, gboolean joining) {
        guint64 delay_usec = !joining ? 0 : c->port == 0 ? 2 * NEWS_USEC : JOINED_USEC;
        GPtrArray *made = g_ptr_array_new();

        for (guint i = 0; i < c->roster->entries->len; i++) {
                const PiRosterEntry *e = g_ptr_array_index(c->roster->entries, i);

                if (!e->removed && !g_str_equal(e->fingerprint, c->identity->fingerprint) &&
                    !g_hash_table_contains(c->members, e->fingerprint))
                        g_ptr_array_add(made, make_member(c, e, delay_usec));
        }
        return made;
}

void pi_cluster_begin(PiCluster *c) {
        g_autoptr(GPtrArray) made = make_members(c, TRUE);

        listen_or_retry(c);
        (void) on_upkeep(c);
        c->upkeep = g_timeout_add_seconds(UPKEEP_SECONDS, on_upkeep, c);
        pi_cluster_watch_tokens(c);
        pi_figures_begin(c);
        tell_joined(c);
        for (guint i = 0; i < made->len; i++)
                tell_added(c, g_ptr_array_index(made, i));
        pi_jobs_peers_changed(c->jobs);
}

void pi_contacts_drop(PiCluster *c, const char *why) {
        g_autoptr(GPtrArray) contacts = g_ptr_array_copy(c->contacts, NULL, NULL);

        for (guint i = 0; i < contacts->len; i++)
                pi_contact_drop(g_ptr_array_index(contacts, i), why);
}

static void end_timers(PiCluster *c) {
        g_clear_handle_id(&c->start, g_source_remove);
        g_clear_handle_id(&c->forget, g_source_remove);
        g_clear_handle_id(&c->upkeep, g_source_remove);
        g_clear_handle_id(&c->expiry, g_source_remove);
        g_clear_handle_id(&c->retry, g_source_remove);
        pi_figures_end(c);
}

void pi_cluster_forget(PiCluster *c, PiRosterSaved saved, gpointer userdata) {
        end_timers(c);
        pi_cluster_stop_listening(c);
        pi_welcomes_end(c);
        g_hash_table_remove_all(c->members);
        pi_contacts_drop(c, "this node has left the cluster");
        g_clear_pointer(&c->roster, pi_roster_free);
        pi_tokens_free(c->tokens);
        c->tokens = pi_tokens_new();
        pi_cluster_save(c, saved, userdata);
        tell_left(c);
        pi_jobs_peers_changed(c->jobs);
}

static gboolean on_start(gpointer userdata) {
        PiCluster *c = userdata;

        c->start = 0;
        pi_cluster_begin(c);
        return G_SOURCE_REMOVE;
}

static void free_member(gpointer member) {
        pi_member_free(member);
}

static gboolean configure(PiCluster *c, const PiClusterConfig *config, GError **error) {
        static const PiClusterRehearsal none;
        const PiClusterRehearsal *r = config->rehearsal ?: &none;
        guint8 random[PI_INSTANCE_LENGTH / 2];
        g_autofree char *instance = NULL;

        c->identity = config->identity;
        c->name = pi_node_name_make_valid(config->name);
        c->port = config->port;
        /* Nobody connects where there is no port. */
        if (config->addresses && config->addresses[0] && c->port > 0) {
                c->addresses = pi_addresses_complete(config->addresses, c->port, error);
                if (!c->addresses) {
                        g_prefix_error(error, "Address= in pi-computed.conf: ");
                        return FALSE;
                }
        }
        c->sockets = g_memdup2(config->sockets, config->n_sockets * sizeof(int));
        c->n_sockets = config->n_sockets;
        c->clock_offset_usec = r->clock_offset_usec;
        c->edition = (PiEdition) {
                .protocol = r->protocol ?: PI_PROTOCOL_VERSION,
                .protocol_oldest = r->protocol_oldest ?: PI_PROTOCOL_VERSION_OLDEST,
                .numerics = r->numerics ?: PI_NUMERICS_VERSION,
        };
        g_strlcpy(c->edition.version, config->version, sizeof(c->edition.version));
        /* Random so far that two runs differ; nobody has to be kept from guessing it. */
        for (guint i = 0; i < sizeof(random); i++)
                random[i] = (guint8) g_random_int();
        instance = pi_bytes_to_hex(random, sizeof(random));
        g_strlcpy(c->instance, instance, sizeof(c->instance));
        return TRUE;
}

static void on_stranger_dropped(gpointer stranger, const char *address, gpointer userdata) {
        g_autoptr(GError) why = g_error_new_literal(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                                    "Too many connections of strangers: the oldest "
                                                    "was cut off");

        pi_contact_drop(stranger, why->message);
        pi_cluster_refused(userdata, address, why);
}

PiCluster *pi_cluster_new(const PiClusterConfig *config, PiJobs *jobs, GError **error) {
        g_autoptr(PiCluster) c = g_new0(PiCluster, 1);
        g_autoptr(PiTokens) tokens = NULL;

        c->head.module = &pi_cluster_module;
        c->jobs = jobs;
        c->file = pi_roster_file_new(config->directory);
        c->strangers = pi_strangers_new(on_stranger_dropped, c);
        c->contacts = g_ptr_array_new();
        c->members = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_member);
        c->served = g_ptr_array_new();
        c->runs = g_ptr_array_new();
        c->welcomes = g_ptr_array_new();
        c->listeners = g_array_new(FALSE, FALSE, sizeof(Listening));
        g_queue_init(&c->promises);
        pi_peers_init(c);
        if (!configure(c, config, error) ||
            !pi_roster_file_load(config->directory, c->identity->fingerprint, &c->roster, &tokens,
                                 error))
                return NULL;
        c->tokens = tokens ? g_steal_pointer(&tokens) : pi_tokens_new();
        /* The members are there at once, but nothing is done before there are listeners. */
        if (c->roster) {
                g_ptr_array_unref(make_members(c, FALSE));
                c->start = g_idle_add_full(G_PRIORITY_DEFAULT, on_start, c, NULL);
        }
        return g_steal_pointer(&c);
}

/* Whoever waits for something is told before what it waits for goes. */
void pi_cluster_free(PiCluster *c) {
        if (!c)
                return;
        c->ending = TRUE;
        end_timers(c);
        pi_cluster_stop_listening(c);
        pi_join_cancel(c);
        pi_leave_cancel(c);
        pi_welcomes_end(c);
        pi_serving_end(c);
        g_hash_table_remove_all(c->members);
        while (c->contacts->len > 0)
                pi_contact_free(g_ptr_array_index(c->contacts, 0));
        pi_peers_end(c);
        pi_roster_file_free(c->file);
        pi_promises_end(c);
        end_timers(c);
        g_hash_table_unref(c->members);
        g_ptr_array_unref(c->contacts);
        g_ptr_array_unref(c->served);
        g_ptr_array_unref(c->runs);
        g_ptr_array_unref(c->welcomes);
        g_array_unref(c->listeners);
        pi_strangers_free(c->strangers);
        pi_roster_free(c->roster);
        pi_tokens_free(c->tokens);
        g_strfreev(c->addresses);
        g_free(c->sockets);
        g_free(c->name);
        g_free(c);
}

void pi_cluster_add_listener(PiCluster *c, const PiClusterListener *listener, gpointer userdata) {
        Listening l = { listener, userdata };

        g_array_append_val(c->listeners, l);
}
