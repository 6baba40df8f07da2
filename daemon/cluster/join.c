/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/join.h"

#include <string.h>

#include "daemon/cluster/join-call.h"
#include "daemon/cluster/probe.h"
#include "daemon/cluster/random.h"
#include "daemon/cluster/remedy.h"
#include "dbus/error.h"

/* The other side tries the way back meanwhile. */
#define JOIN_USEC (30 * G_USEC_PER_SEC)

struct PiJoin {
        PiCluster *cluster;
        PiPromise *promise;
        PiToken token; /* no fingerprint: a new cluster is made */
        PiApproach *approach;
        PiContact *contact; /* to the member of the token */
        char *name;         /* of that; known in the end */
};

gboolean pi_join_is_host(const PiJoin *j, const char *fingerprint) {
        return g_str_equal(j->token.fingerprint, fingerprint);
}

static void join_free(PiJoin *j) {
        g_clear_pointer(&j->approach, pi_approach_cancel);
        if (j->contact)
                pi_contact_drop(j->contact, "the joining is over");
        pi_token_clear(&j->token);
        g_free(j->name);
        g_free(j);
}

/* Takes the error over. Nothing is left of the attempt. */
static void fail(PiJoin *j, GError *error) {
        PiCluster *c = j->cluster;

        c->join = NULL;
        g_clear_pointer(&c->roster, pi_roster_free);
        pi_cluster_stop_listening(c);
        pi_promise_answer(j->promise, NULL, error);
        join_free(j);
        pi_contacts_drop(c, "the joining has failed");
}

static void on_saved(const GError *error, gpointer userdata) {
        PiJoin *j = userdata;
        PiCluster *c = j->cluster;

        if (error) {
                fail(j, g_error_copy(error));
                return;
        }
        c->join = NULL;
        pi_promise_answer(j->promise, j->name, NULL);
        join_free(j);
        if (!c->ending)
                pi_cluster_begin(c);
}

/* It is in the cluster once that is on disk. */
static void enter(PiJoin *j, PiRoster *roster) {
        j->cluster->roster = roster;
        if (j->contact) {
                pi_contact_drop(j->contact, "the node has joined");
                j->contact = NULL;
        }
        pi_cluster_save(j->cluster, on_saved, j);
}

static void on_joined(GVariant *result, const GError *error, gpointer userdata) {
        PiContact *contact = userdata;
        PiJoin *j = contact->owner ? contact->owner_data : NULL;
        g_autoptr(PiRoster) roster = NULL;
        GError *why = NULL;

        if (!j)
                return;
        if (error) {
                fail(j, g_error_copy(error));
                return;
        }
        roster = pi_join_answer_from_variant(result, j->cluster->identity->fingerprint,
                                             j->token.fingerprint, &j->name, &why);
        if (roster)
                enter(j, g_steal_pointer(&roster));
        else
                fail(j, why);
}

static void ask_to_join(PiJoin *j) {
        PiCluster *c = j->cluster;
        g_autoptr(PiRosterEntry) self = pi_cluster_self_entry_new(c);
        guint8 binding[PI_FINGERPRINT_BYTES];
        PiJoinRequest request = { .edition = c->edition, .clock_usec = pi_cluster_now(c),
                                  .port = c->port, .addresses = self->addresses };

        if (!pi_link_channel_binding(j->contact->link, binding)) {
                fail(j, g_error_new_literal(PI_ERROR, PI_ERROR_FAILED,
                                            "The TLS session gives no binding to prove the token "
                                            "with"));
                return;
        }
        memcpy(request.token, j->token.id, sizeof(request.token));
        pi_token_proof(&j->token, c->identity->fingerprint, binding, request.proof);
        g_strlcpy(request.name, c->name, sizeof(request.name));
        g_strlcpy(request.instance, c->instance, sizeof(request.instance));
        pi_link_call(j->contact->link, "Join", pi_join_request_to_variant(&request), JOIN_USEC,
                     on_joined, j->contact);
}

static void on_probed(PiContact *contact, const GError *error, gpointer userdata) {
        if (error)
                fail(userdata, g_error_copy(error));
        else
                ask_to_join(userdata);
}

static void on_up(PiContact *contact, gpointer userdata) {
        /* It is up when it comes. */
}

static void on_down(PiContact *contact, const GError *why, gpointer userdata) {
        PiJoin *j = userdata;

        j->contact = NULL;
        fail(j, g_error_new(PI_ERROR, PI_ERROR_UNREACHABLE,
                            "The connection to the member that made the token was lost: %s",
                            why->message));
}

static const PiContactOwner owner = { on_up, on_down };

static uint16_t port_of(const PiToken *token) {
        const char *first = token->addresses[0];
        PiAddress address;

        return first && pi_address_parse(first, PI_CLUSTER_PORT, &address, NULL) ? address.port
                                                                                  : PI_CLUSTER_PORT;
}

static GError *error_of_approach(const PiJoin *j, const GError *error) {
        g_autoptr(PiRosterEntry) self = NULL;

        if (error->code == PI_ERROR_NOT_AUTHORIZED)
                return g_error_new(PI_ERROR, PI_ERROR_INVALID_TOKEN,
                                   "The member that made the join token refuses this node: the "
                                   "token was used, was revoked or has expired; make a new one "
                                   "there with \"pictl cluster token\" (%s)", error->message);
        if (error->code == PI_ERROR_NO_SUCH_NODE)
                return g_error_new(PI_ERROR, PI_ERROR_INVALID_TOKEN,
                                   "Where the member that made the join token should be is another "
                                   "node, or it has a new key, or the token was changed on its "
                                   "way: make a new one there with \"pictl cluster token\" (%s)",
                                   error->message);
        self = pi_cluster_self_entry_new(j->cluster);
        return pi_remedy_unreachable(j->cluster->name, "the member that made the token",
                                     port_of(&j->token), (const char *const *) self->addresses,
                                     error->message);
}

static void on_arrived(PiContact *contact, const GError *error, gpointer userdata) {
        PiJoin *j = userdata;

        j->approach = NULL;
        if (error) {
                fail(j, error_of_approach(j, error));
                return;
        }
        j->contact = contact;
        pi_contact_give(contact, &owner, j);
        pi_probe(contact, on_probed, j);
}

static gboolean may_enter(const PiCluster *c, GError **error) {
        if (!c->roster && !c->join)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_ALREADY_IN_CLUSTER,
                            c->join ? "This node is joining a cluster at this moment"
                                    : "This node is in a cluster already, and two are never "
                                      "merged: have it leave first, with \"pictl cluster leave\"");
        return FALSE;
}

static PiJoin *join_new(PiCluster *c, PiPromise *promise) {
        PiJoin *j = g_new0(PiJoin, 1);

        j->cluster = c;
        j->promise = promise;
        c->join = j;
        return j;
}

static gboolean parse_token(const PiCluster *c, const char *text, PiToken *ret, GError **error) {
        if (!pi_token_parse(text, ret, error))
                return FALSE;
        if (!g_str_equal(ret->fingerprint, c->identity->fingerprint))
                return TRUE;
        pi_token_clear(ret);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                            "The join token was made by this node, or by one with the same key: if "
                            "this machine is a copy of another, remove node.key and node.crt from "
                            "the state directory of one of them, and start its service anew");
        return FALSE;
}

void pi_cluster_join(PiCluster *c, const char *token, PiClusterDone done, gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        g_auto(PiToken) parsed = { 0 };
        GError *error = NULL;
        PiJoin *j;

        if (!may_enter(c, &error) || !parse_token(c, token, &parsed, &error) ||
            !pi_cluster_listen(c, &error)) {
                pi_promise_answer(promise, NULL, error);
                return;
        }
        j = join_new(c, promise);
        j->token = parsed;
        parsed.addresses = NULL;
        j->approach = pi_approach_new(c, j->token.fingerprint, PI_CONTACT_HOST,
                                      (const char *const *) j->token.addresses, 0, on_arrived, j);
}

void pi_cluster_init(PiCluster *c, PiClusterDone done, gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        g_autofree char *id = NULL;
        g_autoptr(PiRoster) roster = NULL;
        GError *error = NULL;
        guint8 random[PI_CLUSTER_ID_LENGTH / 2];

        if (!may_enter(c, &error) || !pi_random_bytes(random, sizeof(random), &error) ||
            !pi_cluster_listen(c, &error)) {
                pi_promise_answer(promise, NULL, error);
                return;
        }
        id = pi_bytes_to_hex(random, sizeof(random));
        roster = pi_roster_new(id);
        (void) pi_roster_admit(roster, pi_cluster_self_entry_new(c), NULL);
        enter(join_new(c, promise), g_steal_pointer(&roster));
}

void pi_join_cancel(PiCluster *c) {
        PiJoin *j = c->join;

        /* One that is being written is over when that is. */
        if (!j || c->roster)
                return;
        c->join = NULL;
        join_free(j);
}
