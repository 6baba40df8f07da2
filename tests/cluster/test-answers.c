/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/namespaces.h"
#include "tests/cluster/puppet.h"

/* What a member may answer to RunLease, and what becomes of the job and of the member. */

#define TERMS UINT64_C(20000000000)
#define TERMS_INSTRUMENTED UINT64_C(2000000000)
#define LOG_LINE_BYTES_MAX 2048

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *a;
        Puppet puppet;
        uint64_t terms;
        char *sum;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->terms = test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS;
        f->cluster = test_cluster_new(1);
        f->a = test_cluster_node(f->cluster, 1);
        f->sum = test_sum_alone(f->a, f->terms);
        test_create(f->a);
        puppet_init(&f->puppet);
        puppet_join(&f->puppet, f->a);
}

/* What strangers say is not let into the log at length, nor with what a terminal obeys. */
static void assert_log_is_clean(const TestNode *node) {
        g_autofree char *log = NULL;
        g_auto(GStrv) lines = NULL;

        g_assert_true(g_file_get_contents(node->log, &log, NULL, NULL));
        g_assert_null(strchr(log, '\033'));
        lines = g_strsplit(log, "\n", -1);
        for (char **line = lines; *line; line++)
                g_assert_cmpuint(strlen(*line), <=, LOG_LINE_BYTES_MAX);
}

static void tear_down(Fixture *f, gconstpointer data) {
        assert_log_is_clean(f->a);
        puppet_clear(&f->puppet);
        test_cluster_free(f->cluster);
        g_free(f->sum);
}

static uint64_t compute(Fixture *f, PuppetAnswer how, const char *field) {
        g_autoptr(GVariant) report = puppet_compute(&f->puppet, how, f->a, f->terms, f->sum);
        g_autoptr(GVariant) row = test_report_row(report, f->puppet.name);

        g_assert_nonnull(row);
        return test_lookup_u64(row, field);
}

static void right(Fixture *f, gconstpointer data) {
        g_assert_cmpuint(compute(f, PUPPET_RIGHT, "leases"), >, 0);
        puppet_wait_for(&f->puppet, f->a, "up");
}

/* Well formed, and wrong: never counted, and never asked again until an administrator says so. */
static void wrong(Fixture *f, gconstpointer data) {
        g_assert_cmpuint(compute(f, GPOINTER_TO_INT(data), "leases_wrong"), >, 0);
        puppet_wait_for(&f->puppet, f->a, "quarantined");
        g_variant_unref(puppet_compute(&f->puppet, PUPPET_ALL_ONES, f->a, f->terms, f->sum));
        g_assert_cmpuint(f->puppet.jobs.guests->len, ==, 0);
        g_assert_null(test_call_ok(f->a, "RestoreNode", g_variant_new("(s)", f->puppet.name)));
        puppet_wait_for(&f->puppet, f->a, "up");
        g_assert_cmpuint(compute(f, PUPPET_RIGHT, "leases"), >, 0);
}

/* Not what a member of any version says: it is cut off, and may come again. */
static void nonsense(Fixture *f, gconstpointer data) {
        g_assert_cmpuint(compute(f, GPOINTER_TO_INT(data), "leases_lost"), >, 0);
        test_node_wait_for_log(f->a, "nonsense");
        puppet_wait_for(&f->puppet, f->a, "up");
        g_assert_cmpuint(compute(f, PUPPET_RIGHT, "leases"), >, 0);
}

static void none(Fixture *f, gconstpointer data) {
        g_assert_cmpuint(compute(f, GPOINTER_TO_INT(data), "leases"), ==, 0);
        puppet_wait_for(&f->puppet, f->a, "up");
        while (f->puppet.jobs.guests->len > 0)
                g_main_context_iteration(NULL, TRUE);
}

static void add(const char *path, PuppetAnswer how, void (*test)(Fixture *f, gconstpointer data)) {
        g_test_add(path, Fixture, GINT_TO_POINTER(how), set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/answers/right", PUPPET_RIGHT, right);
        add("/cluster/answers/wrong/zero", PUPPET_ZERO, wrong);
        add("/cluster/answers/wrong/all-ones", PUPPET_ALL_ONES, wrong);
        add("/cluster/answers/wrong/one-of-many", PUPPET_ONE_WRONG, wrong);
        add("/cluster/answers/wrong/shifted", PUPPET_SHIFTED, wrong);
        add("/cluster/answers/nonsense/too-few", PUPPET_TOO_FEW, nonsense);
        add("/cluster/answers/nonsense/too-many", PUPPET_TOO_MANY, nonsense);
        add("/cluster/answers/nonsense/eons", PUPPET_EONS, nonsense);
        add("/cluster/answers/nonsense/escapes", PUPPET_ESCAPES, nonsense);
        add("/cluster/answers/none/long-error", PUPPET_LONG_ERROR, none);
        add("/cluster/answers/none/silent", PUPPET_SILENT, none);
        return g_test_run();
}
