/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "daemon/api/token-options.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

/* What an administrator does with the cluster. Much of it takes its time, or asks other machines:
 * it is done also when the caller has left meanwhile. */

/* NULL when it cannot wait any more; the caller was told. */
static PiAsk *begin(PiServer *server, sd_bus_message *call) {
        g_autoptr(GError) error = NULL;
        PiAsk *ask = pi_ask_new(server->asks, call, server, 0, &error);

        if (!ask)
                (void) pi_reply_gerror(call, error);
        return ask;
}

static void done(const char *text, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        if (error)
                (void) pi_reply_gerror(ask->call, error);
        else
                (void) sd_bus_reply_method_return(ask->call, NULL);
}

static void create_cluster(PiServer *server, sd_bus_message *call) {
        PiAsk *ask = begin(server, call);

        if (ask)
                pi_cluster_init(server->cluster, done, ask);
}

static void token_made(const char *token, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        if (error)
                (void) pi_reply_gerror(ask->call, error);
        else
                (void) sd_bus_reply_method_return(ask->call, "s", token);
}

static void create_token(PiServer *server, sd_bus_message *call) {
        g_autoptr(GVariant) options = NULL;
        g_autoptr(GError) error = NULL;
        PiTokenOptions o;
        PiAsk *ask;

        if (pi_variant_read(call, &options) < 0)
                g_set_error_literal(&error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "The options cannot be read: a value has a type no option has");
        else
                (void) pi_token_options_parse(options, &o, &error);
        if (error) {
                (void) pi_reply_gerror(call, error);
                return;
        }
        ask = begin(server, call);
        if (ask)
                pi_cluster_create_token(server->cluster, o.ttl_usec, o.uses, token_made, ask);
}

static void list_tokens(PiServer *server, sd_bus_message *call) {
        (void) pi_reply_variant(call, pi_cluster_list_tokens(server->cluster));
}

typedef void (*WithText)(PiCluster *cluster, const char *text, PiClusterDone done,
                         gpointer userdata);

/* A call whose one argument is a text. */
static void pass_text(PiServer *server, sd_bus_message *call, WithText function) {
        const char *text;
        PiAsk *ask;

        /* Its signature was checked when the call came. */
        if (sd_bus_message_read(call, "s", &text) < 0)
                return;
        ask = begin(server, call);
        if (ask)
                function(server->cluster, text, done, ask);
}

static void revoke_token(PiServer *server, sd_bus_message *call) {
        pass_text(server, call, pi_cluster_revoke_token);
}

static void join_cluster(PiServer *server, sd_bus_message *call) {
        pass_text(server, call, pi_cluster_join);
}

static void leave_cluster(PiServer *server, sd_bus_message *call) {
        PiAsk *ask = begin(server, call);

        if (ask)
                pi_cluster_leave(server->cluster, done, ask);
}

static void remove_node(PiServer *server, sd_bus_message *call) {
        pass_text(server, call, pi_cluster_remove);
}

static void guarded(const GError *error, gpointer userdata) {
        done(NULL, error, userdata);
}

static void apply_firewall(PiServer *server, sd_bus_message *call) {
        PiAsk *ask = begin(server, call);

        if (ask)
                pi_guard_apply(server->guard, guarded, ask);
}

static void remove_firewall(PiServer *server, sd_bus_message *call) {
        PiAsk *ask = begin(server, call);

        if (ask)
                pi_guard_remove(server->guard, guarded, ask);
}

static void restore_node(PiServer *server, sd_bus_message *call) {
        g_autoptr(GError) error = NULL;
        const char *node;

        if (sd_bus_message_read(call, "s", &node) < 0)
                return;
        if (pi_cluster_restore(server->cluster, node, &error))
                (void) sd_bus_reply_method_return(call, NULL);
        else
                (void) pi_reply_gerror(call, error);
}

/* Those that begin with a cluster need none before. */
static const struct {
        const char *member;
        void (*run)(PiServer *server, sd_bus_message *call);
        bool begins;
} method_table[] = {
        { "CreateCluster",   create_cluster, true  },
        { "CreateJoinToken", create_token,   false },
        { "ListJoinTokens",  list_tokens,    false },
        { "RevokeJoinToken", revoke_token,   false },
        { "JoinCluster",     join_cluster,   true  },
        { "LeaveCluster",    leave_cluster,  false },
        { "RemoveNode",      remove_node,    false },
        { "RestoreNode",     restore_node,   false },
        { "ApplyFirewall",   apply_firewall, false },
        { "RemoveFirewall",  remove_firewall, false },
};

static gboolean have_cluster(PiServer *server, bool begins, GError **error) {
        PiCluster *cluster;

        if (server->cluster)
                return TRUE;
        cluster = server->config.open_cluster(begins, error, server->config.userdata);
        if (cluster)
                pi_server_set_cluster(server, cluster);
        return cluster != NULL;
}

static void allowed(sd_bus_message *call, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GError) error = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(method_table); i++) {
                if (sd_bus_message_is_method_call(call, NULL, method_table[i].member) <= 0)
                        continue;
                if (have_cluster(server, method_table[i].begins, &error))
                        method_table[i].run(server, call);
                else
                        (void) pi_reply_gerror(call, error);
        }
}

static void manage_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        pi_server_administer(userdata, call, user, PI_POLKIT_MANAGE_CLUSTER, allowed);
}

int pi_method_manage_cluster(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, manage_for, server);
}
