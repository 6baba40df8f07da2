/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/module.h"

/* The one symbol of the module that others see. */
__attribute__((visibility("default"))) const PiClusterModule pi_cluster_module = {
        .identity_load = pi_identity_load,
        .identity_free = pi_identity_free,
        .new = pi_cluster_new,
        .free = pi_cluster_free,
        .add_listener = pi_cluster_add_listener,
        .peers = pi_cluster_peers,
        .id = pi_cluster_id,
        .n_members = pi_cluster_n_members,
        .member = pi_cluster_member,
        .init = pi_cluster_init,
        .create_token = pi_cluster_create_token,
        .list_tokens = pi_cluster_list_tokens,
        .revoke_token = pi_cluster_revoke_token,
        .join = pi_cluster_join,
        .leave = pi_cluster_leave,
        .remove = pi_cluster_remove,
        .restore = pi_cluster_restore,
};
