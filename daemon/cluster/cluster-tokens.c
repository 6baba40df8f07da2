/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The join tokens of this node. */
#include <string.h>

#include "daemon/cluster/cluster-private.h"
#include "dbus/error.h"

/* The clock may be set, so it is looked at now and then. */
#define LOOK_USEC (60 * G_USEC_PER_SEC)

static gboolean on_expiry(gpointer userdata) {
        PiCluster *c = userdata;
        guint8 id[PI_TOKEN_ID_BYTES];
        gboolean any = FALSE;
        uint32_t uses;

        c->expiry = 0;
        while (pi_tokens_expire(c->tokens, pi_cluster_now(c), id, &uses)) {
                any |= uses > 0;
                if (uses > 0)
                        pi_cluster_token_changed(c, id, PI_TOKEN_NEWS_EXPIRED, uses);
        }
        if (any)
                pi_cluster_save(c, NULL, NULL);
        pi_cluster_watch_tokens(c);
        return G_SOURCE_REMOVE;
}

void pi_cluster_watch_tokens(PiCluster *c) {
        uint64_t next = pi_tokens_next_expiry(c->tokens), now = pi_cluster_now(c);

        g_clear_handle_id(&c->expiry, g_source_remove);
        if (next == 0)
                return;
        next = next > now ? MIN(next - now, (uint64_t) LOOK_USEC) : 0;
        c->expiry = g_timeout_add((guint) ((next + 999) / 1000), on_expiry, c);
}

typedef struct Making {
        PiCluster *cluster;
        PiPromise *promise;
        guint8 id[PI_TOKEN_ID_BYTES];
        char *text;
} Making;

static char *line_of(const PiCluster *c, const PiLiveToken *live) {
        PiToken token = { .expires_usec = live->expires_usec };
        char *text;

        memcpy(token.id, live->id, sizeof(token.id));
        memcpy(token.secret, live->secret, sizeof(token.secret));
        g_strlcpy(token.fingerprint, c->identity->fingerprint, sizeof(token.fingerprint));
        token.addresses = g_strdupv(pi_cluster_self(c)->addresses);
        text = pi_token_to_string(&token);
        pi_token_clear(&token);
        return text;
}

static void on_made(const GError *error, gpointer userdata) {
        g_autofree Making *m = userdata;
        PiCluster *c = m->cluster;
        PiLiveToken *t = pi_tokens_find(c->tokens, m->id);

        if (!t)
                pi_promise_answer(m->promise, NULL,
                              g_error_new_literal(PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                                  "This node has left its cluster meanwhile"));
        else if (error) {
                g_ptr_array_remove(c->tokens->list, t);
                pi_promise_answer(m->promise, NULL, g_error_copy(error));
        } else {
                pi_promise_answer(m->promise, m->text, NULL);
                pi_cluster_token_changed(c, m->id, PI_TOKEN_NEWS_MADE, t->uses);
                pi_cluster_watch_tokens(c);
        }
        g_free(m->text);
}

static gboolean may_make(const PiCluster *c, GError **error) {
        if (!c->roster || !pi_cluster_self(c)) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                    "This node is in no cluster: make one with \"pictl cluster "
                                    "init\", or join one");
                return FALSE;
        }
        if (c->port == 0) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "This node is outbound only, so nobody can join by it: make "
                                    "the token on another member, or set Port= of [Cluster] in "
                                    "pi-computed.conf");
                return FALSE;
        }
        return TRUE;
}

void pi_cluster_create_token(PiCluster *c, uint64_t ttl_usec, uint32_t uses, PiClusterDone done,
                             gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        GError *error = NULL;
        PiLiveToken *t = NULL;
        Making *m;

        if (may_make(c, &error))
                t = pi_tokens_create(c->tokens, pi_cluster_now(c), ttl_usec, uses, &error);
        if (!t) {
                pi_promise_answer(promise, NULL, error);
                return;
        }
        m = g_new0(Making, 1);
        *m = (Making) { .cluster = c, .promise = promise, .text = line_of(c, t) };
        memcpy(m->id, t->id, sizeof(m->id));
        pi_cluster_save(c, on_made, m);
}

GVariant *pi_cluster_list_tokens(const PiCluster *c) {
        return pi_tokens_list(c->tokens, pi_cluster_now(c));
}

static void on_revoked(const GError *error, gpointer userdata) {
        pi_promise_answer(userdata, NULL, error ? g_error_copy(error) : NULL);
}

void pi_cluster_revoke_token(PiCluster *c, const char *id, PiClusterDone done, gpointer userdata) {
        PiPromise *promise = pi_promise_new(c, done, userdata);
        guint8 bytes[PI_TOKEN_ID_BYTES];
        GError *error = NULL;

        if (!pi_tokens_revoke(c->tokens, id, bytes, &error)) {
                pi_promise_answer(promise, NULL, error);
                return;
        }
        pi_cluster_token_changed(c, bytes, PI_TOKEN_NEWS_REVOKED, 0);
        pi_cluster_save(c, on_revoked, promise);
}
