/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/measure.h"

#include <math.h>

#include "daemon/jobs/runner.h"
#include "daemon/metrics/keys.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

#define TERMS UINT64_C(200003)
#define PARTS 5000

static const PiMeasureNow nothing = {};

typedef struct Bench {
        PiPool *pool;
        PiMeasure *measure;
} Bench;

static void begin(Bench *b) {
        b->pool = pi_pool_new(2, NULL);
        b->measure = pi_measure_new(b->pool, &pi_kernel_generic);
}

static void end(Bench *b) {
        pi_measure_free(b->measure);
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
        PiRunnerHooks hooks = { on_done, &done };
        PiReportNode node = { "id", "name", 2,
                              pi_measure_baseline(b->measure, &pi_kernel_generic) };
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

/* Of every kernel, the given one first. */
static void test_baselines(void) {
        static const PiKernel stranger = { .name = "stranger" };
        g_autoptr(GVariant) m = NULL, list = NULL, first = NULL;
        PiPool *pool = pi_pool_new(1, NULL);
        Bench b = { pool, pi_measure_new(pool, &pi_kernel_reference) };
        gsize n = 0;

        for (const PiKernel *const *k = pi_kernels(); *k; k++, n++) {
                g_assert_true(isfinite(pi_measure_baseline(b.measure, *k)));
                g_assert_cmpfloat(pi_measure_baseline(b.measure, *k), >, 0);
        }
        g_assert_cmpfloat(pi_measure_baseline(b.measure, &stranger), ==, 0);

        m = metrics(&b, nothing);
        list = entry_of(m, "baselines", "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(list), ==, n);
        first = g_variant_get_child_value(list, 0);
        g_assert_cmpstr(string_of(first, "kernel"), ==, "reference");
        g_assert_cmpfloat(double_of(first, "terms_per_second"), ==,
                          pi_measure_baseline(b.measure, &pi_kernel_reference));
        end(&b);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/measure/counters", test_counters);
        g_test_add_func("/measure/keys", test_keys);
        g_test_add_func("/measure/cores", test_cores);
        g_test_add_func("/measure/baselines", test_baselines);
        return g_test_run();
}
