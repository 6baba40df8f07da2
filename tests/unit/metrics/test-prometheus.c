/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/prometheus.h"

#include <string.h>
#include <unistd.h>

#include "daemon/metrics/metrics.h"

static char *text_of(const char *metrics) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) v = g_variant_parse(G_VARIANT_TYPE_VARDICT, metrics, NULL, NULL,
                                                &error);

        g_assert_no_error(error);
        return pi_prometheus_text(v);
}

/* What of the text begins with the name: its help, type and samples. */
static void assert_samples(const char *metrics, const char *name, const char *wanted) {
        g_autofree char *text = text_of(metrics);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autoptr(GString) found = g_string_new(NULL);

        for (char **line = lines; *line; line++)
                if (g_str_has_prefix(*line, name) &&
                    !g_ascii_isalnum((*line)[strlen(name)]))
                        g_string_append_printf(found, "%s\n", *line);
        g_assert_cmpstr(found->str, ==, wanted);
}

static void test_names_and_units(void) {
        assert_samples("{'jobs_done': <uint64 18446744073709551615>}", "picompute_jobs_done_total",
                       "picompute_jobs_done_total 18446744073709551615\n");
        assert_samples("{'jobs_queued': <uint32 3>}", "picompute_jobs_queued",
                       "picompute_jobs_queued 3\n");
        assert_samples("{'uptime_usec': <uint64 1500001>}", "picompute_uptime_seconds",
                       "picompute_uptime_seconds 1.500001\n");
        assert_samples("{'jobs_cpu_usec': <uint64 0>}", "picompute_jobs_cpu_seconds_total",
                       "picompute_jobs_cpu_seconds_total 0\n");
        assert_samples("{'part_p50_nsec': <uint64 812>}", "picompute_part_p50_seconds",
                       "picompute_part_p50_seconds 8.12e-07\n");
        assert_samples("{'machine_cpu_steal': <0.3>}", "picompute_machine_cpu_steal_ratio",
                       "picompute_machine_cpu_steal_ratio 0.3\n");
        assert_samples("{'memory_rss_bytes': <uint64 7000000>}", "picompute_memory_rss_bytes",
                       "picompute_memory_rss_bytes 7000000\n");
        assert_samples("{'slots_total': <uint32 2>}", "picompute_slots", "picompute_slots 2\n");
        assert_samples("{'store_degraded': <true>}", "picompute_store_degraded",
                       "picompute_store_degraded 1\n");
        assert_samples("{'lifetime_terms_per_second': <0.1>}",
                       "picompute_lifetime_terms_per_second",
                       "picompute_lifetime_terms_per_second 0.1\n");
}

static void test_heads(void) {
        g_autofree char *text = text_of("{'jobs_done': <uint64 5>, 'jobs_running': <uint32 1>}");

        g_assert_nonnull(strstr(text, "# HELP picompute_jobs_done_total Jobs that ended with a "
                                      "verified sum.\n# TYPE picompute_jobs_done_total counter\n"
                                      "picompute_jobs_done_total 5\n"));
        g_assert_nonnull(strstr(text, "# TYPE picompute_jobs_running gauge\n"));
}

static void test_up(void) {
        g_autofree char *running = text_of("{}"), *gone = pi_prometheus_text(NULL);

        g_assert_cmpstr(running, ==, "# HELP picompute_up Whether the service runs.\n"
                                     "# TYPE picompute_up gauge\npicompute_up 1\n");
        g_assert_cmpstr(gone, ==, "# HELP picompute_up Whether the service runs.\n"
                                  "# TYPE picompute_up gauge\npicompute_up 0\n");
}

static void test_histogram(void) {
        const char *metrics = "{'response_count': <uint64 5>, 'response_sum_usec': <uint64 2500>, "
                              "'response_p50_usec': <uint64 200>, "
                              "'response_buckets': <[(uint64 100, uint64 1), (200, 4)]>}";
        g_autofree char *text = text_of(metrics);

        assert_samples(metrics, "picompute_response_seconds",
                       "picompute_response_seconds_bucket{le=\"0.0001\"} 1\n"
                       "picompute_response_seconds_bucket{le=\"0.0002\"} 4\n"
                       "picompute_response_seconds_bucket{le=\"+Inf\"} 5\n"
                       "picompute_response_seconds_sum 0.0025\n"
                       "picompute_response_seconds_count 5\n");
        g_assert_nonnull(strstr(text, "# TYPE picompute_response_seconds histogram\n"));
        g_assert_nonnull(strstr(text, "picompute_response_p50_seconds 0.0002\n"));
        g_assert_null(strstr(text, "picompute_response_count"));
        /* Of nothing measured the sum is known: a rate can begin. */
        assert_samples("{'part_count': <uint64 0>, 'part_buckets': <[(uint64 100, uint64 0)]>}",
                       "picompute_part_seconds",
                       "picompute_part_seconds_bucket{le=\"1e-07\"} 0\n"
                       "picompute_part_seconds_bucket{le=\"+Inf\"} 0\n"
                       "picompute_part_seconds_sum 0\npicompute_part_seconds_count 0\n");
        assert_samples("{'part_count': <uint64 3>}", "picompute_part_seconds", "");
}

static void test_lists(void) {
        const char *metrics =
                "{'cores': <[{'cpu': <uint32 4>, 'state': <'in-service'>, 'terms': <uint64 9>, "
                "'busy_usec': <uint64 5>}, "
                "{'cpu': <uint32 4>, 'state': <'out-of-service'>, 'terms': <uint64 8>}, "
                "{'terms': <uint64 7>}]>, "
                "'baselines': <[{'kernel': <'avx2'>, 'terms_per_second': <1e10>, "
                "'measured_usec': <uint64 1700000000000000>}]>}";

        assert_samples(metrics, "picompute_core_terms_total",
                       "picompute_core_terms_total{cpu=\"4\",worker=\"0\"} 9\n"
                       "picompute_core_terms_total{cpu=\"4\",worker=\"1\"} 8\n");
        assert_samples(metrics, "picompute_core_busy_seconds_total",
                       "picompute_core_busy_seconds_total{cpu=\"4\",worker=\"0\"} 5e-06\n");
        assert_samples(metrics, "picompute_core_state",
                       "picompute_core_state{cpu=\"4\",worker=\"0\",state=\"in-service\"} 1\n"
                       "picompute_core_state{cpu=\"4\",worker=\"0\",state=\"suspect\"} 0\n"
                       "picompute_core_state{cpu=\"4\",worker=\"0\",state=\"out-of-service\"} 0\n"
                       "picompute_core_state{cpu=\"4\",worker=\"1\",state=\"in-service\"} 0\n"
                       "picompute_core_state{cpu=\"4\",worker=\"1\",state=\"suspect\"} 0\n"
                       "picompute_core_state{cpu=\"4\",worker=\"1\",state=\"out-of-service\"} 1\n");
        assert_samples(metrics, "picompute_kernel_terms_per_second",
                       "picompute_kernel_terms_per_second{kernel=\"avx2\"} 10000000000\n");
        assert_samples(metrics, "picompute_kernel_measured_timestamp_seconds",
                       "picompute_kernel_measured_timestamp_seconds{kernel=\"avx2\"} 1700000000\n");
        assert_samples(metrics, "picompute_core_cpu", "");
}

static void test_nodes(void) {
        const char *metrics =
                "{'nodes': <[{'id': <'00'>, 'name': <'here'>, 'state': <'self'>, "
                "'cpu_usage': <1.5>}, "
                "{'id': <'11'>, 'name': <'a\"b'>, 'state': <'lost'>, 'share': <0.75>, "
                "'leases_lost': <uint64 6>, 'round_trip_usec': <uint64 250>, "
                "'memory_bytes': <uint64 2000>, 'last_seen_usec': <uint64 1700000000000000>}, "
                "{'id': <'22'>, 'leases_lost': <uint64 7>}]>}";
#define THERE "{node=\"11\",name=\"a\\\"b\""

        assert_samples(metrics, "picompute_node_cpu_usage",
                       "picompute_node_cpu_usage{node=\"00\",name=\"here\"} 1.5\n");
        assert_samples(metrics, "picompute_node_share_ratio",
                       "picompute_node_share_ratio" THERE "} 0.75\n");
        assert_samples(metrics, "picompute_node_leases_lost_total",
                       "picompute_node_leases_lost_total" THERE "} 6\n");
        assert_samples(metrics, "picompute_node_round_trip_seconds",
                       "picompute_node_round_trip_seconds" THERE "} 0.00025\n");
        assert_samples(metrics, "picompute_node_memory_bytes",
                       "picompute_node_memory_bytes" THERE "} 2000\n");
        assert_samples(metrics, "picompute_node_last_seen_timestamp_seconds",
                       "picompute_node_last_seen_timestamp_seconds" THERE "} 1700000000\n");
        assert_samples(metrics, "picompute_node_state",
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"self\"} 1\n"
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"connecting\"} 0\n"
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"up\"} 0\n"
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"lost\"} 0\n"
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"quarantined\"} 0\n"
                       "picompute_node_state{node=\"00\",name=\"here\",state=\"incompatible\"} 0\n"
                       "picompute_node_state" THERE ",state=\"self\"} 0\n"
                       "picompute_node_state" THERE ",state=\"connecting\"} 0\n"
                       "picompute_node_state" THERE ",state=\"up\"} 0\n"
                       "picompute_node_state" THERE ",state=\"lost\"} 1\n"
                       "picompute_node_state" THERE ",state=\"quarantined\"} 0\n"
                       "picompute_node_state" THERE ",state=\"incompatible\"} 0\n");
        assert_samples(metrics, "picompute_node_id", "");
        assert_samples(metrics, "picompute_node_name", "");
#undef THERE
}

static void test_labels(void) {
        g_autofree char *long_text = g_strnfill(300, 'x'), *metrics = NULL, *text = NULL;

        assert_samples("{'baseline_kernel': <'a\"b\\\\c\\nd\xc3\xa4'>}",
                       "picompute_baseline_kernel_info",
                       "picompute_baseline_kernel_info{kernel=\"a\\\"b\\\\c\\nd\xc3\xa4\"} 1\n");
        /* Cut between two characters, not within one. */
        memcpy(long_text + 255, "\xc3\xa4", 2);
        metrics = g_strdup_printf("{'store_error': <'%s'>}", long_text);
        text = text_of(metrics);
        long_text[255] = '\0';
        g_assert_true(g_utf8_validate(text, -1, NULL));
        g_assert_nonnull(strstr(text, long_text));
        g_assert_nonnull(strstr(text, "xxx\"} 1\n"));
}

/* What is unknown, of a wrong type or no number is left out. */
static void test_others(void) {
        g_autofree char *text = text_of(
                "{'jobs_done': <'many'>, 'new_thing': <uint64 5>, 'cores': <uint32 5>, "
                "'baselines': <[{'terms_per_second': <1.0>}]>, 'response_count': <'x'>, "
                "'speedup_last': <nan>, 'efficiency_last': <inf>, 'response_buckets': <uint64 1>}");
        g_autofree char *up = text_of("{}");

        g_assert_cmpstr(text, ==, up);
}

static GVariant *large(void) {
        enum { CORES = PI_METRICS_CORES_MAX + 500 };
        GVariantBuilder cores, dict, buckets;

        g_variant_builder_init(&cores, G_VARIANT_TYPE("aa{sv}"));
        for (guint32 i = 0; i < CORES; i++) {
                g_variant_builder_open(&cores, G_VARIANT_TYPE_VARDICT);
                g_variant_builder_add(&cores, "{sv}", "cpu", g_variant_new_uint32(i));
                g_variant_builder_add(&cores, "{sv}", "state", g_variant_new_string("suspect"));
                g_variant_builder_close(&cores);
        }
        g_variant_builder_init(&buckets, G_VARIANT_TYPE("a(tt)"));
        for (guint64 i = 0; i < 100000; i++)
                g_variant_builder_add(&buckets, "(tt)", i, i);
        g_variant_builder_init(&dict, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&dict, "{sv}", "cores", g_variant_builder_end(&cores));
        g_variant_builder_add(&dict, "{sv}", "part_count", g_variant_new_uint64(100000));
        g_variant_builder_add(&dict, "{sv}", "part_buckets", g_variant_builder_end(&buckets));
        return g_variant_ref_sink(g_variant_builder_end(&dict));
}

static void test_limits(void) {
        g_autoptr(GVariant) v = large();
        g_autofree char *text = pi_prometheus_text(v);

        g_assert_nonnull(strstr(text, "cpu=\"1023\""));
        g_assert_null(strstr(text, "cpu=\"1024\""));
        g_assert_nonnull(strstr(text, "le=\"+Inf\"} 100000\n"));
        g_assert_cmpuint(strlen(text), <, 1000000);
}

/* Every figure of a service with one job done, on this machine. */
static char *whole_text(void) {
        static const PiMetricsJob job = {
                .outcome = PI_METRICS_DONE, .terms = 1000, .parts = 10, .response_usec = 20000,
                .compute_usec = 10000, .cpu_usec = 18000, .workers = 2, .speedup = 1.8,
                .efficiency = 0.9,
        };
        PiMetricsCore core = { .state = "in-service", .terms = 5, .busy_usec = 7, .wall_usec = 9 };
        PiMetricsBaseline baseline = { "generic", 1e9, 3, 1700000000000000 };
        PiMetricsNode nodes[] = {
                { .is_self = TRUE, .id = "00", .name = "here", .state = "self", .cpus = 2,
                  .usage = { TRUE, 0.1, TRUE, 1, TRUE, 1 } },
                { .id = "11", .name = "there", .state = "up", .cpus = 2, .terms_per_second = 1e9,
                  .round_trip_usec = 30, .last_seen_usec = 1700000000000000,
                  .usage = { TRUE, 0.1, TRUE, 1, TRUE, 1 } },
        };
        g_autoptr(PiHistogram) parts = pi_histogram_new();
        PiMetricsLive live = {
                .nodes = nodes, .n_nodes = G_N_ELEMENTS(nodes),
                .cores = &core, .n_cores = 1, .part_nsec = parts,
                .baselines = &baseline, .n_baselines = 1,
                .store = { .error = "it's \"full\"", .has_checkpoint_age = TRUE },
        };
        g_autoptr(PiMetrics) m = pi_metrics_new(NULL);
        g_autoptr(GVariant) v = NULL;

        pi_metrics_job_submitted(m);
        pi_metrics_job_started(m, 50);
        pi_metrics_job_finished(m, &job);
        pi_histogram_record(parts, 1000, 10);
        v = g_variant_ref_sink(pi_metrics_to_variant(m, &live));
        return pi_prometheus_text(v);
}

/* promtool's complaints about a text, "" for none. */
static char *check(const char *promtool, const char *text) {
        const char *const argv[] = { "sh", "-c", "exec \"$0\" check metrics <\"$1\" 2>&1", promtool,
                                     NULL, NULL };
        g_autofree char *path = NULL, *said = NULL;
        g_autoptr(GError) error = NULL;
        char *words[G_N_ELEMENTS(argv)];
        int status, fd = g_file_open_tmp("picompute-XXXXXX.prom", &path, &error);

        g_assert_no_error(error);
        close(fd);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        memcpy(words, argv, sizeof(words));
        words[4] = path;
        g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &said, NULL, &status,
                     &error);
        unlink(path);
        g_assert_no_error(error);
        if (!g_spawn_check_wait_status(status, NULL) && said[0] == '\0')
                return g_strdup("promtool failed");
        return g_steal_pointer(&said);
}

static void test_promtool(void) {
        const char *promtool = g_getenv("PI_PROMTOOL");
        g_autofree char *text = whole_text(), *gone = pi_prometheus_text(NULL);
        g_autofree char *of_text = NULL, *of_gone = NULL, *of_bad = NULL;

        if (!promtool || !promtool[0]) {
                g_test_skip("there is no promtool: install prometheus");
                return;
        }
        of_text = check(promtool, text);
        g_assert_cmpstr(of_text, ==, "");
        of_gone = check(promtool, gone);
        g_assert_cmpstr(of_gone, ==, "");
        of_bad = check(promtool, "# TYPE picompute_slots_total gauge\npicompute_slots_total 1\n");
        g_assert_cmpstr(of_bad, !=, "");
}

/* Each figure that the service has is told, and each one once. */
static void test_whole(void) {
        g_autofree char *text = whole_text();
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autoptr(GHashTable) series = g_hash_table_new(g_str_hash, g_str_equal);

        for (char **line = lines; *line; line++) {
                char *space = strrchr(*line, ' ');

                if ((*line)[0] == '#' || !space)
                        continue;
                *space = '\0';
                g_assert_true(g_hash_table_add(series, *line));
        }
        g_assert_true(g_hash_table_contains(series, "picompute_jobs_done_total"));
        g_assert_true(g_hash_table_contains(series, "picompute_process_cpu_seconds_total"));
        g_assert_true(g_hash_table_contains(series, "picompute_guests_done_total"));
        g_assert_true(g_hash_table_contains(series, "picompute_node_memory_bytes"
                                                    "{node=\"11\",name=\"there\"}"));
        g_assert_true(g_hash_table_contains(series, "picompute_kernel_measurements"
                                                    "{kernel=\"generic\"}"));
        g_assert_true(g_hash_table_contains(series, "picompute_store_error_info"
                                                    "{error=\"it's \\\"full\\\"\"}"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/prometheus/names-and-units", test_names_and_units);
        g_test_add_func("/prometheus/heads", test_heads);
        g_test_add_func("/prometheus/up", test_up);
        g_test_add_func("/prometheus/histogram", test_histogram);
        g_test_add_func("/prometheus/lists", test_lists);
        g_test_add_func("/prometheus/nodes", test_nodes);
        g_test_add_func("/prometheus/labels", test_labels);
        g_test_add_func("/prometheus/others", test_others);
        g_test_add_func("/prometheus/limits", test_limits);
        g_test_add_func("/prometheus/whole", test_whole);
        g_test_add_func("/prometheus/promtool", test_promtool);
        return g_test_run();
}
