/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/fault.h"
#include "tests/cluster/namespaces.h"

/* Members that die, hang or cannot be reached in the middle of a job: they are noticed, the job
 * goes on with the same bits, and they come back by themselves. */

/* Until a member is lost whose connection breaks, which is told at once, or goes silent, for which
 * 4 s are given; the rest is for a machine that has other things to do. */
#define BROKEN_SECONDS 4.0
#define SILENT_SECONDS 8.0

static void assert_reason(TestNode *at, TestNode *of) {
        g_autoptr(GVariant) member = test_member(at, of->name);
        g_autofree char *reason = test_lookup_string(member, "StateReason");

        g_assert_cmpstr(reason, !=, "");
        g_test_message("%s is lost at %s: %s", of->name, at->name, reason);
}

static void killed(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_node_kill(f->node[2]);
        test_assert_noticed("a killed member", test_wait_for_member(f->node[1], f->node[2], "lost"),
                            BROKEN_SECONDS);
        test_wait_for_member(f->node[3], f->node[2], "lost");
        assert_reason(f->node[1], f->node[2]);
        report = test_fault_finish(f);
        test_node_start(f->node[2]);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

static void stopped(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_node_freeze(f->node[2]);
        test_assert_noticed("a member that hangs",
                            test_wait_for_member(f->node[1], f->node[2], "lost"), SILENT_SECONDS);
        assert_reason(f->node[1], f->node[2]);
        /* It is not waited for. */
        report = test_fault_finish(f);
        test_node_thaw(f->node[2]);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

/* `data`: how the cable is cut. */
static void cut(TestFault *f, gconstpointer data) {
        void (*cut_cable)(TestLink *link) = data;
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        cut_cable(f->node[2]->link);
        test_assert_noticed("a cable that was cut",
                            test_wait_for_member(f->node[1], f->node[2], "lost"), SILENT_SECONDS);
        test_wait_for_member(f->node[2], f->node[1], "lost");
        test_wait_for_member(f->node[2], f->node[3], "lost");
        /* Who is cut off serves its own bus. */
        g_variant_unref(test_compute_over(f->node[2], f->terms, NULL, f->sum));
        report = test_fault_finish(f);
        test_link_mend(f->node[2]->link);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

/* Bytes go one way only: neither side can make any use of the other. */
static void deaf(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        if (!test_links_can_filter())
                return;
        test_fault_submit(f);
        test_link_block(f->node[2]->link, f->node[1]->link);
        test_assert_noticed("a member that hears nothing",
                            test_wait_for_member(f->node[1], f->node[2], "lost"), SILENT_SECONDS);
        report = test_fault_finish(f);
        test_link_unblock(f->node[2]->link);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

/* A slow member is no lost one. */
static void slow(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_link_limit(f->node[2]->link, "5mbit");
        test_fault_submit(f);
        report = test_fault_finish(f);
        /* As coordinator: all that it orders and is answered goes through the cable. */
        g_variant_unref(test_compute_over(f->node[2], f->terms, NULL, f->sum));
        g_assert_cmpuint(test_member_count(f->node[1], f->node[2]->name, "Lost"), ==, 0);
        g_assert_false(test_node_has_logged(f->node[1], "lost"));
        test_link_limit(f->node[2]->link, NULL);
        test_fault_all_share(f);
}

/* Both other members at a time: the coordinator does the job alone. */
static void both(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_node_kill(f->node[2]);
        test_node_freeze(f->node[3]);
        report = test_fault_finish(f);
        test_node_start(f->node[2]);
        test_node_thaw(f->node[3]);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

/* Stopped in good order, in the middle of a job: as good as lost, and no fault of anybody. */
static void shut_down(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_node_stop(f->node[2]);
        test_assert_noticed("a member that was stopped",
                            test_wait_for_member(f->node[1], f->node[2], "lost"), BROKEN_SECONDS);
        report = test_fault_finish(f);
        g_assert_cmpuint(test_member_count(f->node[1], f->node[2]->name, "Failed"), ==, 0);
        test_node_start(f->node[2]);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

static void add(const char *path, gconstpointer data,
                void (*test)(TestFault *f, gconstpointer data)) {
        g_test_add(path, TestFault, data, test_fault_set_up, test, test_fault_tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/faults/killed", NULL, killed);
        add("/cluster/faults/stopped", NULL, stopped);
        add("/cluster/faults/cut", test_link_cut, cut);
        add("/cluster/faults/unplugged", test_link_unplug, cut);
        add("/cluster/faults/deaf", NULL, deaf);
        add("/cluster/faults/slow", NULL, slow);
        add("/cluster/faults/both", NULL, both);
        add("/cluster/faults/shut-down", NULL, shut_down);
        return g_test_run();
}
