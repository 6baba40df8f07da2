/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/fault.h"
#include "tests/cluster/namespaces.h"

/* The node that a job was given to dies, hangs or is cut off. */

#define EXIT_NODE_LOST 5
#define ENDLESS UINT64_C(100000000000000) /* minutes, in leases of half a second */

static gboolean members_are_idle(gpointer userdata) {
        TestFault *f = userdata;

        for (guint i = 2; i <= TEST_FAULT_NODES; i++) {
                g_autoptr(GVariant) metrics = test_metrics(f->node[i]->client);

                if (test_lookup_u32(metrics, "slots_in_use") > 0)
                        return FALSE;
        }
        return TRUE;
}

static gboolean has_checkpoint(gpointer userdata) {
        TestFault *f = userdata;
        g_autoptr(GVariant) metrics = test_metrics(f->node[1]->client);

        return test_lookup_u64(metrics, "store_checkpoints") >= 2;
}

/* Its detached job goes on when it is back, with the others; nobody works for it meanwhile. */
static void killed(TestFault *f, gconstpointer data) {
        test_fault_submit(f);
        test_wait_until(has_checkpoint, f, "a checkpoint of the job");
        test_node_kill(f->node[1]);
        test_wait_for_member(f->node[2], f->node[1], "lost");
        test_wait_for_member(f->node[3], f->node[1], "lost");
        test_wait_until(members_are_idle, f, "members to leave the lost node's job");
        /* The two that are left are a cluster. */
        g_variant_unref(test_compute_over(f->node[2], f->terms, NULL, f->sum));

        test_node_start(f->node[1]);
        test_fault_finish_resumed(f);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

/* As an upgrade does it. */
static void restarted(TestFault *f, gconstpointer data) {
        test_fault_submit(f);
        test_node_stop(f->node[1]);
        test_node_start(f->node[1]);
        test_fault_finish_resumed(f);
}

static void stopped(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_node_freeze(f->node[1]);
        test_wait_for_member(f->node[2], f->node[1], "lost");
        test_wait_for_member(f->node[3], f->node[1], "lost");
        test_wait_until(members_are_idle, f, "members to leave the lost node's job");
        test_node_thaw(f->node[1]);
        report = test_fault_finish(f);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

static void cut_off(TestFault *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        test_fault_submit(f);
        test_link_cut(f->node[1]->link);
        report = test_fault_finish(f);
        test_wait_until(members_are_idle, f, "members to leave the lost node's job");
        test_link_mend(f->node[1]->link);
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

static gboolean has_both_jobs(gpointer userdata) {
        TestFault *f = userdata;
        g_autoptr(GVariant) metrics = test_metrics(f->node[1]->client);

        return test_lookup_u64(metrics, "jobs_submitted") == 2 &&
               test_member_count(f->node[1], f->node[2]->name, "Verified") > 0;
}

/* Who waits for the answer is told at once, and pictl says what it was. */
static void caller(TestFault *f, gconstpointer data) {
        g_autoptr(GSubprocessLauncher) launcher =
                test_launcher(f->node[1]->bus, G_SUBPROCESS_FLAGS_STDERR_MERGE |
                                               G_SUBPROCESS_FLAGS_STDOUT_PIPE);
        g_autoptr(TestCall) call = test_call_begin(f->node[1], "ComputePi",
                                                   test_compute_arguments(ENDLESS, NULL));
        g_autoptr(GSubprocess) pictl = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *said = NULL;

        pictl = g_subprocess_launcher_spawn(launcher, &error, g_getenv("PI_PICTL"), "--user",
                                            "compute", "1e14", NULL);
        g_assert_no_error(error);
        test_wait_until(has_both_jobs, f, "two jobs and a lease of another node");
        g_assert_false(test_call_poll(call));
        test_node_kill(f->node[1]);
        test_call_wait(call);
        g_assert_cmpstr(call->error, ==, "org.freedesktop.DBus.Error.NoReply");
        g_assert_true(g_subprocess_communicate_utf8(pictl, NULL, NULL, &said, NULL, &error));
        g_assert_no_error(error);
        g_test_message("pictl: %s", said);
        g_assert_true(g_subprocess_get_if_exited(pictl));
        g_assert_cmpint(g_subprocess_get_exit_status(pictl), ==, EXIT_NODE_LOST);
        test_wait_until(members_are_idle, f, "members to leave the lost node's job");
}

static void add(const char *path, void (*test)(TestFault *f, gconstpointer data)) {
        g_test_add(path, TestFault, NULL, test_fault_set_up, test, test_fault_tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/coordinator/killed", killed);
        add("/cluster/coordinator/restarted", restarted);
        add("/cluster/coordinator/stopped", stopped);
        add("/cluster/coordinator/cut-off", cut_off);
        add("/cluster/coordinator/caller", caller);
        return g_test_run();
}
