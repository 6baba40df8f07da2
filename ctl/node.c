/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/node.h"

#include <string.h>

#include "ctl/job.h"
#include "ctl/text.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* Longer than any list that can be right. */
#define TEXT_MAX (PI_NODES_MAX * 65)

GPtrArray *pi_nodes_fetch(PiClient *client, GError **error) {
        g_autoptr(GPtrArray) nodes =
                g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);
        g_autoptr(GVariant) manager = pi_client_get_all(client, PI_OBJECT_PATH,
                                                        PI_INTERFACE_MANAGER, error);
        g_autofree const char **paths = NULL;

        if (!manager)
                return NULL;
        if (!g_variant_lookup(manager, "Nodes", "^a&o", &paths))
                return g_steal_pointer(&nodes);
        for (const char **path = paths; *path; path++) {
                g_autoptr(GError) problem = NULL;
                GVariant *node = pi_client_get_all(client, *path, PI_INTERFACE_NODE, &problem);

                if (node)
                        g_ptr_array_add(nodes, node);
                /* One that was removed meanwhile is no member. */
                else if (!g_error_matches(problem, PI_ERROR, PI_ERROR_NO_SUCH_NODE)) {
                        g_propagate_error(error, g_steal_pointer(&problem));
                        return NULL;
                }
        }
        return g_steal_pointer(&nodes);
}

GVariant *pi_nodes_parse(const char *text, GError **error) {
        g_auto(GStrv) items = strlen(text) <= TEXT_MAX ? g_strsplit(text, ",", -1) : NULL;

        if (!items || g_strv_length(items) > PI_NODES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--nodes: the list is too long; it may have 1 to %d ids or names of "
                            "nodes, for example node1,node2 (pictl nodes lists them)",
                            PI_NODES_MAX);
                return NULL;
        }
        for (char **item = items; *item || item == items; item++)
                if (!*item || !**item) {
                        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                            "--nodes: an entry is empty; give ids or names of "
                                            "nodes, for example node1,node2 (pictl nodes lists "
                                            "them)");
                        return NULL;
                }
        return g_variant_new_strv((const char *const *) items, -1);
}

gboolean pi_node_is(GVariant *node, const char *state) {
        return strcmp(pi_dict_string(node, "State"), state) == 0;
}
