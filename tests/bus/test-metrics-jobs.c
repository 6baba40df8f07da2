/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "tests/bus/harness.h"

/* What the service says of its jobs, against their reports and against the test's own count and
 * clock: a figure over a time lies between the one over the longest and over the shortest time that
 * it can have been. */

/* A step of the histograms. */
#define STEP (1.0 / 32)

typedef struct Job {
        uint64_t terms, parts;
        const char *options;
        GVariant *report;
        uint64_t elapsed_usec; /* around the call */
} Job;

#define JOBS 5

typedef struct Fixture {
        TestBus *bus;
        sd_bus *client;
        int64_t before_start_usec, after_start_usec;
        Job job[JOBS];
} Fixture;

static const Job wanted[JOBS] = {
        { .terms = 1000003, .parts = 7, .options = "{'parts': <uint64 7>}" },
        { .terms = 300000000, .parts = 1, .options = "{'parts': <uint64 1>}" },
        { .terms = 12345678, .parts = 100000, .options = "{'parts': <uint64 100000>}" },
        { .terms = 8, .parts = 1, .options = "{'parts': <uint64 1>}" },
        { .terms = 50000000, .parts = 64,
          .options = "{'parts': <uint64 64>, 'cpus': <uint32 1>, 'kernel': <'generic'>}" },
};

static void set_up(Fixture *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        f->before_start_usec = g_get_monotonic_time();
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
        f->after_start_usec = g_get_monotonic_time();
        f->client = test_connect(f->bus);
        for (size_t i = 0; i < JOBS; i++) {
                int64_t start = g_get_monotonic_time();
                Job *job = &f->job[i];

                *job = wanted[i];
                g_assert_null(test_compute(f->client, job->terms, job->options, NULL,
                                           &job->report));
                job->elapsed_usec = (uint64_t) (g_get_monotonic_time() - start);
        }
}

static void tear_down(Fixture *f, gconstpointer data) {
        for (size_t i = 0; i < JOBS; i++)
                g_variant_unref(f->job[i].report);
        sd_bus_flush_close_unref(f->client);
        test_bus_free(f->bus);
}

/* Of all the reports. */
static uint64_t sum_of(Fixture *f, const char *key) {
        uint64_t sum = 0;

        for (size_t i = 0; i < JOBS; i++)
                sum += test_lookup_u64(f->job[i].report, key);
        return sum;
}

static uint64_t all_terms(void) {
        uint64_t sum = 0;

        for (size_t i = 0; i < JOBS; i++)
                sum += wanted[i].terms;
        return sum;
}

static uint64_t all_parts(void) {
        uint64_t sum = 0;

        for (size_t i = 0; i < JOBS; i++)
                sum += wanted[i].parts;
        return sum;
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
        return (x > y) - (x < y);
}

static void counts(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);

        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_submitted"), ==, JOBS);
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_done"), ==, JOBS);
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_failed"), ==, 0);
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_cancelled"), ==, 0);
        g_assert_cmpuint(test_lookup_u32(metrics, "jobs_running"), ==, 0);
        g_assert_cmpuint(test_lookup_u32(metrics, "jobs_queued"), ==, 0);
        g_assert_cmpuint(test_lookup_u32(metrics, "slots_in_use"), ==, 0);
        g_assert_cmpuint(test_lookup_u32(metrics, "slots_total"), ==, 2);
        g_assert_cmpuint(test_lookup_u64(metrics, "terms_computed"), ==, all_terms());
        g_assert_cmpuint(test_lookup_u64(metrics, "parts_computed"), ==, all_parts());
        g_assert_cmpuint(test_lookup_u64(metrics, "terms_delivered"), ==, all_terms());
        g_assert_cmpuint(test_lookup_u64(metrics, "parts_delivered"), ==, all_parts());
        g_assert_cmpuint(test_lookup_u64(metrics, "leases_verified"), ==, sum_of(f, "leases"));
        g_assert_cmpuint(test_lookup_u64(metrics, "leases_failed"), ==, 0);
        g_assert_cmpuint(test_lookup_u64(metrics, "part_count"), ==, all_parts());
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_cpu_usec"), ==, sum_of(f, "cpu_usec"));
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_compute_usec"), ==,
                         sum_of(f, "compute_usec"));
}

static void cores(Fixture *f, gconstpointer data) {
        static const char *const keys[][2] = {
                { "terms", "terms_computed" },
                { "parts", "parts_computed" },
                { "leases_verified", "leases_verified" },
                { "leases_failed", "leases_failed" },
                { "leases_recomputed", "leases_recomputed" },
        };
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, "cores",
                                                          G_VARIANT_TYPE("aa{sv}"));

        for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
                uint64_t sum = 0;

                for (gsize i = 0; i < g_variant_n_children(list); i++) {
                        g_autoptr(GVariant) core = g_variant_get_child_value(list, i);
                        sum += test_lookup_u64(core, keys[k][0]);
                }
                g_assert_cmpuint(sum, ==, test_lookup_u64(metrics, keys[k][1]));
        }
        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(list, i);
                uint64_t busy = test_lookup_u64(core, "busy_usec");

                if (busy == 0)
                        continue;
                g_assert_cmpfloat_with_epsilon(test_lookup_double(core, "terms_per_second") *
                                                       (double) busy / 1e6,
                                               (double) test_lookup_u64(core, "terms"), 1);
                g_assert_cmpfloat(test_lookup_double(core, "cpu_share"), <=, 1);
        }
}

/* amount / longest <= rate <= amount / shortest. */
static void assert_rate(GVariant *metrics, const char *key, double amount, double shortest,
                        double longest) {
        double rate = test_lookup_double(metrics, key);

        g_test_message("%s: %g <= %g <= %g", key, amount / longest, rate, amount / shortest);
        g_assert_cmpfloat(rate, >=, amount / longest * (1 - 1e-9));
        g_assert_cmpfloat(rate, <=, amount / shortest * (1 + 1e-9));
}

static void throughput(Fixture *f, gconstpointer data) {
        int64_t before = g_get_monotonic_time();
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        int64_t after = g_get_monotonic_time();
        double shortest = (double) (before - f->after_start_usec) / 1e6,
               longest = (double) (after - f->before_start_usec) / 1e6;
        double uptime = (double) test_lookup_u64(metrics, "uptime_usec") / 1e6;
        double minute = (double) test_lookup_u64(metrics, "last_minute_usec") / 1e6;

        g_assert_cmpfloat(uptime, >=, shortest);
        g_assert_cmpfloat(uptime, <=, longest);
        assert_rate(metrics, "lifetime_terms_per_second", (double) all_terms(), shortest, longest);
        assert_rate(metrics, "lifetime_parts_per_second", (double) all_parts(), shortest, longest);
        assert_rate(metrics, "lifetime_jobs_per_second", JOBS, shortest, longest);
        if (longest > 60) {
                g_test_skip("this machine is so slow that the last minute is not all there is");
                return;
        }
        g_assert_cmpfloat(minute, >=, shortest);
        g_assert_cmpfloat(minute, <=, longest);
        assert_rate(metrics, "last_minute_terms_per_second", (double) all_terms(), shortest,
                    longest);
        assert_rate(metrics, "last_minute_parts_per_second", (double) all_parts(), shortest,
                    longest);
        assert_rate(metrics, "last_minute_jobs_per_second", JOBS, shortest, longest);
        assert_rate(metrics, "last_minute_worker_utilization",
                    (double) sum_of(f, "cpu_usec") / 1e6 / 2, shortest, longest);
}

/* Each bucket against the reports, one by one. */
static void assert_buckets(Fixture *f, GVariant *metrics, const char *key, const char *report) {
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, key, G_VARIANT_TYPE("a(tt)"));
        gsize n = g_variant_n_children(list);

        g_assert_cmpuint(n, >, 20);
        for (gsize i = 0; i < n; i++) {
                uint64_t bound, count, mine = 0;

                g_variant_get_child(list, i, "(tt)", &bound, &count);
                for (size_t k = 0; k < JOBS; k++)
                        mine += test_lookup_u64(f->job[k].report, report) <= bound;
                g_assert_cmpuint(count, ==, mine);
                if (i == n - 1)
                        g_assert_cmpuint(count, ==, JOBS);
        }
}

static void assert_quantile(GVariant *metrics, const char *key, uint64_t exact) {
        double value = (double) test_lookup_u64(metrics, key);

        g_test_message("%s: %g, exactly %" G_GUINT64_FORMAT, key, value, exact);
        g_assert_cmpfloat(fabs(value - (double) exact), <=, (double) exact * STEP);
}

static void response(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        uint64_t times[JOBS];

        for (size_t i = 0; i < JOBS; i++) {
                times[i] = test_lookup_u64(f->job[i].report, "response_usec");
                /* The caller's clock was started before and read after. */
                g_assert_cmpuint(times[i], <=, f->job[i].elapsed_usec);
        }
        qsort(times, JOBS, sizeof(times[0]), compare);
        g_assert_cmpuint(test_lookup_u64(metrics, "response_count"), ==, JOBS);
        g_assert_cmpuint(test_lookup_u64(metrics, "response_sum_usec"), ==,
                         sum_of(f, "response_usec"));
        g_assert_cmpuint(test_lookup_u64(metrics, "response_max_usec"), ==, times[JOBS - 1]);
        assert_quantile(metrics, "response_p50_usec", times[2]);
        assert_quantile(metrics, "response_p90_usec", times[4]);
        assert_quantile(metrics, "response_p99_usec", times[4]);
        assert_buckets(f, metrics, "response_buckets", "response_usec");
}

static void submission(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        uint64_t times[JOBS];

        for (size_t i = 0; i < JOBS; i++) {
                times[i] = test_lookup_u64(f->job[i].report, "submission_usec");
                g_assert_cmpuint(times[i], <=,
                                 test_lookup_u64(f->job[i].report, "response_usec"));
                g_assert_cmpuint(times[i], >, 0);
        }
        qsort(times, JOBS, sizeof(times[0]), compare);
        g_assert_cmpuint(test_lookup_u64(metrics, "submission_count"), ==, JOBS);
        g_assert_cmpuint(test_lookup_u64(metrics, "submission_sum_usec"), ==,
                         sum_of(f, "submission_usec"));
        g_assert_cmpuint(test_lookup_u64(metrics, "submission_max_usec"), ==, times[JOBS - 1]);
        assert_quantile(metrics, "submission_p50_usec", times[2]);
        assert_buckets(f, metrics, "submission_buckets", "submission_usec");
}

/* Parts are timed by their lease: together they took no longer than all workers had. */
static void parts(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, "part_buckets",
                                                          G_VARIANT_TYPE("a(tt)"));
        uint64_t before = 0, wall = 0;

        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                uint64_t bound, count;

                g_variant_get_child(list, i, "(tt)", &bound, &count);
                g_assert_cmpuint(count, >=, before);
                g_assert_cmpuint(count, <=, all_parts());
                before = count;
        }
        for (size_t i = 0; i < JOBS; i++)
                wall += f->job[i].elapsed_usec * 2;
        g_assert_cmpuint(test_lookup_u64(metrics, "part_sum_nsec") / 1000, <=, wall);
        g_assert_cmpuint(test_lookup_u64(metrics, "part_max_nsec"), <=,
                         test_lookup_u64(metrics, "part_sum_nsec"));
        g_assert_cmpuint(test_lookup_u64(metrics, "part_p50_nsec"), <=,
                         test_lookup_u64(metrics, "part_max_nsec"));
}

/* The baseline that is named is the one the last job's speed-up is against. */
static void efficiency(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, "baselines",
                                                          G_VARIANT_TYPE("aa{sv}"));
        GVariant *last = f->job[JOBS - 1].report;
        g_autofree char *kernel = test_lookup_string(metrics, "baseline_kernel");
        double baseline = test_lookup_double(metrics, "baseline_terms_per_second");
        double speedup = test_lookup_double(metrics, "speedup_last");
        unsigned found = 0;

        g_assert_cmpstr(kernel, ==, "generic");
        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                g_autofree char *name = test_lookup_string(entry, "kernel");

                if (!g_str_equal(name, kernel))
                        continue;
                found++;
                g_assert_cmpfloat(test_lookup_double(entry, "terms_per_second"), ==, baseline);
        }
        g_assert_cmpuint(found, ==, 1);
        g_assert_cmpfloat(speedup, ==, test_lookup_double(last, "speedup"));
        g_assert_cmpfloat_with_epsilon(speedup * baseline,
                                       test_lookup_double(last, "throughput_terms"),
                                       baseline * 1e-9);
        g_assert_cmpuint(test_lookup_u32(metrics, "workers_last"), ==, 1);
        g_assert_cmpfloat(test_lookup_double(metrics, "efficiency_last"), ==, speedup);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
        TEST("/metrics-jobs/counts", counts);
        TEST("/metrics-jobs/cores", cores);
        TEST("/metrics-jobs/throughput", throughput);
        TEST("/metrics-jobs/response", response);
        TEST("/metrics-jobs/submission", submission);
        TEST("/metrics-jobs/parts", parts);
        TEST("/metrics-jobs/efficiency", efficiency);
        return g_test_run();
}
