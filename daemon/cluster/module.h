/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"

/* A machine that computes alone needs no TLS, and not the memory of its libraries: what does is a
 * module, which the daemon loads when the node is in a cluster or is to be. To the rest of the
 * daemon the functions of cluster.h look the same; front.c passes them on. */
typedef struct PiClusterModule {
        __typeof__(pi_identity_load) *identity_load;
        __typeof__(pi_identity_free) *identity_free;
        __typeof__(pi_cluster_new) *new;
        __typeof__(pi_cluster_free) *free;
        __typeof__(pi_cluster_add_listener) *add_listener;
        __typeof__(pi_cluster_peers) *peers;
        __typeof__(pi_cluster_id) *id;
        __typeof__(pi_cluster_n_members) *n_members;
        __typeof__(pi_cluster_member) *member;
        __typeof__(pi_cluster_init) *init;
        __typeof__(pi_cluster_create_token) *create_token;
        __typeof__(pi_cluster_list_tokens) *list_tokens;
        __typeof__(pi_cluster_revoke_token) *revoke_token;
        __typeof__(pi_cluster_join) *join;
        __typeof__(pi_cluster_leave) *leave;
        __typeof__(pi_cluster_remove) *remove;
        __typeof__(pi_cluster_restore) *restore;
} PiClusterModule;

#define PI_CLUSTER_MODULE_FILE "pi-computed-cluster.so" /* where the run path of the program says */
#define PI_CLUSTER_MODULE_SYMBOL "pi_cluster_module"
extern const PiClusterModule pi_cluster_module;

/* What a PiCluster begins with. */
typedef struct PiClusterHead {
        const PiClusterModule *module;
} PiClusterHead;

/* Loads the module, for as long as the process runs. Errors: PI_ERROR_FAILED, with what is
 * missing. */
const PiClusterModule *pi_cluster_module_load(GError **error);
