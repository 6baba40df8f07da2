/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/module.h"
#include "daemon/module.h"

const PiClusterModule *pi_cluster_module_load(GError **error) {
        return pi_module_load(PI_CLUSTER_MODULE_FILE, PI_CLUSTER_MODULE_SYMBOL, error);
}

static const PiClusterModule *of(const PiCluster *cluster) {
        return ((const PiClusterHead *) cluster)->module;
}

void pi_cluster_free(PiCluster *cluster) {
        if (cluster)
                of(cluster)->free(cluster);
}

void pi_cluster_add_listener(PiCluster *cluster, const PiClusterListener *listener,
                             gpointer userdata) {
        of(cluster)->add_listener(cluster, listener, userdata);
}

const PiPeers *pi_cluster_peers(PiCluster *cluster) {
        return of(cluster)->peers(cluster);
}

const char *pi_cluster_id(const PiCluster *cluster) {
        return of(cluster)->id(cluster);
}

guint pi_cluster_n_members(const PiCluster *cluster) {
        return of(cluster)->n_members(cluster);
}

void pi_cluster_member(const PiCluster *cluster, guint index, PiMemberView *ret) {
        of(cluster)->member(cluster, index, ret);
}

void pi_cluster_init(PiCluster *cluster, PiClusterDone done, gpointer userdata) {
        of(cluster)->init(cluster, done, userdata);
}

void pi_cluster_create_token(PiCluster *cluster, uint64_t ttl_usec, uint32_t uses,
                             PiClusterDone done, gpointer userdata) {
        of(cluster)->create_token(cluster, ttl_usec, uses, done, userdata);
}

GVariant *pi_cluster_list_tokens(const PiCluster *cluster) {
        return of(cluster)->list_tokens(cluster);
}

void pi_cluster_revoke_token(PiCluster *cluster, const char *id, PiClusterDone done,
                             gpointer userdata) {
        of(cluster)->revoke_token(cluster, id, done, userdata);
}

void pi_cluster_join(PiCluster *cluster, const char *token, PiClusterDone done,
                     gpointer userdata) {
        of(cluster)->join(cluster, token, done, userdata);
}

void pi_cluster_leave(PiCluster *cluster, PiClusterDone done, gpointer userdata) {
        of(cluster)->leave(cluster, done, userdata);
}

void pi_cluster_remove(PiCluster *cluster, const char *id_or_name, PiClusterDone done,
                       gpointer userdata) {
        of(cluster)->remove(cluster, id_or_name, done, userdata);
}

gboolean pi_cluster_restore(PiCluster *cluster, const char *id_or_name, GError **error) {
        return of(cluster)->restore(cluster, id_or_name, error);
}
