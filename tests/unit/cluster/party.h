/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/cluster/cluster.h"
#include "daemon/jobs/guest.h"
#include "dbus/error.h"

/* Nodes of a cluster in one process, over loopback, with TLS and all; only their jobs are made
 * up. */

struct PiGuest {
        PiLeaseOrder order;
        char node[PI_CLUSTER_NODE_ID_LENGTH + 1];
        PiLeaseAnswered answered;
        gpointer userdata;
};

typedef struct Jobs {
        guint peers_changed;
        uint32_t cpus;
        GPtrArray *guests; /* PiGuest, that run */
        guint cancelled;
        PiNodeUsage usage;
        guint usage_asked;
} Jobs;

typedef struct Node {
        const char *name;
        char *directory; /* NULL keeps nothing */
        PiIdentity *identity;
        Jobs jobs;
        PiClusterConfig config;
        PiClusterRehearsal rehearsal;
        char *address; /* with its port */
        PiCluster *cluster; /* NULL while it is off */
        guint joined, left, added, changed, losses, removed, refused, duplicates, troubles;
        guint token_news[PI_TOKEN_NEWS_EXPIRED + 1];
        char *refusal; /* the last */
} Node;

/* Makes a node with an identity and a port, and starts it. `kept`: it has a state directory. */
void node_init(Node *node, const char *name, gboolean kept);
/* The same at an address of this machine that is not the loopback's. */
void node_init_at(Node *node, const char *name, gboolean kept, const char *ip);
void node_clear(Node *node); /* stops it, and removes what it has kept */
void node_start(Node *node);
void node_stop(Node *node);

/* Runs the main loop until the condition holds. */
#define WAIT_FOR(condition)                                                                        \
        while (!(condition))                                                                       \
        g_main_context_iteration(NULL, TRUE)

/* How something that was asked for ended. */
typedef struct Answer {
        gboolean came;
        char *text;
        GError *error;
} Answer;

void answer_take(const char *text, const GError *error, gpointer userdata); /* PiClusterDone */
void answer_clear(Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* These wait for the answer, and expect it to be good. */
void node_found(Node *node);              /* a cluster of its own */
char *node_token(Node *node);             /* for one use, to be freed with g_free() */
void node_join(Node *node, Node *host);   /* by a new token of it */
void node_leave(Node *node);
void node_remove(Node *node, const char *id_or_name);
/* This expects it to fail. */
void node_join_fails(Node *node, const char *token, PiError code, const char *word);

/* "" when the one does not know the other. */
const char *node_sees(const Node *node, const Node *other);
/* Each of them as "up" by each other. */
gboolean nodes_are_up(Node *const *nodes, guint n);
gboolean nodes_know_each_other(Node *const *nodes, guint n);

/* Ends the first guest that runs. */
void guest_answer(Jobs *jobs, const PiLeaseAnswer *answer, const GError *error);
