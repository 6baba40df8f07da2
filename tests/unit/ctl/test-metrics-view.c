/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/metrics-view.h"

#include <string.h>

static void expect(const char *key, const char *value, const char *wanted) {
        g_autoptr(GVariant) v = g_variant_ref_sink(g_variant_new_parsed(value));
        g_autofree char *text = pi_metric_text(key, v);

        g_assert_cmpstr(text, ==, wanted);
}

static void test_units(void) {
        expect("response_p50_usec", "uint64 26100", "26.1 ms");
        expect("part_p50_nsec", "uint64 812", "812 ns");
        expect("memory_rss_bytes", "uint64 1048576", "1.00 MiB");
        expect("terms_computed", "uint64 1000000", "1 000 000");
        expect("jobs_running", "uint32 3", "3");
        expect("lifetime_terms_per_second", "2.5e9", "2.50 Gterm/s");
        expect("last_minute_parts_per_second", "12.0", "12.0 part/s");
        expect("lifetime_jobs_per_second", "0.5", "0.500 job/s");
        expect("machine_cpu_utilization", "0.973", "97.3 %");
        expect("machine_cpu_pressure_10s", "0.01", "1.0 %");
        expect("cpu_share", "1.0", "100 %");
        expect("efficiency_last", "0.9", "90.0 %");
        expect("speedup_last", "1.923", "1.92");
        expect("baseline_kernel", "'a\033b'", "a\\x1bb");
        expect("something", "[1, 2]", "[1, 2]");
}

static char *render(const char *metrics) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(g_variant_new_parsed(metrics));
        PiOutput out = { .text = g_string_new(NULL), .legend = TRUE };

        out.terminal = (PiTerminal) { .fd = -1, .columns = 80, .utf8 = TRUE };
        pi_metrics_append(&out, dict);
        return g_string_free(out.text, FALSE);
}

static void test_families(void) {
        g_autofree char *text = render(
                "{'jobs_done': <uint64 5>, 'jobs_failed': <uint64 1>, "
                "'response_p50_usec': <uint64 2000>, 'response_max_usec': <uint64 9000>, "
                "'baseline_kernel': <'avx2'>}");

        /* Absent figures leave no trace; a segment with one absent of two goes, but the other is
         * kept. */
        g_assert_cmpstr(text, ==,
                        "Jobs\n"
                        "  ended              5 done, 1 failed\n"
                        "\n"
                        "Times\n"
                        "  response time      p50 2.00 ms, max 9.00 ms\n"
                        "\n"
                        "Other\n"
                        "  baseline_kernel    avx2\n");
}

static void test_referee(void) {
        g_autofree char *text = render(
                "{'faults_transient': <uint64 2>, 'faults_core': <uint64 1>, "
                "'faults_node': <uint64 0>, 'faults_software': <uint64 0>, "
                "'cores_out_of_service': <uint32 1>, "
                "'cores': <[{'cpu': <uint32 3>, 'state': <'out-of-service'>}]>}");

        g_assert_nonnull(strstr(text, "faults             2 transient, 1 core, 0 node, "
                                      "0 software\n"));
        g_assert_nonnull(strstr(text, "cores              1 out of service\n"));
        g_assert_nonnull(strstr(text, " out-of-service\n"));
        g_assert_null(strstr(text, "Other"));
}

static void test_lists(void) {
        g_autofree char *text = render(
                "{'baselines': <[{'kernel': <'generic'>, 'terms_per_second': <1e10>}]>, "
                "'cores': <[{'cpu': <uint32 0>, 'leases_failed': <uint64 2>}]>}");

        g_assert_nonnull(strstr(text, "generic 10.0 Gterm/s     - -"));
        g_assert_nonnull(strstr(text, "Cores\nCPU"));
        g_assert_null(strstr(text, "Other"));
}

static void test_nodes(void) {
        const char *two =
                "{'guests_running': <uint32 1>, 'guests_done': <uint64 4>, "
                "'nodes': <[{'id': <'00'>, 'name': <'here'>, 'state': <'self'>, "
                "'cpus': <uint32 16>, 'share': <0.25>, 'cpu_usage': <15.9>}, "
                "{'id': <'11'>, 'name': <'there'>, 'state': <'lost'>, 'leases_lost': <uint64 3>, "
                "'round_trip_usec': <uint64 250>, 'memory_bytes': <uint64 8388608>}]>}";
        g_autofree char *text = render(two);
        g_autofree char *alone = render("{'nodes': <[{'id': <'00'>, 'name': <'here'>, "
                                        "'state': <'self'>}]>}");

        g_assert_nonnull(strstr(text, "orders of others   1 running, 4 answered\n"));
        g_assert_nonnull(strstr(text, "Nodes\nNODE"));
        g_assert_nonnull(strstr(text, "\nhere  self "));
        g_assert_nonnull(strstr(text, " 25.0 % "));
        g_assert_nonnull(strstr(text, "\nthere lost "));
        g_assert_nonnull(strstr(text, " 250 us "));
        g_assert_nonnull(strstr(text, "8.00 MiB"));
        g_assert_null(strstr(text, "Other"));
        /* Of this node alone there is nothing that is not told already. */
        g_assert_cmpstr(alone, ==, "");
        expect("last_seen_usec", "uint64 0", "-");
}

static void test_store(void) {
        g_autofree char *broken = render(
                "{'store_degraded': <true>, 'store_error': <'disk full'>, "
                "'store_commits': <uint64 7>, 'store_failures': <uint64 2>, "
                "'checkpoint_age_usec': <uint64 900000>, 'store_checkpoints': <uint64 5>}");
        g_autofree char *well = render("{'store_degraded': <false>, "
                                       "'response_buckets': <[(uint64 1, uint64 2)]>}");

        g_assert_cmpstr(broken, ==,
                        "Store\n"
                        "  degraded           yes, disk full\n"
                        "  written            7 times, 2 failed\n"
                        "  checkpoints        5 written, oldest 900 ms\n");
        g_assert_cmpstr(well, ==, "Store\n  degraded           no\n");
}

/* A daemon that is newer than pictl: nothing it tells is lost. */
static void test_unknown(void) {
        g_autofree char *text = render("{'new_thing_bytes': <uint64 2048>, 'a\033b': <'c'>}");

        g_assert_nonnull(strstr(text, "Other\n"));
        g_assert_nonnull(strstr(text, "new_thing_bytes    2.00 KiB\n"));
        g_assert_null(strchr(text, '\033'));
}

static void test_empty(void) {
        g_autofree char *text = render("@a{sv} {}");

        g_assert_cmpstr(text, ==, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/metrics-view/units", test_units);
        g_test_add_func("/ctl/metrics-view/families", test_families);
        g_test_add_func("/ctl/metrics-view/lists", test_lists);
        g_test_add_func("/ctl/metrics-view/nodes", test_nodes);
        g_test_add_func("/ctl/metrics-view/referee", test_referee);
        g_test_add_func("/ctl/metrics-view/store", test_store);
        g_test_add_func("/ctl/metrics-view/unknown", test_unknown);
        g_test_add_func("/ctl/metrics-view/empty", test_empty);
        return g_test_run();
}
