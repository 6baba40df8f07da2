/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/topology.h"

#include "tests/unit/metrics/tree.h"

#define PACKAGE "/sys/devices/system/cpu/cpu12/topology/physical_package_id"
#define CORE "/sys/devices/system/cpu/cpu12/topology/core_id"

static void test_known(void) {
        g_auto(Tree) tree = {};
        PiTopology t;

        tree_init(&tree);
        tree_write(&tree, PACKAGE, "1\n");
        tree_write(&tree, CORE, "37\n");
        pi_topology_read(tree.root, 12, &t);
        g_assert_true(t.has_package);
        g_assert_cmpuint(t.package, ==, 1);
        g_assert_true(t.has_core);
        g_assert_cmpuint(t.core, ==, 37);
}

/* -1 is the kernel's word for unknown; the rest is no number of its. */
static void test_unknown(void) {
        static const char *const texts[] = { "-1\n", "",      "\n", "7", "4294967296\n",
                                             "7 7\n", "x\n" };

        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_auto(Tree) tree = {};
                PiTopology t = { TRUE, 9, TRUE, 9 };

                tree_init(&tree);
                tree_write(&tree, PACKAGE, texts[i]);
                pi_topology_read(tree.root, 12, &t);
                g_assert_false(t.has_package);
                g_assert_false(t.has_core);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/topology/known", test_known);
        g_test_add_func("/topology/unknown", test_unknown);
        return g_test_run();
}
