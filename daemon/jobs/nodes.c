/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/nodes.h"

#include <string.h>

#include "dbus/options.h"

#define ID_DIGITS_MAX 32

static gboolean refuse(const char *name, gboolean in_cluster, GError **error) {
        g_autofree char *shown = pi_option_shown(name);

        return pi_option_invalid(error,
                                 in_cluster ? "Option \"nodes\" has \"%s\", and no member has that "
                                              "id or name: \"pictl nodes\" lists them"
                                            : "Option \"nodes\" has \"%s\", and this node is not "
                                              "in a cluster",
                                 shown);
}

gboolean pi_job_nodes_find(const PiJobOffer *offer, char **names, PiJobSpec *spec,
                           GError **error) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
        const PiPeers *peers = offer->peers;

        for (char **name = names; *name; name++) {
                const char *id;

                if (g_str_equal(*name, offer->node_id) || g_str_equal(*name, offer->node_name))
                        id = offer->node_id;
                else if (!peers || !peers->find(*name, &id, peers->userdata))
                        return refuse(*name, offer->cluster_cpus > 0, error);
                if (!g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
                        g_ptr_array_add(ids, g_strdup(id));
        }
        g_ptr_array_add(ids, NULL);
        spec->nodes = (char **) g_ptr_array_free(g_steal_pointer(&ids), FALSE);
        spec->elsewhere = pi_job_nodes_are_others(spec, offer->node_id, peers);
        return TRUE;
}

gboolean pi_job_nodes_are_others(const PiJobSpec *spec, const char *node_id, const PiPeers *peers) {
        gboolean some = FALSE;

        for (char **id = spec->nodes; id && *id; id++) {
                const char *found;

                if (g_str_equal(*id, node_id))
                        return FALSE;
                some |= peers && peers->find(*id, &found, peers->userdata);
        }
        return some;
}

char *pi_job_nodes_to_text(char **nodes) {
        return nodes ? g_strjoinv(" ", nodes) : g_strdup("");
}

static gboolean is_id(const char *text) {
        size_t length = strlen(text);

        return length > 0 && length <= ID_DIGITS_MAX &&
               strspn(text, "0123456789abcdef") == length;
}

gboolean pi_job_nodes_from_text(const char *text, char ***ret) {
        g_auto(GStrv) ids = text[0] ? g_strsplit(text, " ", PI_PEERS_MAX + 2) : NULL;

        if (ids && g_strv_length(ids) > PI_PEERS_MAX + 1)
                return FALSE;
        for (char **id = ids; id && *id; id++)
                if (!is_id(*id))
                        return FALSE;
        *ret = g_steal_pointer(&ids);
        return TRUE;
}

uint32_t pi_job_nodes_cpus(const PiJobOffer *offer, const PiJobSpec *spec) {
        g_autofree PiPeer *peer = g_new(PiPeer, PI_PEERS_MAX);
        guint n = offer->peers->list(peer, offer->peers->userdata);
        uint32_t cpus = spec->elsewhere ? 0 : offer->cpus;

        for (guint i = 0; i < n; i++)
                if (!spec->nodes || g_strv_contains((const char *const *) spec->nodes, peer[i].id))
                        cpus += peer[i].cpus;
        /* With none of them connected this node does what there is to do. */
        return cpus > 0 ? cpus : offer->cpus;
}
