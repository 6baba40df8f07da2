/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/keys.h"
#include "daemon/metrics/metrics.h"
#include "tests/unit/metrics/tree.h"

#include <math.h>
#include <string.h>

typedef struct Fixture {
        Tree tree;
        PiMetrics *metrics;
        PiHistogram part_nsec;
        PiMetricsCore cores[2];
        PiMetricsBaseline baselines[2];
        PiMetricsNode nodes[2];
        PiMetricsLive live;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        tree_init(&f->tree);
        tree_add_proc(&f->tree);
        tree_add_v2(&f->tree);
        f->metrics = pi_metrics_new(f->tree.root);
        f->cores[0] = (PiMetricsCore) {
                .cpu = 0, .state = "in-service",
                .terms = 3000000, .parts = 30, .leases_verified = 3,
                .busy_usec = 1500, .wall_usec = 3000,
        };
        f->cores[1] = (PiMetricsCore) {
                .cpu = 1, .state = "out-of-service", .out_of_service = TRUE,
                .terms = 1000000, .parts = 10, .leases_verified = 1,
                .leases_failed = 2, .leases_recomputed = 1, .busy_usec = 1000, .wall_usec = 1000,
        };
        f->baselines[0] = (PiMetricsBaseline) { "avx2", 2e10, 3, 1700000000000000 };
        f->baselines[1] = (PiMetricsBaseline) { "generic", 1e9, 1, 1600000000000000 };
        f->nodes[0] = (PiMetricsNode) {
                .is_self = TRUE, .id = "00", .name = "here", .state = "self", .cpus = 2,
                .terms_per_second = 1e9, .terms = 1, .share = 0.25, .leases_verified = 2,
                .leases_lost = 99, .leases_served = 99, .round_trip_usec = 99,
                .last_seen_usec = 99, .usage = { TRUE, 0.5, TRUE, 1000, TRUE, 1 },
        };
        f->nodes[1] = (PiMetricsNode) {
                .id = "11", .name = "there", .state = "up", .cpus = 4, .terms_per_second = 2e9,
                .terms = 3, .share = 0.75, .leases_verified = 4, .leases_failed = 5,
                .leases_lost = 6, .leases_served = 7, .round_trip_usec = 8,
                .last_seen_usec = 1700000000000000, .usage = { TRUE, 1.5, TRUE, 2000, TRUE, 3 },
        };
        f->live = (PiMetricsLive) {
                .jobs_queued = 4, .jobs_running = 3, .slots_total = 2, .slots_in_use = 1,
                .faults = { .transient = 11, .core = 12, .node = 13, .software = 14 },
                .jobs_resumed = 5, .jobs_preempted = 6,
                .store = { .degraded = TRUE, .error = "no space left", .commits = 21,
                           .failures = 22, .checkpoints = 23, .lost = 24, .queued = 25,
                           .has_checkpoint_age = TRUE, .checkpoint_age_usec = 26 },
                .cores = f->cores, .n_cores = 2, .part_nsec = &f->part_nsec,
                .baselines = f->baselines, .n_baselines = 2,
                .firewall = { .failed = TRUE, .error = "no helper" },
                .guests = { .running = 31, .done = 32, .terms = 33 },
                .nodes = f->nodes, .n_nodes = 2,
        };
}

static void tear_down(Fixture *f, gconstpointer unused) {
        pi_metrics_free(f->metrics);
        tree_clear(&f->tree);
}

static GVariant *ask(Fixture *f) {
        return g_variant_ref_sink(pi_metrics_to_variant(f->metrics, &f->live));
}

static uint64_t get_t(GVariant *v, const char *name) {
        uint64_t value = 0;
        if (!g_variant_lookup(v, name, "t", &value))
                g_error("no %s of type t", name);
        return value;
}

static double get_d(GVariant *v, const char *name) {
        double value = 0;
        if (!g_variant_lookup(v, name, "d", &value))
                g_error("no %s of type d", name);
        return value;
}

/* As long as the dictionary lives. */
static const char *get_s(GVariant *v, const char *name) {
        const char *value = NULL;
        if (!g_variant_lookup(v, name, "&s", &value))
                g_error("no %s of type s", name);
        return value;
}

static uint32_t get_u(GVariant *v, const char *name) {
        uint32_t value = 0;
        if (!g_variant_lookup(v, name, "u", &value))
                g_error("no %s of type u", name);
        return value;
}

static gboolean has(GVariant *v, const char *name) {
        g_autoptr(GVariant) value = g_variant_lookup_value(v, name, NULL);
        return value != NULL;
}

static const PiMetricKey *find_key(const PiMetricKey *keys, const char *name) {
        for (; keys->name; keys++)
                if (strcmp(keys->name, name) == 0)
                        return keys;
        return NULL;
}

/* Every entry is in the table, once, with the table's type; ratios are ratios. */
static void assert_conforms(GVariant *dict, const PiMetricKey *keys) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        GVariantIter iter;
        const char *name;
        GVariant *value;

        g_variant_iter_init(&iter, dict);
        while (g_variant_iter_loop(&iter, "{&sv}", &name, &value)) {
                const PiMetricKey *key = find_key(keys, name);
                if (!key)
                        g_error("%s is not in the table", name);
                g_assert_cmpstr(g_variant_get_type_string(value), ==, key->type);
                g_assert_true(g_hash_table_add(seen, g_strdup(name)));
                if (strcmp(key->type, "d") == 0)
                        g_assert_true(isfinite(g_variant_get_double(value)));
                if (strcmp(key->unit, "ratio") == 0) {
                        g_assert_cmpfloat(g_variant_get_double(value), >=, 0);
                        g_assert_cmpfloat(g_variant_get_double(value), <=, 1);
                }
        }
}

static void assert_list_conforms(GVariant *v, const char *name, const PiMetricKey *keys,
                                 size_t n, gboolean complete) {
        g_autoptr(GVariant) list = g_variant_lookup_value(v, name, G_VARIANT_TYPE("aa{sv}"));

        g_assert_nonnull(list);
        g_assert_cmpuint(g_variant_n_children(list), ==, n);
        for (size_t i = 0; i < n; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                assert_conforms(entry, keys);
                for (const PiMetricKey *k = keys; complete && k->name; k++)
                        if (!has(entry, k->name))
                                g_error("%s lacks %s", name, k->name);
        }
}

static const PiMetricsJob good_job = {
        .outcome = PI_METRICS_DONE, .terms = 1000, .parts = 10, .response_usec = 20000,
        .compute_usec = 10000, .cpu_usec = 18000, .workers = 2, .leases = 4, .leases_retried = 1,
        .speedup = 1.8, .efficiency = 0.9,
};

static void run_one_job(Fixture *f) {
        pi_metrics_job_submitted(f->metrics);
        pi_metrics_job_started(f->metrics, 250);
        pi_metrics_job_finished(f->metrics, &good_job);
        pi_histogram_record(&f->part_nsec, 1000, 40);
}

/* The shares of the machine's CPUs need two readings some time apart. */
static GVariant *ask_when_complete(Fixture *f) {
        GVariant *v = ask(f);
        unsigned busy = 1000;

        while (!has(v, "machine_cpu_utilization")) {
                g_variant_unref(v);
                g_usleep(10 * 1000);
                tree_write_stat(&f->tree, busy += 10, 5000, 20);
                v = ask(f);
        }
        return v;
}

static void test_complete(Fixture *f, gconstpointer unused) {
        run_one_job(f);
        pi_metrics_tick(f->metrics, &f->live);
        g_autoptr(GVariant) v = ask_when_complete(f);

        g_assert_cmpstr(g_variant_get_type_string(v), ==, "a{sv}");
        assert_conforms(v, pi_metric_keys());
        for (const PiMetricKey *k = pi_metric_keys(); k->name; k++)
                if (!has(v, k->name))
                        g_error("no %s", k->name);
        assert_list_conforms(v, "cores", pi_metric_core_keys(), 2, TRUE);
        assert_list_conforms(v, "baselines", pi_metric_baseline_keys(), 2, TRUE);
        assert_list_conforms(v, "nodes", pi_metric_node_keys(), 2, FALSE);
}

/* A new daemon on a machine that tells nothing: no figure is made up. */
static void test_nothing_known(void) {
        static const char *const always[] = {
                "uptime_usec", "jobs_submitted", "jobs_done", "jobs_queued", "slots_total",
                "response_count", "submission_count", "terms_computed", "leases_verified",
                "process_cpu_usec", "response_buckets", "submission_buckets", "jobs_resumed",
                "store_degraded", "store_commits",
        };
        static const char *const unknown[] = {
                "response_p50_usec", "response_max_usec", "response_sum_usec",
                "submission_p99_usec", "part_count", "part_p50_nsec", "speedup_last",
                "speedup_mean", "efficiency_last", "efficiency_mean", "workers_last",
                "baseline_kernel", "baselines", "cores", "machine_cpus", "machine_cpu_steal",
                "machine_memory_bytes", "memory_rss_bytes", "memory_machine_share",
                "cgroup_cpu_usec", "cgroup_cpu_throttled_usec", "cgroup_memory_bytes",
                "cgroup_cpu_pressure_10s", "machine_cpu_pressure_10s",
                "last_minute_worker_utilization", "part_buckets", "store_error",
                "checkpoint_age_usec", "firewall_error", "nodes",
        };
        g_auto(Tree) t = { 0 };

        tree_init(&t);
        g_autoptr(PiMetrics) m = pi_metrics_new(t.root);
        g_autoptr(GVariant) v =
                g_variant_ref_sink(pi_metrics_to_variant(m, &(PiMetricsLive) { 0 }));
        assert_conforms(v, pi_metric_keys());
        for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
                if (!has(v, always[i]))
                        g_error("no %s", always[i]);
        for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
                if (has(v, unknown[i]))
                        g_error("%s out of thin air", unknown[i]);
}

static void test_jobs(Fixture *f, gconstpointer unused) {
        static const PiMetricsJob failed = {
                .outcome = PI_METRICS_FAILED, .terms = 7, .parts = 7, .response_usec = 99999999,
                .compute_usec = 5, .leases_retried = 5, .speedup = 100, .efficiency = 50,
        };
        static const PiMetricsJob cancelled = { .outcome = PI_METRICS_CANCELLED, .terms = 9 };

        run_one_job(f);
        run_one_job(f);
        pi_metrics_job_submitted(f->metrics);
        pi_metrics_job_submitted(f->metrics);
        pi_metrics_job_finished(f->metrics, &failed);
        pi_metrics_job_finished(f->metrics, &cancelled);
        pi_metrics_quota_refused(f->metrics);

        g_autoptr(GVariant) v = ask(f);
        g_assert_cmpuint(get_t(v, "jobs_submitted"), ==, 4);
        g_assert_cmpuint(get_t(v, "jobs_done"), ==, 2);
        g_assert_cmpuint(get_t(v, "jobs_failed"), ==, 1);
        g_assert_cmpuint(get_t(v, "jobs_cancelled"), ==, 1);
        g_assert_cmpuint(get_t(v, "jobs_refused"), ==, 1);
        g_assert_cmpuint(get_t(v, "jobs_resumed"), ==, 5);
        g_assert_cmpuint(get_t(v, "jobs_preempted"), ==, 6);
        g_assert_cmpuint(get_u(v, "jobs_queued"), ==, 4);
        g_assert_cmpuint(get_u(v, "jobs_running"), ==, 3);
        g_assert_cmpuint(get_u(v, "slots_in_use"), ==, 1);
        g_assert_cmpuint(get_t(v, "terms_delivered"), ==, 2000);
        g_assert_cmpuint(get_t(v, "parts_delivered"), ==, 20);
        g_assert_cmpuint(get_t(v, "jobs_compute_usec"), ==, 20000);
        g_assert_cmpuint(get_t(v, "jobs_cpu_usec"), ==, 36000);
        g_assert_cmpuint(get_t(v, "leases_retried"), ==, 7);
        g_assert_cmpuint(get_t(v, "response_count"), ==, 2);
        g_assert_cmpuint(get_t(v, "response_max_usec"), ==, 20000);
        g_assert_cmpuint(get_t(v, "response_p50_usec"), ==, 20000);
        g_assert_cmpuint(get_t(v, "submission_count"), ==, 2);
        g_assert_cmpuint(get_t(v, "submission_p99_usec"), ==, 250);
        g_assert_cmpuint(get_t(v, "part_count"), ==, 80);
        g_assert_cmpuint(get_t(v, "part_sum_nsec"), ==, 80000);
        g_assert_cmpfloat(get_d(v, "speedup_last"), ==, 1.8);
}

static void test_store(Fixture *f, gconstpointer unused) {
        g_autoptr(GVariant) broken = ask(f), list = NULL, second = NULL, well = NULL;
        gboolean degraded = FALSE;

        g_assert_true(g_variant_lookup(broken, "store_degraded", "b", &degraded) && degraded);
        g_assert_cmpstr(get_s(broken, "store_error"), ==, "no space left");
        g_assert_cmpuint(get_t(broken, "store_commits"), ==, 21);
        g_assert_cmpuint(get_t(broken, "store_failures"), ==, 22);
        g_assert_cmpuint(get_t(broken, "store_checkpoints"), ==, 23);
        g_assert_cmpuint(get_t(broken, "store_lost"), ==, 24);
        g_assert_cmpuint(get_u(broken, "store_queued"), ==, 25);
        g_assert_cmpuint(get_t(broken, "checkpoint_age_usec"), ==, 26);

        list = g_variant_lookup_value(broken, "baselines", G_VARIANT_TYPE("aa{sv}"));
        second = g_variant_get_child_value(list, 1);
        g_assert_cmpuint(get_u(second, "measurements"), ==, 1);
        g_assert_cmpuint(get_t(second, "measured_usec"), ==, 1600000000000000);

        f->live.store = (PiMetricsStore) { .commits = 1 };
        well = ask(f);
        g_assert_true(g_variant_lookup(well, "store_degraded", "b", &degraded));
        g_assert_false(degraded);
        g_assert_false(has(well, "store_error"));
        g_assert_false(has(well, "checkpoint_age_usec"));
}

static void test_firewall(Fixture *f, gconstpointer unused) {
        g_autoptr(GVariant) broken = ask(f), well = NULL;
        gboolean failed = FALSE;

        g_assert_true(g_variant_lookup(broken, "firewall_failed", "b", &failed) && failed);
        g_assert_cmpstr(get_s(broken, "firewall_error"), ==, "no helper");
        f->live.firewall = (PiMetricsFirewall) {};
        well = ask(f);
        g_assert_true(g_variant_lookup(well, "firewall_failed", "b", &failed) && !failed);
        g_assert_false(has(well, "firewall_error"));
}

/* How many values the buckets of a key count up to a bound. */
static uint64_t count_up_to(GVariant *v, const char *name, uint64_t wanted) {
        g_autoptr(GVariant) list = g_variant_lookup_value(v, name, G_VARIANT_TYPE("a(tt)"));

        g_assert_nonnull(list);
        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                uint64_t bound, count;

                g_variant_get_child(list, i, "(tt)", &bound, &count);
                if (bound == wanted)
                        return count;
        }
        g_error("%s has no bound %" G_GUINT64_FORMAT, name, wanted);
}

/* A value on a bound counts for it, one above it does not. */
static void test_buckets(Fixture *f, gconstpointer unused) {
        PiMetricsJob job = good_job;

        for (uint64_t usec = 19999; usec <= 20001; usec++) {
                job.response_usec = usec;
                pi_metrics_job_finished(f->metrics, &job);
        }
        job.response_usec = UINT64_C(20000000000);
        pi_metrics_job_finished(f->metrics, &job);
        pi_metrics_job_started(f->metrics, 10);
        pi_histogram_record(&f->part_nsec, 99, 7);

        g_autoptr(GVariant) v = ask(f);
        g_assert_cmpuint(count_up_to(v, "response_buckets", 10000), ==, 0);
        g_assert_cmpuint(count_up_to(v, "response_buckets", 20000), ==, 2);
        g_assert_cmpuint(count_up_to(v, "response_buckets", 50000), ==, 3);
        g_assert_cmpuint(count_up_to(v, "response_buckets", UINT64_C(10000000000)), ==, 3);
        g_assert_cmpuint(get_t(v, "response_count"), ==, 4);
        g_assert_cmpuint(count_up_to(v, "submission_buckets", 10), ==, 1);
        g_assert_cmpuint(count_up_to(v, "part_buckets", 100), ==, 7);
}

static void test_cores(Fixture *f, gconstpointer unused) {
        g_autoptr(GVariant) v = ask(f);
        g_autoptr(GVariant) list = g_variant_lookup_value(v, "cores", G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) first = g_variant_get_child_value(list, 0);
        g_autoptr(GVariant) second = g_variant_get_child_value(list, 1);

        g_assert_cmpuint(get_t(v, "terms_computed"), ==, 4000000);
        g_assert_cmpuint(get_t(v, "parts_computed"), ==, 40);
        g_assert_cmpuint(get_t(v, "leases_verified"), ==, 4);
        g_assert_cmpuint(get_t(v, "leases_failed"), ==, 2);
        g_assert_cmpuint(get_t(v, "leases_recomputed"), ==, 1);
        g_assert_cmpfloat_with_epsilon(get_d(first, "terms_per_second"), 2e9, 1);
        g_assert_cmpfloat_with_epsilon(get_d(second, "terms_per_second"), 1e9, 1);
        g_assert_cmpfloat_with_epsilon(get_d(first, "cpu_share"), 0.5, 1e-12);
        g_assert_cmpfloat_with_epsilon(get_d(second, "cpu_share"), 1, 1e-12);
        g_assert_cmpuint(get_u(second, "cpu"), ==, 1);
        g_assert_cmpuint(get_t(second, "leases_failed"), ==, 2);
        g_assert_cmpstr(get_s(first, "state"), ==, "in-service");
        g_assert_cmpstr(get_s(second, "state"), ==, "out-of-service");
        g_assert_cmpuint(get_u(v, "cores_out_of_service"), ==, 1);
        g_assert_cmpuint(get_t(v, "faults_transient"), ==, 11);
        g_assert_cmpuint(get_t(v, "faults_core"), ==, 12);
        g_assert_cmpuint(get_t(v, "faults_node"), ==, 13);
        g_assert_cmpuint(get_t(v, "faults_software"), ==, 14);
}

static GVariant *node_of(GVariant *v, gsize index) {
        g_autoptr(GVariant) list = g_variant_lookup_value(v, "nodes", G_VARIANT_TYPE("aa{sv}"));

        g_assert_nonnull(list);
        return g_variant_get_child_value(list, index);
}

static void test_nodes(Fixture *f, gconstpointer unused) {
        static const char *const between_two[] = { "leases_lost", "leases_served",
                                                   "round_trip_usec", "last_seen_usec" };
        g_autoptr(GVariant) v = ask(f), here = node_of(v, 0), there = node_of(v, 1);

        for (const PiMetricKey *k = pi_metric_node_keys(); k->name; k++)
                if (!has(there, k->name))
                        g_error("no %s", k->name);
        g_assert_cmpstr(get_s(here, "id"), ==, "00");
        g_assert_cmpstr(get_s(here, "state"), ==, "self");
        g_assert_cmpfloat(get_d(here, "cpu_usage"), ==, 0.5);
        for (size_t i = 0; i < G_N_ELEMENTS(between_two); i++)
                g_assert_false(has(here, between_two[i]));
        g_assert_cmpstr(get_s(there, "name"), ==, "there");
        g_assert_cmpuint(get_u(there, "cpus"), ==, 4);
        g_assert_cmpuint(get_u(there, "slots_in_use"), ==, 3);
        g_assert_cmpfloat(get_d(there, "terms_per_second"), ==, 2e9);
        g_assert_cmpuint(get_t(there, "terms"), ==, 3);
        g_assert_cmpfloat(get_d(there, "share"), ==, 0.75);
        g_assert_cmpuint(get_t(there, "leases_verified"), ==, 4);
        g_assert_cmpuint(get_t(there, "leases_failed"), ==, 5);
        g_assert_cmpuint(get_t(there, "leases_lost"), ==, 6);
        g_assert_cmpuint(get_t(there, "leases_served"), ==, 7);
        g_assert_cmpuint(get_t(there, "round_trip_usec"), ==, 8);
        g_assert_cmpfloat(get_d(there, "cpu_usage"), ==, 1.5);
        g_assert_cmpuint(get_t(there, "memory_bytes"), ==, 2000);
        g_assert_cmpuint(get_t(there, "last_seen_usec"), ==, 1700000000000000);
        g_assert_cmpuint(get_u(v, "guests_running"), ==, 31);
        g_assert_cmpuint(get_t(v, "guests_done"), ==, 32);
        g_assert_cmpuint(get_t(v, "guest_terms"), ==, 33);
}

/* Of a member never seen there is nothing but who it is, and what was counted. */
static void test_unknown_node(Fixture *f, gconstpointer unused) {
        static const char *const unknown[] = {
                "cpus", "slots_in_use", "terms_per_second", "share", "round_trip_usec",
                "cpu_usage", "memory_bytes", "last_seen_usec",
        };
        g_autoptr(GVariant) v = NULL, there = NULL;

        f->nodes[1] = (PiMetricsNode) { .id = "11", .name = "there", .state = "connecting",
                                        .share = -1 };
        v = ask(f);
        there = node_of(v, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
                if (has(there, unknown[i]))
                        g_error("%s out of thin air", unknown[i]);
        g_assert_cmpuint(get_t(there, "leases_verified"), ==, 0);
}

static void test_idle_core_has_no_rate(Fixture *f, gconstpointer unused) {
        f->cores[0] = (PiMetricsCore) { .cpu = 0 };
        g_autoptr(GVariant) v = ask(f);
        g_autoptr(GVariant) list = g_variant_lookup_value(v, "cores", G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) first = g_variant_get_child_value(list, 0);

        g_assert_false(has(first, "terms_per_second"));
        g_assert_false(has(first, "cpu_share"));
        g_assert_true(has(first, "busy_usec"));
}

/* Both means are weighted by compute time, and a job that measured no speed-up has no say. */
static void test_efficiency(Fixture *f, gconstpointer unused) {
        PiMetricsJob job = good_job;

        job.speedup = 2, job.efficiency = 1, job.compute_usec = 3000;
        pi_metrics_job_finished(f->metrics, &job);
        job.speedup = 1, job.efficiency = 0.5, job.compute_usec = 1000;
        pi_metrics_job_finished(f->metrics, &job);
        job.speedup = NAN, job.efficiency = 0, job.compute_usec = 1000000;
        job.kernel = "generic";
        pi_metrics_job_finished(f->metrics, &job);

        g_autoptr(GVariant) v = ask(f);
        g_assert_cmpfloat_with_epsilon(get_d(v, "speedup_mean"), 1.75, 1e-12);
        g_assert_cmpfloat_with_epsilon(get_d(v, "efficiency_mean"), 0.875, 1e-12);
        g_assert_cmpfloat(get_d(v, "speedup_last"), ==, 1);
        g_assert_cmpfloat(get_d(v, "efficiency_last"), ==, 0.5);
        g_assert_cmpfloat(get_d(v, "baseline_terms_per_second"), ==, 2e10);
}

static void assert_baseline(Fixture *f, const char *want) {
        g_autoptr(GVariant) v = ask(f);
        const char *kernel = NULL;

        g_assert_true(g_variant_lookup(v, "baseline_kernel", "&s", &kernel));
        g_assert_cmpstr(kernel, ==, want);
}

static void test_baseline_of_the_last_job(Fixture *f, gconstpointer unused) {
        PiMetricsJob job = good_job;

        assert_baseline(f, "avx2");
        job.kernel = "generic";
        pi_metrics_job_finished(f->metrics, &job);
        assert_baseline(f, "generic");
        job.kernel = NULL;
        pi_metrics_job_finished(f->metrics, &job);
        assert_baseline(f, "avx2");
}

/* The last minute covers the whole short life: both rates are over the same time. */
static void test_rates(Fixture *f, gconstpointer unused) {
        run_one_job(f);
        pi_metrics_tick(f->metrics, &f->live);
        g_autoptr(GVariant) v = ask(f);
        double seconds = (double) get_t(v, "uptime_usec") / G_USEC_PER_SEC;

        g_assert_cmpuint(get_t(v, "last_minute_usec"), ==, get_t(v, "uptime_usec"));
        g_assert_cmpfloat_with_epsilon(get_d(v, "lifetime_terms_per_second") * seconds, 4e6, 1);
        g_assert_cmpfloat_with_epsilon(get_d(v, "last_minute_terms_per_second") * seconds, 4e6, 1);
        g_assert_cmpfloat_with_epsilon(get_d(v, "last_minute_parts_per_second") * seconds, 40,
                                       1e-6);
        g_assert_cmpfloat_with_epsilon(get_d(v, "lifetime_jobs_per_second") * seconds, 1, 1e-6);
        g_assert_cmpfloat(get_d(v, "last_minute_worker_utilization"), >, 0);
        g_assert_cmpfloat(get_d(v, "last_minute_worker_utilization"), <=, 1);
}

static void test_number_that_is_none(Fixture *f, gconstpointer unused) {
        f->baselines[0].terms_per_second = INFINITY;
        f->baselines[1].terms_per_second = NAN;
        g_autoptr(GVariant) v = ask(f);

        assert_conforms(v, pi_metric_keys());
        assert_list_conforms(v, "baselines", pi_metric_baseline_keys(), 2, FALSE);
        g_assert_true(has(v, "baseline_kernel"));
        g_assert_false(has(v, "baseline_terms_per_second"));
}

static void test_limits(Fixture *f, gconstpointer unused) {
        enum { CORES = PI_METRICS_CORES_MAX + 3, BASELINES = PI_METRICS_BASELINES_MAX + 3 };
        g_autofree PiMetricsCore *cores = g_new0(PiMetricsCore, CORES);
        PiMetricsBaseline baselines[BASELINES];
        PiMetricsNode nodes[PI_METRICS_NODES_MAX + 3];

        for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++)
                nodes[i] = f->nodes[1];
        f->live.nodes = nodes, f->live.n_nodes = G_N_ELEMENTS(nodes);
        for (uint32_t i = 0; i < CORES; i++)
                cores[i] = (PiMetricsCore) { .cpu = i, .terms = 1, .busy_usec = 1 };
        for (size_t i = 0; i < BASELINES; i++)
                baselines[i] = (PiMetricsBaseline) { "kernel", 1, 1, 1 };
        f->live.cores = cores, f->live.n_cores = CORES;
        f->live.baselines = baselines, f->live.n_baselines = BASELINES;

        g_autoptr(GVariant) v = ask(f);
        assert_list_conforms(v, "cores", pi_metric_core_keys(), PI_METRICS_CORES_MAX, FALSE);
        assert_list_conforms(v, "baselines", pi_metric_baseline_keys(), PI_METRICS_BASELINES_MAX,
                             TRUE);
        assert_list_conforms(v, "nodes", pi_metric_node_keys(), PI_METRICS_NODES_MAX, TRUE);
        g_assert_cmpuint(get_t(v, "terms_computed"), ==, CORES);
}

static void test_path_that_is_not_utf8(Fixture *f, gconstpointer unused) {
        tree_write(&f->tree, "/sys/fs/cgroup/a\xff/cpu.stat", "usage_usec 5\n");
        tree_write(&f->tree, "/proc/self/cgroup", "0::/a\xff\n");
        g_autoptr(GVariant) v = ask(f);
        const char *path = NULL;

        g_assert_true(g_variant_lookup(v, "cgroup_cpu_path", "&s", &path));
        g_assert_true(g_utf8_validate(path, -1, NULL));
        g_assert_cmpuint(get_t(v, "cgroup_cpu_usec"), ==, 5);
}

/* The unit that the end of a name promises. */
static void assert_unit(const PiMetricKey *k) {
        static const struct { const char *suffix, *unit, *type; } rules[] = {
                { "_usec", "usec", "t" }, { "_nsec", "nsec", "t" }, { "_bytes", "bytes", "t" },
                { "_per_second", "1/s", "d" },
        };
        for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
                g_assert_cmpint(g_str_has_suffix(k->name, rules[i].suffix), ==,
                                strcmp(k->unit, rules[i].unit) == 0);
                if (strcmp(k->unit, rules[i].unit) == 0)
                        g_assert_cmpstr(k->type, ==, rules[i].type);
        }
}

static void assert_table(const PiMetricKey *keys, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const PiMetricKey *k = &keys[i];

                g_assert_nonnull(k->name);
                g_assert_true(find_key(keys, k->name) == k);
                g_assert_true(g_variant_type_string_is_valid(k->type));
                g_assert_cmpint(strlen(k->source), >, 0);
                g_assert_true(g_str_has_suffix(k->description, "."));
                for (const char *c = k->name; *c; c++)
                        g_assert_true(g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_');
                assert_unit(k);
        }
        g_assert_null(keys[n].name);
}

static void test_tables(void) {
        assert_table(pi_metric_keys(), _PI_METRIC_MAX);
        assert_table(pi_metric_core_keys(), _PI_METRIC_CORE_MAX);
        assert_table(pi_metric_baseline_keys(), _PI_METRIC_BASELINE_MAX);
        assert_table(pi_metric_node_keys(), _PI_METRIC_NODE_MAX);
}

#define ADD(name, func) g_test_add("/metrics/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/metrics/tables", test_tables);
        g_test_add_func("/metrics/nothing-known", test_nothing_known);
        ADD("complete", test_complete);
        ADD("jobs", test_jobs);
        ADD("store", test_store);
        ADD("firewall", test_firewall);
        ADD("buckets", test_buckets);
        ADD("cores", test_cores);
        ADD("nodes", test_nodes);
        ADD("unknown-node", test_unknown_node);
        ADD("idle-core-has-no-rate", test_idle_core_has_no_rate);
        ADD("efficiency", test_efficiency);
        ADD("baseline-of-the-last-job", test_baseline_of_the_last_job);
        ADD("rates", test_rates);
        ADD("number-that-is-none", test_number_that_is_none);
        ADD("limits", test_limits);
        ADD("path-that-is-not-utf8", test_path_that_is_not_utf8);
        return g_test_run();
}
