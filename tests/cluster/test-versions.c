/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/namespaces.h"
#include "tests/cluster/puppet.h"

/* Two versions of the service in one cluster. The real one is the older, or too old, beside a
 * puppet that rehearses what the next ones will say. */

#define TERMS UINT64_C(2000000000)

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *a;
        Puppet puppet;
        char *sum;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new(1);
        f->a = test_cluster_node(f->cluster, 1);
        f->sum = test_sum_alone(f->a, TERMS);
        test_create(f->a);
        puppet_init(&f->puppet);
}

static void tear_down(Fixture *f, gconstpointer data) {
        puppet_clear(&f->puppet);
        test_cluster_free(f->cluster);
        g_free(f->sum);
}

static uint64_t leases(Fixture *f) {
        g_autoptr(GVariant) report = puppet_compute(&f->puppet, PUPPET_RIGHT, f->a, TERMS, f->sum);
        g_autoptr(GVariant) row = test_report_row(report, f->puppet.name);

        return row ? test_lookup_u64(row, "leases") : 0;
}

/* A version and the one before it work together: N and N-1, seen from N-1. */
static void next(Fixture *f, gconstpointer data) {
        f->puppet.rehearsal.protocol = 2;
        f->puppet.rehearsal.protocol_oldest = 1;
        puppet_restart(&f->puppet);
        puppet_join(&f->puppet, f->a);
        g_assert_cmpuint(leases(f), >, 0);
}

/* Updated while it is a member: it stays one, and has no leases until the other is updated, too. */
static void skipped(Fixture *f, gconstpointer data) {
        puppet_join(&f->puppet, f->a);
        f->puppet.rehearsal.protocol = 3;
        f->puppet.rehearsal.protocol_oldest = 2;
        puppet_restart(&f->puppet);
        puppet_wait_for(&f->puppet, f->a, "incompatible");
        g_assert_cmpuint(leases(f), ==, 0);
        test_node_wait_for_log(f->a, "protocol");
        f->puppet.rehearsal.protocol = 2;
        f->puppet.rehearsal.protocol_oldest = 1;
        puppet_restart(&f->puppet);
        puppet_wait_for(&f->puppet, f->a, "up");
        g_assert_cmpuint(leases(f), >, 0);
}

/* Other numbers, whatever the protocol: sums would not have the same bits. */
static void numerics(Fixture *f, gconstpointer data) {
        g_autofree char *token = test_token(f->a, NULL);

        f->puppet.rehearsal.numerics = 2;
        puppet_restart(&f->puppet);
        node_join_fails(&f->puppet, token, PI_ERROR_INCOMPATIBLE, "numerics");
        g_assert_cmpuint(test_count_members(f->a), ==, 1);
}

static void add(const char *path, void (*test)(Fixture *f, gconstpointer data)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/versions/next", next);
        add("/cluster/versions/skipped", skipped);
        add("/cluster/versions/numerics", numerics);
        return g_test_run();
}
