/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/measure.h"

#include "daemon/jobs/runner.h"
#include "daemon/metrics/keys.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

#define TERMS UINT64_C(200003)
#define PARTS 5000

static const PiMeasureNow nothing = {};

typedef struct Bench {
        PiPool *pool;
        PiBaselines *baselines;
        PiMeasure *measure;
} Bench;

static void begin(Bench *b) {
        b->pool = pi_pool_new(2, NULL);
        b->baselines = pi_baselines_new(&pi_kernel_generic);
        b->measure = pi_measure_new(b->pool, b->baselines);
}

static void end(Bench *b) {
        pi_measure_free(b->measure);
        pi_baselines_free(b->baselines);
        pi_pool_free(b->pool);
}

static GVariant *metrics(Bench *b, PiMeasureNow now) {
        return g_variant_ref_sink(pi_measure_metrics(b->measure, now));
}

static void on_done(PiJob *job, gpointer userdata) {
        gboolean *done = userdata;
        *done = TRUE;
}

static void run_job(Bench *b, uint64_t id) {
        g_autoptr(PiJob) job = made_job(id, &pi_kernel_generic, TERMS, PARTS, 2);
        gboolean done = FALSE;
        PiRunnerHooks hooks = { on_done, NULL, &done };
        PiReportNode node = { "id", "name", 2,
                              pi_baselines_rate(b->baselines, &pi_kernel_generic) };
        PiJobFigures figures;

        pi_measure_submitted(b->measure);
        pi_job_set_state(job, PI_JOB_RUNNING);
        pi_runner_start(b->pool, job, 2, &hooks);
        while (!done)
                g_main_context_iteration(NULL, TRUE);
        g_assert_no_error(job->error);
        pi_job_set_state(job, PI_JOB_DONE);
        pi_job_figures(job, &node, &figures);
        pi_measure_ended(b->measure, job, &figures);
}

/* Ended in the queue: it has no task. */
static void end_queued_job(Bench *b, PiJobState state) {
        g_autoptr(PiJob) job = made_job(99, &pi_kernel_generic, TERMS, PARTS, 2);
        PiJobFigures figures = {};

        pi_measure_submitted(b->measure);
        pi_job_set_state(job, state);
        pi_measure_ended(b->measure, job, &figures);
}

static void assert_counters(GVariant *m, uint64_t submitted, uint64_t done, uint64_t failed,
                            uint64_t cancelled) {
        g_assert_cmpuint(u64_of(m, "jobs_submitted"), ==, submitted);
        g_assert_cmpuint(u64_of(m, "jobs_done"), ==, done);
        g_assert_cmpuint(u64_of(m, "jobs_failed"), ==, failed);
        g_assert_cmpuint(u64_of(m, "jobs_cancelled"), ==, cancelled);
}

static void test_counters(void) {
        Bench b;
        g_autoptr(GVariant) before = NULL, after = NULL;

        begin(&b);
        before = metrics(&b, nothing);
        assert_counters(before, 0, 0, 0, 0);
        g_assert_cmpuint(u64_of(before, "terms_computed"), ==, 0);

        for (unsigned i = 0; i < 4; i++)
                run_job(&b, i + 1);
        end_queued_job(&b, PI_JOB_CANCELLED);
        end_queued_job(&b, PI_JOB_CANCELLED);
        end_queued_job(&b, PI_JOB_FAILED);
        pi_measure_refused(b.measure);

        after = metrics(&b, (PiMeasureNow) { .queued = 5, .running = 1 });
        assert_counters(after, 7, 4, 1, 2);
        g_assert_cmpuint(u64_of(after, "jobs_refused"), ==, 1);
        g_assert_cmpuint(u32_of(after, "jobs_queued"), ==, 5);
        g_assert_cmpuint(u32_of(after, "jobs_running"), ==, 1);
        g_assert_cmpuint(u32_of(after, "slots_total"), ==, 2);
        g_assert_cmpuint(u32_of(after, "slots_in_use"), ==, 0);
        g_assert_cmpuint(u64_of(after, "response_count"), ==, 4);
        g_assert_cmpuint(u64_of(after, "submission_count"), ==, 4);
        g_assert_cmpuint(u64_of(after, "part_count"), ==, 4 * PARTS);
        g_assert_cmpuint(u64_of(after, "terms_computed"), ==, 4 * TERMS);
        g_assert_cmpuint(u64_of(after, "parts_computed"), ==, 4 * PARTS);
        g_assert_cmpuint(u64_of(after, "terms_delivered"), ==, 4 * TERMS);
        g_assert_cmpuint(u64_of(after, "parts_delivered"), ==, 4 * PARTS);
        g_assert_cmpuint(u64_of(after, "leases_verified"), ==, 4 * PI_LEASES_MAX);
        g_assert_cmpuint(u64_of(after, "leases_failed"), ==, 0);
        g_assert_cmpuint(u64_of(after, "leases_recomputed"), ==, 0);
        end(&b);
}

static const PiMetricKey *find_key(const char *name) {
        for (const PiMetricKey *k = pi_metric_keys(); k->name; k++)
                if (g_str_equal(k->name, name))
                        return k;
        return NULL;
}

/* Nothing but documented keys, each of its type, once. */
static void test_keys(void) {
        Bench b;
        g_autoptr(GVariant) m = NULL;
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        GVariantIter iter;
        const char *name;
        GVariant *value;

        begin(&b);
        run_job(&b, 1);
        m = metrics(&b, nothing);
        g_assert_cmpstr(g_variant_get_type_string(m), ==, "a{sv}");
        g_variant_iter_init(&iter, m);
        while (g_variant_iter_loop(&iter, "{&sv}", &name, &value)) {
                const PiMetricKey *key = find_key(name);

                g_test_message("%s", name);
                g_assert_nonnull(key);
                g_assert_cmpstr(g_variant_get_type_string(value), ==, key->type);
                g_assert_true(g_hash_table_add(seen, (gpointer) name));
        }
        g_assert_cmpuint(g_hash_table_size(seen), >, 30);
        end(&b);
}

static void test_cores(void) {
        Bench b;
        g_autoptr(GVariant) m = NULL, cores = NULL;
        uint64_t terms = 0, verified = 0;

        begin(&b);
        run_job(&b, 1);
        m = metrics(&b, nothing);
        cores = entry_of(m, "cores", "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(cores), ==, 2);
        for (uint32_t i = 0; i < 2; i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(cores, i);

                g_assert_cmpuint(u32_of(core, "cpu"), ==, pi_pool_worker_cpu(b.pool, i));
                terms += u64_of(core, "terms");
                verified += u64_of(core, "leases_verified");
        }
        g_assert_cmpuint(terms, ==, TERMS);
        g_assert_cmpuint(verified, ==, PI_LEASES_MAX);
        end(&b);
}

/* As the node knows them. */
static void test_baselines(void) {
        Bench b;
        g_autoptr(GVariant) m = NULL, list = NULL, first = NULL;
        size_t n;

        begin(&b);
        pi_baselines_list(b.baselines, &n);
        m = metrics(&b, nothing);
        list = entry_of(m, "baselines", "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(list), ==, n);
        first = g_variant_get_child_value(list, 0);
        g_assert_cmpstr(string_of(first, "kernel"), ==, "generic");
        g_assert_cmpfloat(double_of(first, "terms_per_second"), ==,
                          pi_baselines_rate(b.baselines, &pi_kernel_generic));
        g_assert_cmpuint(u32_of(first, "measurements"), ==, 1);
        g_assert_cmpuint(u64_of(first, "measured_usec"), >, 0);
        end(&b);
}

/* What others count is handed through. */
static void test_given(void) {
        Bench b;
        g_autoptr(GVariant) m = NULL;

        begin(&b);
        m = metrics(&b, (PiMeasureNow) {
                                .resumed = 3,
                                .preempted = 4,
                                .store = { .degraded = TRUE, .error = "no room", .commits = 5,
                                           .failures = 6, .checkpoints = 7, .lost = 8,
                                           .queued = 9 },
                        });
        g_assert_cmpuint(u64_of(m, "jobs_resumed"), ==, 3);
        g_assert_cmpuint(u64_of(m, "jobs_preempted"), ==, 4);
        g_assert_cmpstr(string_of(m, "store_error"), ==, "no room");
        g_assert_cmpuint(u64_of(m, "store_commits"), ==, 5);
        g_assert_cmpuint(u64_of(m, "store_failures"), ==, 6);
        g_assert_cmpuint(u64_of(m, "store_checkpoints"), ==, 7);
        g_assert_cmpuint(u64_of(m, "store_lost"), ==, 8);
        g_assert_cmpuint(u32_of(m, "store_queued"), ==, 9);
        g_assert_false(has_key(m, "checkpoint_age_usec"));
        end(&b);
}

static void test_cluster(void) {
        static const PiMetricsNode nodes[] = {
                { .is_self = TRUE, .id = "1", .name = "one", .state = "self", .share = -1 },
                { .id = "2", .name = "two", .state = "lost", .leases_lost = 6 },
        };
        Bench b;
        g_autoptr(GVariant) alone = NULL, m = NULL, rows = NULL, second = NULL;
        PiNodeUsage usage;

        begin(&b);
        alone = metrics(&b, nothing);
        g_assert_false(has_key(alone, "nodes"));
        m = metrics(&b, (PiMeasureNow) { .guests = { 3, 4, 5 }, .nodes = nodes, .n_nodes = 2 });
        g_assert_cmpuint(u32_of(m, "guests_running"), ==, 3);
        g_assert_cmpuint(u64_of(m, "guests_done"), ==, 4);
        g_assert_cmpuint(u64_of(m, "guest_terms"), ==, 5);
        rows = entry_of(m, "nodes", "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(rows), ==, 2);
        second = g_variant_get_child_value(rows, 1);
        g_assert_cmpstr(string_of(second, "name"), ==, "two");
        g_assert_cmpuint(u64_of(second, "leases_lost"), ==, 6);
        pi_measure_usage(b.measure, &usage);
        g_assert_true(usage.has_memory);
        g_assert_true(usage.has_slots_in_use);
        g_assert_cmpuint(usage.slots_in_use, ==, 0);
        end(&b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/measure/counters", test_counters);
        g_test_add_func("/measure/keys", test_keys);
        g_test_add_func("/measure/cores", test_cores);
        g_test_add_func("/measure/baselines", test_baselines);
        g_test_add_func("/measure/given", test_given);
        g_test_add_func("/measure/cluster", test_cluster);
        return g_test_run();
}
