/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/calls.h"

#include <string.h>

#include "dbus/variant.h"

#define ERROR_PREFIX PI_BUS_NAME ".Error."

static GVariant *read_all(sd_bus_message *m) {
        GVariantBuilder b = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_TUPLE);

        while (sd_bus_message_at_end(m, true) == 0) {
                GVariant *value;

                g_assert_cmpint(pi_variant_read(m, &value), >=, 0);
                g_variant_builder_add_value(&b, value);
                g_variant_unref(value);
        }
        return g_variant_ref_sink(g_variant_builder_end(&b));
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        TestCall *call = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        call->answered = TRUE;
        call->answered_usec = g_get_monotonic_time();
        if (e) {
                call->error = g_strdup(e->name);
                call->message = g_strdup(e->message);
        } else
                call->result = read_all(m);
        return 1;
}

TestCall *test_call_begin(TestNode *node, const char *method, GVariant *arguments) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        g_autoptr(GVariant) tuple = arguments ? g_variant_ref_sink(arguments) : NULL;
        TestCall *call = g_new0(TestCall, 1);

        call->client = test_connect(node->bus);
        g_assert_cmpint(sd_bus_message_new_method_call(call->client, &m, PI_BUS_NAME,
                                                       PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                                       method), >=, 0);
        for (gsize i = 0; tuple && i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(tuple, i);

                g_assert_cmpint(pi_variant_append(m, argument), >=, 0);
        }
        call->begin_usec = g_get_monotonic_time();
        g_assert_cmpint(sd_bus_call_async(call->client, &call->slot, m, on_answer, call, 0), >=, 0);
        g_assert_cmpint(sd_bus_flush(call->client), >=, 0);
        return call;
}

gboolean test_call_poll(TestCall *call) {
        while (!call->answered && sd_bus_process(call->client, NULL) > 0)
                ;
        return call->answered;
}

void test_call_wait(TestCall *call) {
        while (!test_call_poll(call))
                g_assert_cmpint(sd_bus_wait(call->client, UINT64_MAX), >=, 0);
}

void test_call_free(TestCall *call) {
        sd_bus_slot_unref(call->slot);
        sd_bus_close(call->client);
        sd_bus_unref(call->client);
        g_free(call->error);
        g_free(call->message);
        g_clear_pointer(&call->result, g_variant_unref);
        g_free(call);
}

TestCall *test_call(TestNode *node, const char *method, GVariant *arguments) {
        TestCall *call = test_call_begin(node, method, arguments);

        test_call_wait(call);
        if (call->error)
                g_test_message("%s of %s: %s: %s", method, node->name, call->error, call->message);
        return call;
}

GVariant *test_call_ok(TestNode *node, const char *method, GVariant *arguments) {
        g_autoptr(TestCall) call = test_call(node, method, arguments);

        if (call->error)
                g_error("%s of %s: %s: %s", method, node->name, call->error, call->message);
        return g_variant_n_children(call->result) > 0 ? g_variant_get_child_value(call->result, 0)
                                                      : NULL;
}

void test_call_fails(TestNode *node, const char *method, GVariant *arguments, const char *error,
                     const char *text) {
        g_autofree char *name = g_strconcat(ERROR_PREFIX, error, NULL);
        g_autoptr(TestCall) call = test_call(node, method, arguments);

        g_assert_cmpstr(call->error, ==, name);
        if (text && !strstr(call->message, text))
                g_error("no \"%s\" in \"%s\"", text, call->message);
}

GVariant *test_compute_arguments(uint64_t terms, const char *options) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) o = g_variant_parse(G_VARIANT_TYPE_VARDICT, options ? options : "{}",
                                                NULL, NULL, &error);

        g_assert_no_error(error);
        return g_variant_new("(t@a{sv})", terms, o);
}

GVariant *test_call_report(TestCall *call) {
        if (call->error)
                g_error("ComputePi: %s: %s", call->error, call->message);
        return g_variant_get_child_value(call->result, 1);
}

char *test_call_sum(TestCall *call) {
        g_autoptr(GVariant) report = test_call_report(call);

        return test_lookup_string(report, PI_REPORT_SUM_HEX);
}

char *test_sum_alone(TestNode *node, uint64_t terms) {
        g_autoptr(TestCall) call = test_call(node, "ComputePi",
                                             test_compute_arguments(terms, "{'scope': <'local'>}"));

        return test_call_sum(call);
}

GVariant *test_manager_property(TestNode *node, const char *name) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autoptr(GVariant) boxed = NULL;

        if (sd_bus_call_method(node->client, PI_BUS_NAME, PI_OBJECT_PATH,
                               "org.freedesktop.DBus.Properties", "Get", &error, &reply, "ss",
                               PI_INTERFACE_MANAGER, name) < 0)
                g_error("property %s of %s: %s", name, node->name, error.message);
        g_assert_cmpint(pi_variant_read(reply, &boxed), >=, 0);
        return g_variant_get_variant(boxed);
}

/* a{oa{sa{sv}}} */
static GVariant *objects(TestNode *at) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        GVariant *all;

        if (sd_bus_call_method(at->client, PI_BUS_NAME, PI_OBJECT_PATH,
                               "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &error,
                               &reply, NULL) < 0)
                g_error("GetManagedObjects of %s: %s", at->name, error.message);
        g_assert_cmpint(pi_variant_read(reply, &all), >=, 0);
        return all;
}

/* Of an object that is a Node; else NULL. */
static GVariant *node_properties(GVariant *entry) {
        g_autoptr(GVariant) interfaces = g_variant_get_child_value(entry, 1);

        return g_variant_lookup_value(interfaces, PI_INTERFACE_NODE, G_VARIANT_TYPE_VARDICT);
}

GVariant *test_member(TestNode *at, const char *name) {
        g_autoptr(GVariant) all = objects(at);

        for (gsize i = 0; i < g_variant_n_children(all); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);
                g_autoptr(GVariant) properties = node_properties(entry);
                g_autofree char *is = properties ? test_lookup_string(properties, "Name") : NULL;

                if (g_strcmp0(is, name) == 0)
                        return g_steal_pointer(&properties);
        }
        return NULL;
}

uint64_t test_member_count(TestNode *at, const char *name, const char *property) {
        g_autoptr(GVariant) member = test_member(at, name);

        g_assert_nonnull(member);
        return test_lookup_u64(member, property);
}

guint test_count_members(TestNode *at) {
        g_autoptr(GVariant) all = objects(at);
        guint n = 0;

        for (gsize i = 0; i < g_variant_n_children(all); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);
                g_autoptr(GVariant) properties = node_properties(entry);

                n += properties != NULL;
        }
        return n;
}
