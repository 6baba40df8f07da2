/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/node.h"

#include <string.h>

#include "dbus/error.h"

static void expect(const char *text, const char *list) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) nodes = pi_nodes_parse(text, &error);
        g_autofree char *printed = NULL;

        g_assert_no_error(error);
        g_variant_ref_sink(nodes);
        printed = g_variant_print(nodes, FALSE);
        g_assert_cmpstr(printed, ==, list);
}

static void refuse(const char *text, const char *says) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_nodes_parse(text, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, says));
}

static void test_parse(void) {
        expect("node1", "['node1']");
        expect("node1,0123abcd", "['node1', '0123abcd']");
        refuse("", "an entry is empty");
        refuse("a,,b", "an entry is empty");
        refuse("a,", "an entry is empty");
}

static void test_too_many(void) {
        g_autoptr(GString) text = g_string_new("a");
        g_autofree char *wide = g_strnfill(1000000, 'a');
        g_autoptr(GVariant) most = NULL;

        for (guint i = 1; i < PI_NODES_MAX; i++)
                g_string_append(text, ",a");
        most = g_variant_ref_sink(pi_nodes_parse(text->str, NULL));
        g_assert_cmpuint(g_variant_n_children(most), ==, PI_NODES_MAX);
        g_string_append(text, ",a");
        refuse(text->str, "1 to 128");
        refuse(wide, "too long");
}

static void test_state(void) {
        g_autoptr(GVariant) node = g_variant_ref_sink(
                g_variant_new_parsed("{'State': <'up'>, 'Name': <'self'>}"));

        g_assert_true(pi_node_is(node, "up"));
        g_assert_false(pi_node_is(node, "self"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/node/parse", test_parse);
        g_test_add_func("/ctl/node/too-many", test_too_many);
        g_test_add_func("/ctl/node/state", test_state);
        return g_test_run();
}
