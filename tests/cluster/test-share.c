/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* A job over all members: the same bits as alone, and everybody has done what was his. */

#define TERMS UINT64_C(200000000000)
#define TERMS_INSTRUMENTED UINT64_C(20000000000)
#define ENDLESS UINT64_C(100000000000000) /* minutes, in leases of half a second */
#define NODES 3

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *node[NODES + 1]; /* by number */
        uint64_t terms;            /* enough for leases to go round */
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new_joined(NODES);
        for (guint i = 1; i <= NODES; i++)
                f->node[i] = test_cluster_node(f->cluster, i);
        f->terms = test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS;
}

static void tear_down(Fixture *f, gconstpointer data) {
        test_cluster_free(f->cluster);
}

static void assert_rows_add_up(GVariant *report) {
        g_autoptr(GVariant) rows =
                g_variant_lookup_value(report, PI_REPORT_NODES, G_VARIANT_TYPE("aa{sv}"));
        uint64_t terms = 0, leases = 0;

        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                terms += test_lookup_u64(row, "terms");
                leases += test_lookup_u64(row, "leases");
        }
        g_assert_cmpuint(terms, ==, test_lookup_u64(report, PI_REPORT_TERMS));
        g_assert_cmpuint(leases, ==, test_lookup_u64(report, PI_REPORT_LEASES));
}

static void over_all(Fixture *f, gconstpointer data) {
        g_autofree char *sum = test_sum_alone(f->node[1], f->terms);
        g_autoptr(GVariant) report = test_compute_over(f->node[1], f->terms, NULL, sum);

        assert_rows_add_up(report);
        for (guint i = 1; i <= NODES; i++) {
                g_autoptr(GVariant) row = test_report_row(report, f->node[i]->name);
                g_autofree char *id = NULL;
                g_autoptr(GVariant) own = test_manager_property(f->node[i], "NodeId");

                g_assert_nonnull(row);
                id = test_lookup_string(row, "id");
                g_assert_cmpstr(id, ==, g_variant_get_string(own, NULL));
                g_assert_cmpuint(test_lookup_u64(row, "leases"), >, 0);
                g_assert_cmpuint(test_lookup_u64(row, "cpu_usec"), >, 0);
                if (i == 1)
                        continue;
                /* Both sides have counted. */
                g_assert_cmpuint(test_member_count(f->node[1], f->node[i]->name, "Verified"), >=,
                                 test_lookup_u64(row, "leases"));
                g_assert_cmpuint(test_member_count(f->node[i], f->node[1]->name, "Served"), >=,
                                 test_lookup_u64(row, "leases"));
                g_assert_cmpuint(test_member_count(f->node[1], f->node[i]->name, "Failed"), ==, 0);
        }
}

/* The row that GetMetrics of a node has for another, or itself. */
static GVariant *metrics_row(GVariant *metrics, const char *name) {
        g_autoptr(GVariant) rows = g_variant_lookup_value(metrics, "nodes",
                                                          G_VARIANT_TYPE("aa{sv}"));

        for (gsize i = 0; rows && i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autofree char *of = test_lookup_string(row, "name");

                if (g_str_equal(of, name))
                        return g_steal_pointer(&row);
        }
        g_error("no row of %s", name);
}

/* What the services of others use, which they are asked for now and then. */
static gboolean are_known(gpointer userdata) {
        Fixture *f = userdata;
        g_autoptr(GVariant) metrics = test_metrics(f->node[1]->client);

        for (guint i = 1; i <= NODES; i++) {
                g_autoptr(GVariant) row = metrics_row(metrics, f->node[i]->name);
                g_autoptr(GVariant) cpu = g_variant_lookup_value(row, "cpu_usage", NULL);
                g_autoptr(GVariant) memory = g_variant_lookup_value(row, "memory_bytes", NULL);

                if (!cpu || !memory)
                        return FALSE;
        }
        return TRUE;
}

/* Each row of the node that took the job against the job's report, and against the figures of the
 * member itself. */
static void metrics_of_members(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) report = test_compute_over(f->node[1], f->terms, NULL, NULL);
        g_autoptr(GVariant) metrics = NULL;
        double share = 0;

        test_wait_until(are_known, f, "the figures of all members");
        metrics = test_metrics(f->node[1]->client);
        for (guint i = 1; i <= NODES; i++) {
                g_autoptr(GVariant) row = metrics_row(metrics, f->node[i]->name);
                g_autoptr(GVariant) of_job = test_report_row(report, f->node[i]->name);
                g_autoptr(GVariant) own = test_metrics(f->node[i]->client);
                uint64_t resident = test_node_resources(f->node[i]).rss_bytes;
                uint64_t memory = test_lookup_u64(row, "memory_bytes");

                g_assert_cmpuint(test_lookup_u64(row, "terms"), ==,
                                 test_lookup_u64(of_job, "terms"));
                g_assert_cmpuint(test_lookup_u64(row, "leases_failed"), ==, 0);
                g_assert_cmpuint(memory, >, resident / 2);
                g_assert_cmpuint(memory, <, resident * 2);
                share += test_lookup_double(row, "share");
                if (i == 1) {
                        g_assert_cmpuint(test_lookup_u64(own, "guests_done"), ==, 0);
                        continue;
                }
                g_assert_cmpuint(test_lookup_u64(own, "guests_done"), >, 0);
                g_assert_cmpuint(test_lookup_u64(own, "guest_terms"), >=,
                                 test_lookup_u64(of_job, "terms"));
                g_assert_cmpuint(test_lookup_u64(row, "leases_verified"), >=,
                                 test_lookup_u64(of_job, "leases"));
                g_assert_cmpuint(test_lookup_u64(row, "round_trip_usec"), >, 0);
        }
        g_assert_cmpfloat_with_epsilon(share, 1, 1e-9);
}

/* Each of them takes a job, all at a time. */
static void coordinators(Fixture *f, gconstpointer data) {
        char *sums[NODES + 1];
        TestCall *calls[NODES + 1];

        for (guint i = 1; i <= NODES; i++)
                sums[i] = test_sum_alone(f->node[i], f->terms / 2 + i);
        for (guint round = 0; round < 3; round++) {
                for (guint i = 1; i <= NODES; i++)
                        calls[i] = test_call_begin(f->node[i], "ComputePi",
                                                   test_compute_arguments(f->terms / 2 + i, NULL));
                for (guint i = 1; i <= NODES; i++) {
                        g_autoptr(GVariant) report = NULL;
                        g_autofree char *sum = NULL;

                        test_call_wait(calls[i]);
                        sum = test_call_sum(calls[i]);
                        g_assert_cmpstr(sum, ==, sums[i]);
                        report = test_call_report(calls[i]);
                        assert_rows_add_up(report);
                        test_call_free(calls[i]);
                }
        }
        for (guint i = 1; i <= NODES; i++)
                g_free(sums[i]);
}

static void splits(Fixture *f, gconstpointer data) {
        static const char *const options[] = {
                "{'parts': <uint64 1>}",      "{'parts': <uint64 2>}",
                "{'parts': <uint64 3>}",      "{'parts': <uint64 128>}",
                "{'parts': <uint64 100000>}", "{'parts': <uint64 1000000>}",
                "{'cpus': <uint32 1>}",       "{'cpus': <uint32 2>}",
                "{'cpus': <uint32 3>}",       "{'kernel': <'generic'>}",
        };
        uint64_t terms = f->terms / 20;
        g_autofree char *sum = test_sum_alone(f->node[1], terms);

        for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
                g_autoptr(GVariant) report =
                        test_compute_over(f->node[1 + i % NODES], terms, options[i], sum);

                assert_rows_add_up(report);
        }
}

static void small(Fixture *f, gconstpointer data) {
        static const uint64_t terms[] = { 1, 2, 7, 8, 9, 1000, 131071, 131072, 131073, 1000003 };

        for (gsize i = 0; i < G_N_ELEMENTS(terms); i++) {
                g_autofree char *sum = test_sum_alone(f->node[2], terms[i]);
                g_autoptr(GVariant) report = test_compute_over(f->node[1], terms[i], NULL, sum);

                assert_rows_add_up(report);
        }
}

static void assert_only(GVariant *report, const char *first, const char *second) {
        g_autoptr(GVariant) rows =
                g_variant_lookup_value(report, PI_REPORT_NODES, G_VARIANT_TYPE("aa{sv}"));

        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autofree char *name = test_lookup_string(row, "name");

                if (!g_str_equal(name, first) && g_strcmp0(name, second) != 0)
                        g_assert_cmpuint(test_lookup_u64(row, "leases"), ==, 0);
        }
        assert_rows_add_up(report);
}

static void chosen(Fixture *f, gconstpointer data) {
        uint64_t terms = f->terms / 10;
        g_autofree char *sum = test_sum_alone(f->node[1], terms);
        g_autoptr(GVariant) local =
                test_compute_over(f->node[1], terms, "{'scope': <'local'>}", sum);
        g_autoptr(GVariant) one = test_compute_over(f->node[1], terms, "{'nodes': <['n2']>}", sum);
        g_autoptr(GVariant) two =
                test_compute_over(f->node[1], terms, "{'nodes': <['n1', 'n3']>}", sum);
        g_autoptr(TestCall) unknown = test_call(
                        f->node[1], "ComputePi",
                        test_compute_arguments(terms, "{'nodes': <['n4']>}"));

        assert_only(local, "n1", NULL);
        assert_only(one, "n2", NULL);
        assert_only(two, "n1", "n3");
        g_assert_nonnull(unknown->error);
        g_assert_nonnull(strstr(unknown->message, "n4"));
}

/* Slots of all of them together, and what the report says of that. */
static void slots(Fixture *f, gconstpointer data) {
        static const struct {
                const char *options;
                uint32_t slots;
        } cases[] = {
                { "{}", 3 },
                { "{'cpus': <uint32 3>}", 3 },
                { "{'cpus': <uint32 2>}", 2 },
                { "{'scope': <'local'>}", 1 },
                { "{'nodes': <['n2']>}", 1 },
                { "{'nodes': <['n2', 'n3']>}", 2 },
        };
        uint64_t terms = f->terms / 10;
        g_autofree char *sum = test_sum_alone(f->node[1], terms);

        test_call_fails(f->node[1], "ComputePi",
                        test_compute_arguments(terms, "{'cpus': <uint32 4>}"), "InvalidOption",
                        "cpus");
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GVariant) report =
                        test_compute_over(f->node[1], terms, cases[i].options, sum);

                g_assert_cmpuint(test_lookup_u32(report, PI_REPORT_CPUS), ==, cases[i].slots);
        }
}

static gboolean are_idle(gpointer userdata) {
        Fixture *f = userdata;

        for (guint i = 1; i <= NODES; i++) {
                g_autoptr(GVariant) metrics = test_metrics(f->node[i]->client);

                if (test_lookup_u32(metrics, "slots_in_use") > 0)
                        return FALSE;
        }
        return TRUE;
}

/* What was cancelled, or has lost its caller, computes nowhere any more. */
static void cancelled(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;
        TestCall *call;

        g_assert_null(test_submit(f->node[1]->client, ENDLESS, NULL, &path));
        while (test_member_count(f->node[1], "n2", "Verified") == 0 ||
               test_member_count(f->node[1], "n3", "Verified") == 0)
                g_usleep(1000);
        g_assert_null(test_job_call(f->node[1]->client, path, "Cancel"));
        test_wait_for_state(f->node[1]->client, path, "cancelled");
        test_wait_until(are_idle, f, "all slots to be free");

        call = test_call_begin(f->node[2], "ComputePi",
                               test_compute_arguments(ENDLESS, NULL));
        while (test_member_count(f->node[2], "n1", "Verified") == 0)
                g_usleep(1000);
        test_call_free(call);
        test_wait_until(are_idle, f, "all slots to be free");
}

static void add(const char *path, void (*test)(Fixture *f, gconstpointer data)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/share/over-all", over_all);
        add("/cluster/share/metrics", metrics_of_members);
        add("/cluster/share/coordinators", coordinators);
        add("/cluster/share/splits", splits);
        add("/cluster/share/small", small);
        add("/cluster/share/chosen", chosen);
        add("/cluster/share/cancelled", cancelled);
        add("/cluster/share/slots", slots);
        return g_test_run();
}
