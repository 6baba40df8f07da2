/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/fault.h"

#define TERMS UINT64_C(200000000000)
#define TERMS_INSTRUMENTED UINT64_C(20000000000)
#define SLOWER_INSTRUMENTED 5

/* A pure function of the number of terms, and it takes seconds: once a program. */
static const char *sum_of(TestNode *node, uint64_t terms) {
        static char *sum;

        if (!sum)
                sum = test_sum_alone(node, terms);
        return sum;
}

void test_fault_set_up(TestFault *f, gconstpointer data) {
        f->terms = test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS;
        f->cluster = test_cluster_new_joined(TEST_FAULT_NODES);
        for (guint i = 1; i <= TEST_FAULT_NODES; i++)
                f->node[i] = test_cluster_node(f->cluster, i);
        f->sum = sum_of(f->node[3], f->terms);
}

void test_fault_tear_down(TestFault *f, gconstpointer data) {
        test_cluster_free(f->cluster);
        g_free(f->path);
}

/* Leases of the job at node 1 that this one has done. */
static uint64_t leases_of(TestFault *f, guint number) {
        return test_member_count(f->node[1], f->node[number]->name, "Verified");
}

static void submit(TestFault *f) {
        g_clear_pointer(&f->path, g_free);
        g_assert_null(test_submit(f->node[1]->client, f->terms, NULL, &f->path));
}

typedef struct Wait {
        TestFault *f;
        uint64_t before[TEST_FAULT_NODES + 1];
} Wait;

static gboolean others_work(gpointer userdata) {
        Wait *w = userdata;
        g_autoptr(GVariant) state = test_job_property(w->f->node[1]->client, w->f->path, "State");

        /* On a busy machine it may be over before one of them had its turn. */
        if (g_str_equal(g_variant_get_string(state, NULL), "done"))
                submit(w->f);
        return leases_of(w->f, 2) > w->before[2] && leases_of(w->f, 3) > w->before[3];
}

void test_fault_submit(TestFault *f) {
        Wait w = { .f = f, .before = { [2] = leases_of(f, 2), [3] = leases_of(f, 3) } };

        submit(f);
        test_wait_until(others_work, &w, "leases of both other nodes");
}

GVariant *test_fault_finish(TestFault *f) {
        g_autofree char *sum = NULL;
        GVariant *report;

        test_wait_for_state(f->node[1]->client, f->path, "done");
        report = test_job_property(f->node[1]->client, f->path, "Report");
        sum = test_lookup_string(report, PI_REPORT_SUM_HEX);
        g_assert_cmpstr(sum, ==, f->sum);
        return report;
}

/* Of all nodes, each of which must have had some. */
static uint64_t terms_of_all(const TestFault *f, GVariant *report) {
        uint64_t terms = 0;

        for (guint i = 1; i <= TEST_FAULT_NODES; i++) {
                g_autoptr(GVariant) row = test_report_row(report, f->node[i]->name);

                g_assert_nonnull(row);
                g_assert_cmpuint(test_lookup_u64(row, "leases"), >, 0);
                g_assert_cmpuint(test_lookup_u64(row, "terms"), >, 0);
                terms += test_lookup_u64(row, "terms");
        }
        return terms;
}

void test_fault_finish_resumed(TestFault *f) {
        g_autoptr(GVariant) report = test_fault_finish(f);
        uint64_t before = test_lookup_u64(report, PI_REPORT_RESUMED_TERMS);

        g_assert_cmpuint(test_lookup_u32(report, PI_REPORT_RESUMES), >=, 1);
        g_assert_cmpuint(before, >, 0);
        g_assert_cmpuint(before + terms_of_all(f, report), ==, f->terms);
}

void test_fault_all_share(TestFault *f) {
        g_autoptr(GVariant) report = test_compute_over(f->node[1], f->terms, NULL, f->sum);

        g_assert_cmpuint(terms_of_all(f, report), ==, f->terms);
}

void test_assert_noticed(const char *what, gint64 took_usec, double limit_seconds) {
        double seconds = (double) took_usec / G_USEC_PER_SEC;

        g_test_message("%s: noticed after %.2f s", what, seconds);
        g_assert_cmpfloat(seconds, <=,
                          limit_seconds * (test_is_instrumented() ? SLOWER_INSTRUMENTED : 1));
}
