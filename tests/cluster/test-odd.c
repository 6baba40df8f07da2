/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cluster/fault.h"
#include "tests/cluster/namespaces.h"

/* Machines that are not quite as the others: their clock, their port, their disk, their name. */

#define PORT 31415
#define DISK_BYTES 8000000

static void take_in(TestFault *f, TestNode *node) {
        g_autofree char *token = test_token(f->node[1], NULL);

        test_join(node, token);
        test_wait_until_connected(f->cluster);
}

static void assert_shares(TestFault *f, TestNode *coordinator, TestNode *node) {
        g_autoptr(GVariant) report = test_compute_over(coordinator, f->terms, NULL, f->sum);
        g_autoptr(GVariant) row = test_report_row(report, node->name);

        g_assert_nonnull(row);
        g_assert_cmpuint(test_lookup_u64(row, "leases"), >, 0);
}

/* Ten minutes off: refused when it joins, borne when it is a member. */
static void clock_skew(TestFault *f, gconstpointer data) {
        TestNode *joiner = test_cluster_add(f->cluster);
        g_autofree char *token = test_token(f->node[1], "{'ttl_usec': <uint64 3600000000>}");

        if (!test_node_set_clock(joiner, "+10m"))
                return;
        test_node_start(joiner);
        test_call_fails(joiner, "JoinCluster", g_variant_new("(s)", token), "Failed", "clock");
        test_node_stop(joiner);
        g_assert_true(test_node_set_clock(joiner, "+2m"));
        test_node_start(joiner);
        test_join(joiner, token);
        test_wait_until_connected(f->cluster);
        for (guint i = 0; i < 2; i++) {
                test_node_stop(joiner);
                g_assert_true(test_node_set_clock(joiner, i == 0 ? "+10m" : "-10m"));
                test_node_start(joiner);
                test_wait_until_connected(f->cluster);
                assert_shares(f, f->node[1], joiner);
                assert_shares(f, joiner, f->node[1]);
        }
}

/* Behind a NAT: nobody can connect to it, and it works through what it has dialled. */
static void outbound_only(TestFault *f, gconstpointer data) {
        TestNode *node = test_cluster_add(f->cluster);
        int fd;

        if (!test_links_can_filter())
                return;
        test_link_refuse_incoming(node->link);
        test_node_configure(node, "Port=0\n");
        test_node_start(node);
        take_in(f, node);
        fd = test_node_connect(f->node[1], node->link->address, PORT);
        g_assert_cmpint(fd, <, 0);
        for (guint i = 1; i <= TEST_FAULT_NODES; i++) {
                g_autoptr(GVariant) member = test_member(f->node[i], node->name);
                gboolean outbound = FALSE;

                g_assert_true(g_variant_lookup(member, "OutboundOnly", "b", &outbound));
                g_assert_true(outbound);
                assert_shares(f, f->node[i], node);
        }
        assert_shares(f, node, f->node[2]);
        /* Whoever was away is dialled by it again. */
        test_node_kill(f->node[2]);
        test_node_start(f->node[2]);
        test_node_kill(node);
        test_node_start(node);
        test_wait_until_connected(f->cluster);
        assert_shares(f, f->node[2], node);
}

static void copy_state(const TestNode *from, const TestNode *to) {
        g_autoptr(GDir) dir = g_dir_open(from->bus->state, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(from->bus->state, name, NULL);
                g_autofree char *copy = g_build_filename(to->bus->state, name, NULL);
                g_autofree char *bytes = NULL;
                gsize length;

                if (!g_file_get_contents(path, &bytes, &length, NULL))
                        continue;
                g_assert_true(g_file_set_contents_full(copy, bytes, (gssize) length,
                                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
        }
}

/* A machine that was cloned, state directory and all: two that are one member. They get in each
 * other's way and in nobody else's, and no sum is wrong. */
static void duplicate(TestFault *f, gconstpointer data) {
        TestNode *clone = test_cluster_add(f->cluster);

        test_node_kill(f->node[3]);
        copy_state(f->node[3], clone);
        test_node_start(f->node[3]);
        test_wait_for_member(f->node[1], f->node[3], "up");
        test_node_start(clone);
        for (guint round = 0; round < 5; round++) {
                g_variant_unref(test_compute_over(f->node[1], f->terms, NULL, f->sum));
                g_variant_unref(test_compute_over(f->node[2], f->terms, NULL, f->sum));
                g_variant_unref(test_compute_over(clone, f->terms, NULL, f->sum));
                g_assert_cmpuint(test_count_members(f->node[1]), ==, TEST_FAULT_NODES);
        }
        test_node_kill(clone);
        test_wait_for_member(f->node[1], f->node[3], "up");
        test_wait_for_member(f->node[2], f->node[3], "up");
        test_fault_all_share(f);
}

static void fill(const char *directory) {
        g_autofree char *path = g_build_filename(directory, "filler", NULL);
        g_autofree char *block = g_malloc0(65536);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        g_assert_cmpint(fd, >=, 0);
        for (gsize size = 65536; size > 0; size /= 2)
                while (write(fd, block, size) > 0)
                        ;
        close(fd);
}

/* A token that could be used twice after a restart must not be told, and no member may be
 * forgotten. Everything else goes on. */
static void disk_full(TestFault *f, gconstpointer data) {
        TestNode *full = test_cluster_add(f->cluster);
        g_autofree char *filler = g_build_filename(full->bus->state, "filler", NULL);
        g_autofree char *size = g_strdup_printf("size=%d,mode=0700", DISK_BYTES);
        g_autofree char *token = NULL, *again = NULL;
        TestNode *late = test_cluster_add(f->cluster);

        g_assert_no_errno(mount("tmpfs", full->bus->state, "tmpfs", 0, size));
        test_node_configure(full, "");
        test_node_start(full);
        token = test_token(f->node[1], NULL);
        test_join(full, token);
        test_wait_until_connected(f->cluster);
        fill(full->bus->state);

        {
                g_autoptr(TestCall) call = test_call(full, "CreateJoinToken",
                                                     g_variant_new("(a{sv})", NULL));

                g_assert_nonnull(call->error);
                g_assert_true(g_str_has_prefix(call->error, PI_BUS_NAME ".Error."));
        }
        assert_shares(f, full, f->node[1]);
        assert_shares(f, f->node[1], full);
        test_node_start(late);
        again = test_token(f->node[1], NULL);
        test_join(late, again);
        test_wait_until_connected(f->cluster);
        assert_shares(f, late, full);

        /* With room again it has missed nothing. */
        g_assert_no_errno(g_unlink(filler));
        g_free(test_token(full, NULL));
        test_node_stop(full);
        test_node_start(full);
        test_wait_until_connected(f->cluster);
        assert_shares(f, late, full);
        test_node_stop(full);
        g_assert_no_errno(umount2(full->bus->state, MNT_DETACH));
}

static void add(const char *path, void (*test)(TestFault *f, gconstpointer data)) {
        g_test_add(path, TestFault, NULL, test_fault_set_up, test, test_fault_tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/odd/clock-skew", clock_skew);
        add("/cluster/odd/outbound-only", outbound_only);
        add("/cluster/odd/duplicate", duplicate);
        add("/cluster/odd/disk-full", disk_full);
        return g_test_run();
}
