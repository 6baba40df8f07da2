/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/welcome.h"

#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/join-call.h"
#include "daemon/cluster/probe.h"
#include "daemon/cluster/remedy.h"
#include "dbus/error.h"

typedef struct PiWelcome {
        PiCluster *cluster;
        PiContact *contact; /* of the joiner; NULL once it has gone */
        PiLinkCall *call;
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        char *address; /* from where it came */
        PiJoinRequest request;
        PiApproach *approach; /* the way back */
        PiContact *back;
        gboolean saving;
} PiWelcome;

static void welcome_free(PiWelcome *w) {
        g_ptr_array_remove_fast(w->cluster->welcomes, w);
        g_clear_pointer(&w->approach, pi_approach_cancel);
        if (w->back)
                pi_contact_drop(w->back, "the way back was tried");
        if (w->contact)
                pi_contact_drop(w->contact, "the joining is over");
        pi_join_request_clear(&w->request);
        g_free(w->address);
        g_free(w);
}

static void fail(PiWelcome *w, const GError *error) {
        pi_link_call_fail(w->call, error);
        pi_cluster_refused(w->cluster, w->address, error);
        welcome_free(w);
}

static void on_up(PiContact *contact, gpointer userdata) {
        /* Both links are up when they come. */
}

static void on_down(PiContact *contact, const GError *why, gpointer userdata) {
        PiWelcome *w = userdata;

        w->contact = NULL;
        if (!w->saving)
                fail(w, why);
}

static void on_back_down(PiContact *contact, const GError *why, gpointer userdata) {
        ((PiWelcome *) userdata)->back = NULL;
}

static const PiContactOwner owner = { on_up, on_down };
static const PiContactOwner back_owner = { on_up, on_back_down };

static void give_back_use(PiWelcome *w) {
        PiLiveToken *t = pi_tokens_find(w->cluster->tokens, w->request.token);

        if (t)
                t->uses++;
}

static void tell_news(PiWelcome *w) {
        g_autoptr(PiRoster) news = pi_roster_of_one(w->cluster->roster, w->fingerprint);

        pi_cluster_follow(w->cluster, news, NULL);
}

/* The token has one use less, and the roster one member more: that is on disk. */
static void on_saved(const GError *error, gpointer userdata) {
        PiWelcome *w = userdata;
        PiCluster *c = w->cluster;
        g_autoptr(GError) left = NULL;
        PiLiveToken *t = pi_tokens_find(c->tokens, w->request.token);

        if (!c->roster || !pi_roster_find_member(c->roster, w->fingerprint))
                left = g_error_new_literal(PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                           "The cluster has changed its mind meanwhile");
        if (error && !left) {
                give_back_use(w);
                (void) pi_roster_remove(c->roster, w->fingerprint, NULL);
                tell_news(w);
        }
        if (error || left) {
                fail(w, error ?: left);
                return;
        }
        pi_link_call_return(w->call, pi_join_answer_to_variant(c->roster, c->name));
        if (t)
                pi_cluster_token_changed(c, t->id, PI_TOKEN_NEWS_USED, t->uses);
        if (!c->ending)
                tell_news(w);
        welcome_free(w);
}

static PiLiveToken *take_use(PiWelcome *w, GError **error) {
        PiLiveToken *t = pi_tokens_find(w->cluster->tokens, w->request.token);

        if (!t || pi_cluster_now(w->cluster) >= t->expires_usec) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                                    "The join token was revoked or has expired meanwhile: make a "
                                    "new one with \"pictl cluster token\"");
                return NULL;
        }
        if (t->uses == 0) {
                g_propagate_error(error, pi_tokens_error_used(t));
                return NULL;
        }
        t->uses--;
        g_free(t->used_by);
        t->used_by = g_strdup_printf("%s (%s)", w->request.name, w->address);
        return t;
}

static void admit(PiWelcome *w) {
        PiCluster *c = w->cluster;
        g_autoptr(GError) error = NULL;
        gboolean outbound_only = w->request.port == 0;
        static const char *const none[] = { NULL };

        if (!take_use(w, &error)) {
                fail(w, error);
                return;
        }
        if (!pi_roster_admit(c->roster,
                             pi_roster_entry_new(w->fingerprint, w->request.name,
                                                 outbound_only
                                                         ? none
                                                         : (const char *const *)
                                                                   w->request.addresses,
                                                 outbound_only),
                             &error)) {
                give_back_use(w);
                fail(w, error);
                return;
        }
        w->saving = TRUE;
        pi_cluster_save(c, on_saved, w);
}

static void on_probed(PiContact *contact, const GError *error, gpointer userdata) {
        PiWelcome *w = userdata;

        if (error) {
                fail(w, error);
                return;
        }
        pi_contact_drop(w->back, "the way back was tried");
        w->back = NULL;
        admit(w);
}

static void on_arrived(PiContact *contact, const GError *error, gpointer userdata) {
        PiWelcome *w = userdata;
        g_autoptr(GError) why = NULL;

        w->approach = NULL;
        if (error) {
                why = pi_remedy_unreachable(w->cluster->name, w->request.name, w->request.port,
                                            (const char *const *)
                                                    pi_cluster_self(w->cluster)->addresses,
                                            error->message);
                fail(w, why);
                return;
        }
        w->back = contact;
        pi_contact_give(contact, &back_owner, w);
        pi_probe(contact, on_probed, w);
}

static gboolean check_token(PiWelcome *w, GError **error) {
        PiCluster *c = w->cluster;
        guint8 binding[PI_FINGERPRINT_BYTES];
        PiTokenClaim claim = { w->request.token, w->request.proof, c->identity->fingerprint,
                               w->fingerprint, binding };
        gboolean revoked = FALSE, good;

        if (!pi_link_channel_binding(w->contact->link, binding)) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "The TLS session gives no binding to check the token with");
                return FALSE;
        }
        good = pi_tokens_check(c->tokens, &claim, pi_cluster_now(c), &revoked, error) != NULL;
        if (revoked) {
                pi_cluster_token_changed(c, w->request.token, PI_TOKEN_NEWS_REVOKED, 0);
                pi_cluster_save(c, NULL, NULL);
        }
        return good;
}

static gboolean check_clock(const PiWelcome *w, GError **error) {
        PiCluster *c = w->cluster;
        int64_t offset = (int64_t) (w->request.clock_usec - pi_cluster_now(c));
        int64_t others[PI_MEMBERS_MAX];
        GHashTableIter iter;
        PiMember *m;
        guint n = 0;

        if (ABS(offset) <= PI_CLOCK_OFFSET_USEC_MAX)
                return TRUE;
        g_hash_table_iter_init(&iter, c->members);
        while (n < PI_MEMBERS_MAX && g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->current)
                        others[n++] = m->clock_offset_usec;
        g_propagate_error(error, pi_remedy_clock(c->name, w->request.name, offset, others, n));
        return FALSE;
}

/* The machine may be a copy of a member, with its key. */
static gboolean check_copy(const PiWelcome *w, GError **error) {
        PiMember *m = g_hash_table_lookup(w->cluster->members, w->fingerprint);

        if (!m || !m->current)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s is a member already, and connected: if %s is a copy of its machine, remove "
                    "node.key and node.crt from the state directory of %s, and start its service "
                    "anew", m->name, w->request.name, w->request.name);
        pi_cluster_duplicate(w->cluster, m, w->address);
        return FALSE;
}

static gboolean check(PiWelcome *w, GError **error) {
        const PiCluster *c = w->cluster;

        return check_token(w, error) &&
               pi_edition_check(&c->edition, c->name, &w->request.edition, w->request.name,
                                error) &&
               check_clock(w, error) && check_copy(w, error);
}

static PiWelcome *find(const PiCluster *c, const PiContact *contact) {
        for (guint i = 0; i < c->welcomes->len; i++) {
                PiWelcome *w = g_ptr_array_index(c->welcomes, i);

                if (w->contact == contact)
                        return w;
        }
        return NULL;
}

void pi_welcome_begin(PiContact *contact, GVariant *argument, PiLinkCall *call) {
        PiCluster *c = contact->cluster;
        g_autoptr(GError) error = NULL;
        PiWelcome *w;

        if (find(c, contact) || c->welcomes->len >= PI_WELCOMES_MAX || !pi_cluster_self(c)) {
                error = g_error_new_literal(PI_ERROR, PI_ERROR_QUEUE_FULL,
                                            "Too many nodes join at this moment: try again");
                pi_link_call_fail(call, error);
                return;
        }
        w = g_new0(PiWelcome, 1);
        *w = (PiWelcome) { .cluster = c, .contact = contact, .call = call,
                           .address = g_strdup(pi_link_remote_address(contact->link)) };
        g_strlcpy(w->fingerprint, pi_link_fingerprint(contact->link), sizeof(w->fingerprint));
        g_ptr_array_add(c->welcomes, w);
        pi_contact_give(contact, &owner, w);
        if (!pi_join_request_from_variant(argument, &w->request, &error) || !check(w, &error))
                fail(w, error);
        else if (w->request.port == 0)
                admit(w);
        else
                w->approach = pi_approach_new(c, w->fingerprint, PI_CONTACT_STRANGER,
                                              (const char *const *) w->request.addresses,
                                              PI_WELCOME_USEC, on_arrived, w);
}

void pi_welcomes_end(PiCluster *c) {
        g_autoptr(GPtrArray) all = g_ptr_array_copy(c->welcomes, NULL, NULL);
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                                      "This node leaves the cluster, or stops");

        for (guint i = 0; i < all->len; i++) {
                PiWelcome *w = g_ptr_array_index(all, i);

                if (!w->saving)
                        fail(w, error);
        }
}
