/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/server-private.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* The Nodes property is announced at most this often, however many members come at once. */
#define NODES_CHANGED_MSEC 100

static guint n_members(const PiServer *server) {
        return server->cluster ? pi_cluster_n_members(server->cluster) : 0;
}

/* By its id alone: a name may look like another's id. */
static gboolean find_member(const PiServer *server, const char *id, PiMemberView *ret) {
        for (guint i = 0; i < n_members(server); i++) {
                pi_cluster_member(server->cluster, i, ret);
                if (g_str_equal(ret->id, id))
                        return TRUE;
        }
        return FALSE;
}

static char *path_of(const char *id) {
        return g_strconcat(PI_NODE_PATH_PREFIX "/", id, NULL);
}

static int find_node(sd_bus *bus, const char *path, const char *interface, void *userdata,
                     void **ret, sd_bus_error *error) {
        PiServer *server = userdata;
        const char *id = path + strlen(PI_NODE_PATH_PREFIX "/");

        if (!g_str_has_prefix(path, PI_NODE_PATH_PREFIX "/"))
                return 0;
        if (g_strcmp0(server->departing, id) == 0)
                server->node = (PiMemberView) { .id = server->departing };
        else if (!find_member(server, id, &server->node))
                return 0;
        *ret = &server->node;
        return 1;
}

static int enumerate_nodes(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                           sd_bus_error *error) {
        PiServer *server = userdata;
        guint n = n_members(server);
        /* sd-bus frees it with free(). */
        char **paths = calloc((size_t) n + 1, sizeof(char *));

        if (!paths)
                return -ENOMEM;
        for (guint i = 0; i < n; i++) {
                PiMemberView view;

                pi_cluster_member(server->cluster, i, &view);
                if (asprintf(&paths[i], PI_NODE_PATH_PREFIX "/%s", view.id) < 0)
                        return -ENOMEM;
        }
        *ret = paths;
        return 0;
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const PiMemberView *view = userdata;

        return sd_bus_message_append(reply, "s", pi_member_state_to_string(view->state));
}

#define FIELD(name, type, field, flags) \
        SD_BUS_PROPERTY(name, type, NULL, offsetof(PiMemberView, field), flags)
#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define LIVE SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define SILENT 0

static const sd_bus_vtable node_vtable[] = {
        SD_BUS_VTABLE_START(0),
        FIELD("Id", "s", id, CONST),
        FIELD("Name", "s", name, LIVE),
        FIELD("Fingerprint", "s", fingerprint, CONST),
        FIELD("Addresses", "as", addresses, LIVE),
        SD_BUS_PROPERTY("State", "s", get_state, 0, LIVE),
        FIELD("StateReason", "s", why, LIVE),
        FIELD("Version", "s", version, LIVE),
        FIELD("Cpus", "u", cpus, LIVE),
        FIELD("OutboundOnly", "b", outbound_only, LIVE),
        FIELD("TermsPerSecond", "d", terms_per_second, SILENT),
        FIELD("LastSeenUsec", "t", last_seen_usec, SILENT),
        FIELD("RoundTripUsec", "t", round_trip_usec, SILENT),
        FIELD("ClockOffsetUsec", "x", clock_offset_usec, SILENT),
        FIELD("Verified", "t", leases_verified, SILENT),
        FIELD("Failed", "t", leases_failed, SILENT),
        FIELD("Lost", "t", leases_lost, SILENT),
        FIELD("Served", "t", leases_served, SILENT),
        SD_BUS_VTABLE_END,
};

int pi_node_objects_add(PiServer *server) {
        int r;

        r = sd_bus_add_fallback_vtable(server->bus, NULL, PI_NODE_PATH_PREFIX, PI_INTERFACE_NODE,
                                       node_vtable, find_node, server);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(server->bus, NULL, PI_NODE_PATH_PREFIX, enumerate_nodes,
                                          server);
}

int pi_property_cluster_id(sd_bus *bus, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *userdata,
                           sd_bus_error *error) {
        const PiServer *server = userdata;

        return sd_bus_message_append(reply, "s",
                                     server->cluster ? pi_cluster_id(server->cluster) : "");
}

int pi_property_cluster_error(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error) {
        const PiServer *server = userdata;
        g_autoptr(GError) why = NULL;

        if (!server->cluster)
                (void) server->config.open_cluster(FALSE, &why, server->config.userdata);
        /* To be in none is no error. */
        if (g_error_matches(why, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER))
                g_clear_error(&why);
        return sd_bus_message_append(reply, "s", why ? why->message : "");
}

int pi_property_nodes(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const PiServer *server = userdata;
        int r = sd_bus_message_open_container(reply, 'a', "o");

        for (guint i = 0; r >= 0 && i < n_members(server); i++) {
                g_autofree char *node_path = NULL;
                PiMemberView view;

                pi_cluster_member(server->cluster, i, &view);
                node_path = path_of(view.id);
                r = sd_bus_message_append(reply, "o", node_path);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Signals that cannot be sent have lost their bus, which the server is told of elsewhere. */

static gboolean announce_nodes(gpointer userdata) {
        PiServer *server = userdata;

        server->nodes_changed = 0;
        (void) sd_bus_emit_properties_changed(server->bus, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                              "Nodes", NULL);
        return G_SOURCE_REMOVE;
}

static void nodes_changed(PiServer *server) {
        if (server->nodes_changed == 0)
                server->nodes_changed = g_timeout_add(NODES_CHANGED_MSEC, announce_nodes, server);
}

static void announce(PiServer *server, const char *id) {
        g_autofree char *path = path_of(id);

        if (!g_hash_table_add(server->announced, g_strdup(id)))
                return;
        (void) sd_bus_emit_object_added(server->bus, path);
        nodes_changed(server);
}

/* The object is gone from the cluster, but what is told of its end comes from its vtable. */
static void withdraw(PiServer *server, const char *id) {
        g_autofree char *path = path_of(id);

        if (!g_hash_table_remove(server->announced, id))
                return;
        server->departing = id;
        (void) sd_bus_emit_object_removed(server->bus, path);
        server->departing = NULL;
        nodes_changed(server);
}

/* Brings what was announced in line with the cluster, which may have changed as a whole. */
static void announce_all(PiServer *server) {
        g_autoptr(GList) ids = g_hash_table_get_keys(server->announced);
        PiMemberView view;

        for (GList *l = ids; l; l = l->next)
                if (!find_member(server, l->data, &view)) {
                        g_autofree char *id = g_strdup(l->data);
                        withdraw(server, id);
                }
        for (guint i = 0; i < n_members(server); i++) {
                pi_cluster_member(server->cluster, i, &view);
                announce(server, view.id);
        }
}

static void cluster_changed(gpointer userdata) {
        PiServer *server = userdata;

        announce_all(server);
        (void) sd_bus_emit_properties_changed(server->bus, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                              "ClusterId", NULL);
}

static void member_added(const PiMemberView *member, gpointer userdata) {
        announce(userdata, member->id);
}

static void member_changed(const PiMemberView *member, gpointer userdata) {
        PiServer *server = userdata;
        g_autofree char *path = path_of(member->id);

        (void) sd_bus_emit_properties_changed(server->bus, path, PI_INTERFACE_NODE, "Name",
                                              "Addresses", "State", "StateReason", "Version",
                                              "Cpus", "OutboundOnly", NULL);
}

static void member_removed(const char *id, const char *name, gpointer userdata) {
        withdraw(userdata, id);
}

static const PiClusterListener node_objects_listener = {
        .joined = cluster_changed,
        .left = cluster_changed,
        .member_added = member_added,
        .member_changed = member_changed,
        .member_removed = member_removed,
};

void pi_node_objects_begin(PiServer *server) {
        announce_all(server);
        pi_cluster_add_listener(server->cluster, &node_objects_listener, server);
}
