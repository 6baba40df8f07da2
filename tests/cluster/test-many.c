/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* A cluster that grows on one machine, and what each size costs; PI_CLUSTER_MEMBERS says how far,
 * 64 for the table in docs/scaling.md. All of them share the CPUs of this machine, so a job takes
 * no less time with more of them: what grows is the cost of there being so many. */

#define MEMBERS 8
#define TERMS UINT64_C(100000000000)
#define TERMS_INSTRUMENTED UINT64_C(10000000000)
#define IDLE_USEC 5000000 /* that their CPU time is taken over */
#define IDLE_RSS_MAX (12 * 1024 * 1024)
#define IDLE_CPU_MAX 0.01

typedef struct Row {
        guint members;
        double join_seconds;      /* of the last one: JoinCluster */
        double connected_seconds; /* from then until all are connected to it */
        double job_seconds;       /* a job over all */
        double rss_bytes;         /* of an idle member, the mean */
        double rss_max_bytes;
        double own_bytes;         /* of that without files such as libraries, the mean */
        double cpu; /* of an idle member, the mean: share of a CPU */
        double fds; /* the mean */
} Row;

static double seconds_since(gint64 begin) {
        return (double) (g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

static void measure_idle(TestCluster *c, Row *row) {
        uint64_t cpu = 0;

        for (guint i = 1; i <= c->n; i++)
                cpu -= test_node_resources(test_cluster_node(c, i)).cpu_usec;
        g_usleep(IDLE_USEC);
        for (guint i = 1; i <= c->n; i++) {
                TestResources now = test_node_resources(test_cluster_node(c, i));

                cpu += now.cpu_usec;
                row->fds += (double) now.fds / c->n;
                row->rss_bytes += (double) now.rss_bytes / c->n;
                row->own_bytes += (double) now.own_bytes / c->n;
                row->rss_max_bytes = MAX(row->rss_max_bytes, (double) now.rss_bytes);
        }
        row->cpu = (double) cpu / IDLE_USEC / c->n;
}

static void measure(TestCluster *c, uint64_t terms, const char *sum, Row *row) {
        gint64 begin;

        measure_idle(c, row);
        begin = g_get_monotonic_time();
        g_variant_unref(test_compute_over(test_cluster_node(c, 1 + c->n / 2), terms, NULL, sum));
        row->job_seconds = seconds_since(begin);
        row->members = c->n;
}

/* The newcomer to all, and all to it; the others were connected before. */
static void wait_for_newcomer(TestCluster *c, TestNode *newcomer) {
        for (guint i = 1; i < c->n; i++) {
                test_wait_for_member(test_cluster_node(c, i), newcomer, "up");
                test_wait_for_member(newcomer, test_cluster_node(c, i), "up");
        }
}

/* One more of them, up to `last`. */
static TestNode *add(TestCluster *c, guint last) {
        TestNode *node = test_cluster_add(c);

        test_link_introduce(node->link, last);
        test_node_start(node);
        return node;
}

static void take_in(TestCluster *c, guint last, Row *row) {
        /* Whoever is asked. */
        TestNode *member = test_cluster_node(c, 1 + c->n / 2);
        TestNode *newcomer = add(c, last);
        g_autofree char *token = NULL;
        gint64 begin;

        token = test_token(member, NULL);
        begin = g_get_monotonic_time();
        test_join(newcomer, token);
        row->join_seconds = seconds_since(begin);
        begin = g_get_monotonic_time();
        wait_for_newcomer(c, newcomer);
        row->connected_seconds = seconds_since(begin);
}

static void print_head(void) {
        g_print("# members   join s  all up s  job s  RSS MiB  (max)  own MiB   CPU %%   fds\n");
}

static void print_row(const Row *row) {
        g_print("# %7u  %7.3f  %8.3f  %5.2f  %7.1f  %5.1f  %7.1f  %6.2f  %4.0f\n", row->members,
                row->join_seconds, row->connected_seconds, row->job_seconds,
                row->rss_bytes / 1048576, row->rss_max_bytes / 1048576,
                row->own_bytes / 1048576, 100 * row->cpu, row->fds);
}

static void assert_modest(const Row *row) {
        if (test_is_instrumented())
                return;
        g_assert_cmpfloat(row->rss_max_bytes, <=, IDLE_RSS_MAX);
        g_assert_cmpfloat(row->cpu, <=, IDLE_CPU_MAX);
}

static void many(void) {
        const char *text = g_getenv("PI_CLUSTER_MEMBERS");
        guint n = text ? (guint) g_ascii_strtoull(text, NULL, 10) : MEMBERS;
        uint64_t terms = test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS;
        g_autoptr(TestCluster) c = test_cluster_new(0);
        g_autofree char *sum = NULL;
        Row row = {};

        g_assert_cmpuint(n, >=, 1);
        g_assert_cmpuint(n, <=, TEST_LINKS_MAX);
        sum = test_sum_alone(add(c, n), terms);
        test_create(test_cluster_node(c, 1));
        print_head();
        for (guint size = 1; size <= n; size++) {
                /* Powers of two, and the last one. */
                if ((size & (size - 1)) == 0 || size == n) {
                        measure(c, terms, sum, &row);
                        print_row(&row);
                        assert_modest(&row);
                }
                row = (Row) {};
                if (size < n)
                        take_in(c, n, &row);
        }
        for (guint i = 1; i <= n; i++)
                g_assert_cmpuint(test_count_members(test_cluster_node(c, i)), ==, n);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cluster/many", many);
        return g_test_run();
}
