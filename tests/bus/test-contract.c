/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "tests/bus/harness.h"

/* The documented XML and what the daemon exports are the same: members, argument names and types,
 * property annotations. */

static char *introspect(sd_bus *client, const char *service, const char *path) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        const char *xml;

        g_assert_cmpint(sd_bus_call_method(client, service, path,
                                           "org.freedesktop.DBus.Introspectable", "Introspect",
                                           NULL, &reply, NULL),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >=, 0);
        return g_strdup(xml);
}

static void add_args(GString *s, const char *direction, GDBusArgInfo **args) {
        for (; args && *args; args++)
                g_string_append_printf(s, " %s %s %s", direction, (*args)->signature,
                                       (*args)->name);
}

static const char *annotation(GDBusPropertyInfo *p, const char *name) {
        const char *value = g_dbus_annotation_info_lookup(p->annotations, name);

        /* What the specification says of a property that says nothing. */
        return value ? value : "true";
}

/* One line a member, so that a difference is read at a glance. */
static int compare_lines(gconstpointer a, gconstpointer b) {
        return g_strcmp0(*(const char *const *) a, *(const char *const *) b);
}

static char *describe(GDBusInterfaceInfo *interface) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

        for (GDBusMethodInfo **m = interface->methods; m && *m; m++) {
                GString *s = g_string_new((*m)->name);
                add_args(s, "in", (*m)->in_args);
                add_args(s, "out", (*m)->out_args);
                g_ptr_array_add(lines, g_string_free(s, FALSE));
        }
        for (GDBusSignalInfo **i = interface->signals; i && *i; i++) {
                GString *s = g_string_new("signal ");
                g_string_append(s, (*i)->name);
                add_args(s, "", (*i)->args);
                g_ptr_array_add(lines, g_string_free(s, FALSE));
        }
        for (GDBusPropertyInfo **p = interface->properties; p && *p; p++)
                g_ptr_array_add(lines,
                                g_strdup_printf("%s %s flags=%d emits=%s", (*p)->name,
                                                (*p)->signature, (*p)->flags,
                                                annotation(*p, "org.freedesktop.DBus.Property."
                                                               "EmitsChangedSignal")));
        g_ptr_array_sort(lines, compare_lines);
        g_ptr_array_add(lines, NULL);
        return g_strjoinv("\n", (char **) lines->pdata);
}

static void same_of(sd_bus *client, const char *service, const char *path, const char *name) {
        g_autofree char *file = g_strdup_printf("%s/dbus/%s.xml", g_getenv("PI_SOURCE_ROOT"), name);
        g_autofree char *live_xml = introspect(client, service, path), *xml = NULL,
                        *documented = NULL, *live = NULL;
        g_autoptr(GDBusNodeInfo) live_node = NULL, node = NULL;
        g_autoptr(GError) error = NULL;

        g_file_get_contents(file, &xml, NULL, &error);
        g_assert_no_error(error);
        node = g_dbus_node_info_new_for_xml(xml, &error);
        g_assert_no_error(error);
        live_node = g_dbus_node_info_new_for_xml(live_xml, &error);
        g_assert_no_error(error);
        g_assert_nonnull(g_dbus_node_info_lookup_interface(live_node, name));
        documented = describe(g_dbus_node_info_lookup_interface(node, name));
        live = describe(g_dbus_node_info_lookup_interface(live_node, name));
        g_assert_cmpstr(live, ==, documented);
        /* A description that sees nothing would find everything equal. */
        g_assert_cmpuint(strlen(live), >, 150);
}

static void same(sd_bus *client, const char *path, const char *name) {
        same_of(client, PI_BUS_NAME, path, name);
}

/* Of this node, which has an object while it is in a cluster. */
static char *node_path(sd_bus *client) {
        g_autofree char *id = NULL;

        g_assert_cmpint(sd_bus_get_property_string(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                   PI_INTERFACE_MANAGER, "NodeId", NULL, &id),
                        >=, 0);
        return g_strconcat(PI_NODE_PATH_PREFIX "/", id, NULL);
}

/* It takes no privilege to be looked at. */
static void firewall(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(bus, G_SUBPROCESS_FLAGS_NONE);
        g_autoptr(GError) error = NULL;
        g_autoptr(GSubprocess) helper = g_subprocess_launcher_spawn(
                launcher, &error, g_getenv("PI_FIREWALL"), "--user", NULL);
        sd_bus *client = test_connect(bus);

        g_assert_no_error(error);
        while (sd_bus_get_name_creds(client, PI_FIREWALL_BUS_NAME, 0, NULL) < 0) {
                g_assert_nonnull(g_subprocess_get_identifier(helper));
                g_usleep(2000);
        }
        same_of(client, PI_FIREWALL_BUS_NAME, PI_FIREWALL_PATH, PI_INTERFACE_FIREWALL);
        g_subprocess_send_signal(helper, SIGTERM);
        g_subprocess_wait_check(helper, NULL, &error);
        g_assert_no_error(error);
        sd_bus_flush_close_unref(client);
}

static void contract(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *path = NULL, *node = NULL;
        sd_bus *client;

        test_cluster_settings(bus);
        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        g_assert_null(test_submit(client, 1000, NULL, &path));
        same(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER);
        same(client, path, PI_INTERFACE_JOB);
        g_assert_null(test_manager_call(client, "CreateCluster", "()"));
        node = node_path(client);
        same(client, node, PI_INTERFACE_NODE);
        sd_bus_flush_close_unref(client);
}

typedef struct Signals {
        guint added, removed, jobs_invalidated, states;
        double progress;
} Signals;

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Signals *s = userdata;
        const char *interface;

        if (sd_bus_message_is_signal(m, NULL, "InterfacesAdded"))
                s->added++;
        else if (sd_bus_message_is_signal(m, NULL, "InterfacesRemoved"))
                s->removed++;
        else if (sd_bus_message_is_signal(m, NULL, "PropertiesChanged")) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &interface), >=, 0);
                if (g_str_equal(interface, PI_INTERFACE_MANAGER))
                        s->jobs_invalidated++;
                else
                        s->states++;
        }
        return 0;
}

static void change_signals(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        Signals s = {};
        sd_bus *client, *listener;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        listener = test_connect(bus);
        g_assert_cmpint(sd_bus_add_match(listener, NULL, "type='signal',sender='" PI_BUS_NAME "'",
                                         on_signal, &s),
                        >=, 0);
        g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
        /* The object itself, its end, and the announced list of jobs. */
        while (s.added < 1 || s.states < 1 || s.jobs_invalidated < 1) {
                int r = sd_bus_process(listener, NULL);
                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        g_assert_cmpint(sd_bus_wait(listener, UINT64_MAX), >=, 0);
        }
        g_assert_cmpuint(s.added, ==, 1);
        g_assert_cmpuint(s.removed, ==, 0);
        sd_bus_flush_close_unref(listener);
        sd_bus_flush_close_unref(client);
}

/* GetManagedObjects shows the jobs with their properties; the Manager is what it is asked of. */
static void managed_objects(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        sd_bus_message *reply;
        const char *path;
        guint jobs = 0;
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
        g_assert_null(test_compute(client, 1001, NULL, NULL, NULL));
        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           "org.freedesktop.DBus.ObjectManager",
                                           "GetManagedObjects", NULL, &reply, NULL),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}"), >=, 0);
        while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
                g_assert_cmpint(sd_bus_message_read(reply, "o", &path), >=, 0);
                g_assert_true(g_str_has_prefix(path, PI_JOB_PATH_PREFIX) ||
                              g_str_has_prefix(path, PI_NODE_PATH_PREFIX));
                jobs += g_str_has_prefix(path, PI_JOB_PATH_PREFIX "/");
                g_assert_cmpint(sd_bus_message_skip(reply, "a{sa{sv}}"), >=, 0);
                g_assert_cmpint(sd_bus_message_exit_container(reply), >=, 0);
        }
        g_assert_cmpuint(jobs, ==, 2);
        sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/contract/xml-is-vtable", contract);
        g_test_add_func("/contract/firewall", firewall);
        g_test_add_func("/contract/change-signals", change_signals);
        g_test_add_func("/contract/managed-objects", managed_objects);
        return g_test_run();
}
