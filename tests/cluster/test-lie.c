/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/fault.h"
#include "tests/cluster/namespaces.h"

/* A member that computes wrongly, and one that is right and says something else. */

static void inject(TestNode *node, const char *options) {
        g_autoptr(GVariant) metrics = test_metrics(node->client);
        g_autoptr(GVariant) cores =
                g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) core = g_variant_get_child_value(cores, 0);
        g_autofree char *arguments = g_strdup_printf("(uint32 %u, {%s})",
                                                     test_lookup_u32(core, "cpu"), options);

        g_assert_null(test_manager_call(node->client, "InjectFault", arguments));
}

static void assert_idle_member(TestFault *f, guint number) {
        g_autoptr(GVariant) report = test_compute_over(f->node[1], f->terms, NULL, f->sum);
        g_autoptr(GVariant) row = test_report_row(report, f->node[number]->name);

        if (row)
                g_assert_cmpuint(test_lookup_u64(row, "leases"), ==, 0);
}

/* Its own verification cannot see it; that of who asked does. */
static void lies(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL, member = NULL, row = NULL;
        g_autofree char *reason = NULL;
        GVariant *id;

        inject(f->node[2], "'kind': <'lie'>");
        report = test_compute_over(f->node[1], f->terms, NULL, f->sum);
        g_assert_cmpuint(test_lookup_u64(report, PI_REPORT_LEASES_RETRIED), >, 0);
        row = test_report_row(report, f->node[2]->name);
        g_assert_nonnull(row);
        g_assert_cmpuint(test_lookup_u64(row, "leases_retried"), >, 0);

        test_wait_for_member(f->node[1], f->node[2], "quarantined");
        member = test_member(f->node[1], f->node[2]->name);
        reason = test_lookup_string(member, "StateReason");
        g_assert_cmpstr(reason, !=, "");
        g_assert_cmpuint(test_lookup_u64(member, "Failed"), >=, 1);
        g_assert_true(test_node_has_logged(f->node[1], f->node[2]->name));
        assert_idle_member(f, 2);
        /* It knows nothing of that, and others judge for themselves. */
        test_wait_for_member(f->node[3], f->node[2], "up");

        test_call_fails(f->node[1], "RestoreNode", g_variant_new("(s)", "nobody"), "NoSuchNode",
                        "nobody");
        id = test_manager_property(f->node[2], "NodeId");
        inject(f->node[2], "'kind': <'none'>");
        g_assert_null(test_call_ok(f->node[1], "RestoreNode", g_variant_new("(@s)", id)));
        g_variant_unref(id);
        test_wait_for_member(f->node[1], f->node[2], "up");
        test_fault_all_share(f);
}

/* A restart of either does not make it believed again. */
static void stays(TestFault *f, gconstpointer data) {
        inject(f->node[2], "'kind': <'lie'>");
        g_variant_unref(test_compute_over(f->node[1], f->terms, NULL, f->sum));
        test_wait_for_member(f->node[1], f->node[2], "quarantined");
        test_node_kill(f->node[2]);
        test_node_start(f->node[2]);
        test_wait_for_member(f->node[2], f->node[1], "up");
        test_wait_for_member(f->node[1], f->node[2], "quarantined");
        test_node_stop(f->node[1]);
        test_node_start(f->node[1]);
        test_wait_for_member(f->node[2], f->node[1], "up");
        test_wait_for_member(f->node[1], f->node[2], "quarantined");
        assert_idle_member(f, 2);
}

/* Both others lie, all the time: the coordinator does it alone. */
static void both(TestFault *f, gconstpointer data) {
        inject(f->node[2], "'kind': <'lie'>");
        inject(f->node[3], "'kind': <'lie'>");
        g_variant_unref(test_compute_over(f->node[1], f->terms, NULL, f->sum));
        test_wait_for_member(f->node[1], f->node[2], "quarantined");
        test_wait_for_member(f->node[1], f->node[3], "quarantined");
        assert_idle_member(f, 2);
}

/* A flipped bit in a member's core is its own referee's affair. */
static void flips(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        inject(f->node[2], "'kind': <'flip'>, 'bit': <uint32 50>, 'count': <uint32 3>");
        report = test_compute_over(f->node[1], f->terms, NULL, f->sum);
        g_assert_cmpuint(test_member_count(f->node[1], f->node[2]->name, "Failed"), ==, 0);
        test_wait_for_member(f->node[1], f->node[2], "up");
        {
                g_autoptr(GVariant) metrics = test_metrics(f->node[2]->client);

                g_assert_cmpuint(test_lookup_u64(metrics, "faults_transient"), >, 0);
        }
}

static void add(const char *path, void (*test)(TestFault *f, gconstpointer data)) {
        g_test_add(path, TestFault, NULL, test_fault_set_up, test, test_fault_tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/lie/lies", lies);
        add("/cluster/lie/stays", stays);
        add("/cluster/lie/both", both);
        add("/cluster/lie/flips", flips);
        return g_test_run();
}
