/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole way from a wrong sum to the verdict, with workers that do wrong as told, and what
 * becomes of jobs while cores are suspect or out of service. */
#include <math.h>
#include <string.h>

#include "daemon/series/partition.h"
#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"
#include "tests/unit/store/sample.h"

static void inject(Node *node, uint32_t cpu, const char *options) {
        g_autoptr(GVariant) v = g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_jobs_inject(node->jobs, NODE_CPU + cpu, v, &error));
        g_assert_no_error(error);
}

static void flip(Node *node, uint32_t cpu, uint32_t bit, uint32_t count) {
        g_autofree char *options = g_strdup_printf(
                "{'kind': <'flip'>, 'bit': <uint32 %u>, 'count': <uint32 %u>}", bit, count);

        inject(node, cpu, options);
}

static PiCoreState state_of(Node *node, uint32_t cpu) {
        return pi_pool_core_state(node->pool, NODE_CPU + cpu);
}

static void restore(Node *node, uint32_t cpu) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_jobs_restore_core(node->jobs, NODE_CPU + cpu, &error));
        g_assert_no_error(error);
}

static GVariant *faults_of(Node *node) {
        return g_variant_ref_sink(pi_jobs_list_faults(node->jobs, PI_FAULTS_LISTED_MAX));
}

static uint64_t counter(Node *node, const char *key) {
        g_autoptr(GVariant) metrics = g_variant_ref_sink(pi_jobs_metrics(node->jobs));

        return u64_of(metrics, key);
}

/* A job in two parts, both workers in it when the sums of one of them begin to be wrong. */
static PiJob *submit_and_flip(Node *node, uint32_t cpu, uint32_t count) {
        PiJob *job;

        gate_close(&gate);
        job = node_submit(node, NODE_TERMS, "{'parts': <uint64 2>}");
        gate_wait_for(&gate, 2);
        flip(node, cpu, 45, count);
        gate_open(&gate);
        return job;
}

static void test_transient(void) {
        g_autoptr(GVariant) faults = NULL, row = NULL, in_report = NULL;
        PiRange part;
        uint64_t first;
        Node node;
        PiJob *job;

        node_start(&node, 2);
        job = submit_and_flip(&node, 1, 1);
        node_wait(&node);
        g_assert_no_error(job->error);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_TRANSIENT);
        g_assert_cmpuint(node.count[EVENT_JUDGED], ==, 1);
        g_assert_cmpint(state_of(&node, 1), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_VERDICT), ==, "transient");
        faults = faults_of(&node);
        g_assert_cmpuint(g_variant_n_children(faults), ==, 1);
        in_report = entry_of(job->report, PI_REPORT_FAULTS, "aa{sv}");
        g_assert_true(g_variant_equal(faults, in_report));
        row = g_variant_get_child_value(faults, 0);
        g_assert_cmpuint(u64_of(row, PI_FAULT_KEY_JOB), ==, job->id);
        g_assert_cmpuint(u64_of(row, PI_FAULT_KEY_TIME_USEC), >, 0);
        g_assert_cmpstr(string_of(row, PI_FAULT_KEY_VERDICT), ==, "transient");
        g_assert_cmpstr(string_of(row, PI_FAULT_KEY_NODE), ==, "0");
        g_assert_cmpstr(string_of(row, PI_FAULT_KEY_KERNEL), ==, "test");
        g_assert_cmpuint(u32_of(row, PI_FAULT_KEY_CPU), ==, NODE_CPU + 1);
        g_assert_cmpuint(u64_of(row, PI_FAULT_KEY_PARTS), ==, 1);
        part = pi_part_range(NODE_TERMS, 2, u64_of(row, PI_FAULT_KEY_FIRST_PART));
        first = u64_of(row, PI_FAULT_KEY_FIRST_TERM);
        g_assert_cmpuint(first, >=, part.begin);
        g_assert_cmpuint(first + u64_of(row, PI_FAULT_KEY_TERMS), <=, part.end);
        g_assert_cmpuint(u64_of(row, PI_FAULT_KEY_TERMS), >, 0);
        g_assert_cmpuint(u32_of(row, PI_FAULT_KEY_ATTEMPTS), ==, 1);
        g_assert_cmpfloat(double_of(row, PI_FAULT_KEY_RESIDUAL), !=, 0);
        g_assert_cmpuint(counter(&node, "faults_transient"), ==, 1);
        g_assert_cmpuint(counter(&node, "leases_failed"), ==, 0);
        node_stop(&node);
}

/* A core that is taken out: this job is right, the next ones do without, until it is restored. */
static void test_core(void) {
        Node node;
        PiJob *job;

        node_start(&node, 2);
        job = submit_and_flip(&node, 1, 2);
        node_wait(&node);
        g_assert_no_error(job->error);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_CORE);
        g_assert_true(node.judged.rows[0].taken_out);
        g_assert_cmpint(state_of(&node, 0), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpint(state_of(&node, 1), ==, PI_CORE_OUT_OF_SERVICE);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_CPUS), ==, 2);

        job = node_submit(&node, NODE_TERMS, "{'parts': <uint64 2>, 'cpus': <uint32 2>}");
        node_wait(&node);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_NONE);
        g_assert_cmpuint(job->spec.cpus, ==, 2);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_CPUS), ==, 1);

        restore(&node, 1);
        g_assert_cmpuint(node.news.times, ==, 1);
        g_assert_cmpint(node.news.news, ==, PI_CORE_NEWS_RESTORED);
        g_assert_cmpuint(node.news.cpu, ==, NODE_CPU + 1);
        restore(&node, 1);
        restore(&node, 0);
        g_assert_cmpuint(node.news.times, ==, 1);
        job = node_submit(&node, NODE_TERMS, "{'parts': <uint64 2>}");
        node_wait(&node);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_CPUS), ==, 2);
        g_assert_cmpuint(counter(&node, "faults_core"), ==, 1);
        node_stop(&node);
}

/* While it is not told apart, the core gets nothing, and who asks for both waits for the verdict;
 * then he starts with the one that is left. */
static void test_suspect(void) {
        PiJob *failing, *busy, *wide;
        Node node;

        node_start(&node, 2);
        gate_close(&gate);
        failing = node_submit_wide(&node, NODE_TERMS, 1);
        gate_wait_for(&gate, 1);
        busy = node_submit_wide(&node, 50 * NODE_TERMS, 1);
        gate_wait_for(&gate, 2);
        flip(&node, 0, 45, 2);
        wide = node_submit_wide(&node, NODE_TERMS, 2);
        /* The first one's calls go through, the other's go on to the end of the gate's patience. */
        while (state_of(&node, 0) != PI_CORE_SUSPECT) {
                gate_allow(&gate, 2);
                while (g_main_context_iteration(NULL, FALSE))
                        ;
                g_usleep(500);
        }
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 0);
        g_assert_cmpint(failing->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(failing->verdict, ==, PI_VERDICT_NONE);
        g_assert_cmpint(wide->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        g_assert_no_error(failing->error);
        g_assert_no_error(busy->error);
        g_assert_no_error(wide->error);
        g_assert_cmpint(failing->verdict, ==, PI_VERDICT_CORE);
        g_assert_cmpint(busy->verdict, ==, PI_VERDICT_NONE);
        g_assert_cmpuint(wide->slots, ==, 1);
        node_stop(&node);
}

static void assert_unverified(const PiJob *job, PiVerdict verdict) {
        g_assert_error(job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
        g_assert_cmpint(job->verdict, ==, verdict);
}

static void test_hopeless(void) {
        for (uint32_t workers = 1; workers <= 4; workers++)
                for (uint32_t alike = 0; alike <= 1; alike++) {
                        bool software = alike && workers > 1;
                        Node node;
                        PiJob *job;

                        node_start(&node, workers);
                        for (uint32_t i = 0; i < workers; i++)
                                flip(&node, i, 45 + (alike ? 0 : i), 0);
                        job = node_submit(&node, NODE_TERMS, "{'parts': <uint64 1>}");
                        node_wait(&node);
                        assert_unverified(job, software ? PI_VERDICT_SOFTWARE : PI_VERDICT_NODE);
                        g_assert_cmpuint(node.judged.n, ==, MIN(workers, PI_LEASE_ATTEMPTS_MAX));
                        g_assert_cmpuint(counter(&node, software ? "faults_software"
                                                                 : "faults_node"),
                                         ==, node.judged.n);
                        for (uint32_t i = 0; i < workers; i++)
                                g_assert_cmpint(state_of(&node, i), ==, PI_CORE_IN_SERVICE);

                        /* Many leases, all cores at once. */
                        job = node_submit(&node, 20 * NODE_TERMS, "{'parts': <uint64 64>}");
                        node_wait(&node);
                        g_assert_error(job->error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);
                        g_assert_cmpint(job->verdict, >=, PI_VERDICT_NODE);
                        if (!alike)
                                g_assert_cmpint(job->verdict, ==, PI_VERDICT_NODE);
                        for (uint32_t i = 0; i < workers; i++) {
                                g_assert_cmpint(state_of(&node, i), ==, PI_CORE_IN_SERVICE);
                                inject(&node, i, "{'kind': <'none'>}");
                        }
                        job = node_submit(&node, NODE_TERMS, "{}");
                        node_wait(&node);
                        g_assert_no_error(job->error);
                        node_stop(&node);
                }
}

/* Each of two jobs with a core that is always wrong, and nobody else: neither waits for ever. */
static void test_two_suspects(void) {
        PiJob *a, *b;
        Node node;

        node_start(&node, 2);
        gate_close(&gate);
        a = node_submit_wide(&node, NODE_TERMS, 1);
        b = node_submit_wide(&node, NODE_TERMS, 1);
        gate_wait_for(&gate, 2);
        flip(&node, 0, 45, 0);
        flip(&node, 1, 46, 0);
        gate_open(&gate);
        node_wait(&node);
        assert_unverified(a, PI_VERDICT_NODE);
        assert_unverified(b, PI_VERDICT_NODE);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 2);
        node_stop(&node);
}

/* Each of two cores fails one lease of its own job, and could do the other's. */
static void test_crosswise(void) {
        PiJob *a, *b;
        Node node;

        node_start(&node, 2);
        gate_close(&gate);
        a = node_submit_wide(&node, NODE_TERMS, 1);
        b = node_submit_wide(&node, NODE_TERMS, 1);
        gate_wait_for(&gate, 2);
        flip(&node, 0, 45, 2);
        flip(&node, 1, 46, 2);
        gate_open(&gate);
        node_wait(&node);
        /* At least one core stays, and no job has a wrong sum. */
        g_assert_cmpuint(pi_pool_in_service(node.pool), >=, 1);
        g_assert_cmpuint(pi_pool_in_service(node.pool), ==, pi_pool_idle(node.pool));
        g_assert_true(a->verdict >= PI_VERDICT_CORE || b->verdict >= PI_VERDICT_CORE);
        g_assert_true(pi_job_is_finished(a) && pi_job_is_finished(b));
        node_stop(&node);
}

/* Cancelled before another core has tried: nobody is blamed, nobody stays suspect. */
static void test_cancelled(void) {
        PiJob *failing, *busy;
        Node node;

        node_start(&node, 2);
        gate_close(&gate);
        failing = node_submit_wide(&node, NODE_TERMS, 1);
        gate_wait_for(&gate, 1);
        busy = node_submit_wide(&node, 50 * NODE_TERMS, 1);
        gate_wait_for(&gate, 2);
        flip(&node, 0, 45, 2);
        while (state_of(&node, 0) != PI_CORE_SUSPECT) {
                gate_allow(&gate, 2);
                while (g_main_context_iteration(NULL, FALSE))
                        ;
                g_usleep(500);
        }
        pi_jobs_end(node.jobs, failing, node_reason("enough"));
        node_wait_for_state(failing, PI_JOB_CANCELLED);
        g_assert_cmpint(failing->verdict, ==, PI_VERDICT_TRANSIENT);
        g_assert_true(node.judged.rows[0].undecided);
        g_assert_cmpint(state_of(&node, 0), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpint(busy->state, ==, PI_JOB_RUNNING);
        node_stop(&node);
}

/* The list is capped, the counter is not. */
static void test_many(void) {
        g_autoptr(GVariant) faults = NULL;
        Node node;
        PiJob *job;

        node_start(&node, 1);
        for (unsigned i = 0; i < PI_FAULTS_KEPT + 5; i++) {
                flip(&node, 0, 45, 1);
                job = node_submit(&node, 1000, "{}");
                node_wait(&node);
                g_assert_cmpint(job->verdict, ==, PI_VERDICT_TRANSIENT);
        }
        faults = faults_of(&node);
        g_assert_cmpuint(g_variant_n_children(faults), ==, PI_FAULTS_KEPT);
        g_assert_cmpuint(counter(&node, "faults_transient"), ==, PI_FAULTS_KEPT + 5);
        node_stop(&node);
}

static void put_bad_cores(const char *dir) {
        static const uint32_t cpus[] = { 50, 51, 9999 };
        Node node;

        node_start(&node, 1);
        pi_jobs_open_store(node.jobs, dir);
        for (size_t i = 0; i < G_N_ELEMENTS(cpus); i++)
                pi_store_put_bad_core(pi_jobs_store(node.jobs),
                                      &(PiBadCore) { .cpu = cpus[i], .since_usec = 1, .job = 1 });
        node_stop(&node);
}

static void test_record(void) {
        g_autofree char *dir = sample_directory();
        Node node;

        put_bad_cores(dir);
        node_start(&node, 2);
        pi_jobs_open_store(node.jobs, dir);
        g_assert_false(node.store.degraded);
        /* The last one stays, whatever the record says. */
        g_assert_cmpint(state_of(&node, 0), ==, PI_CORE_OUT_OF_SERVICE);
        g_assert_cmpint(state_of(&node, 1), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpuint(node.news.times, ==, 2);
        g_assert_cmpint(node.news.news, ==, PI_CORE_NEWS_STILL_LAST);

        restore(&node, 0);
        restore(&node, 1);
        g_assert_cmpuint(node.news.times, ==, 4);
        /* One that is not there any more. */
        restore(&node, 9999 - NODE_CPU);
        {
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_jobs_restore_core(node.jobs, 9999, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, "50, 51"));
        }
        node_stop(&node);

        /* And not out of service in the next service either. */
        node_start(&node, 2);
        pi_jobs_open_store(node.jobs, dir);
        g_assert_cmpuint(node.news.times, ==, 0);
        g_assert_cmpuint(pi_pool_in_service(node.pool), ==, 2);
        node_stop(&node);
        sample_remove(dir);
}

/* Found out in one service, it stays so in the next. */
static void test_over_a_restart(void) {
        g_autofree char *dir = sample_directory();
        Node node;
        PiJob *job;

        node_start(&node, 2);
        pi_jobs_open_store(node.jobs, dir);
        job = submit_and_flip(&node, 1, 2);
        node_wait(&node);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_CORE);
        node_stop(&node);

        node_start(&node, 2);
        pi_jobs_open_store(node.jobs, dir);
        g_assert_cmpint(state_of(&node, 0), ==, PI_CORE_IN_SERVICE);
        g_assert_cmpint(state_of(&node, 1), ==, PI_CORE_OUT_OF_SERVICE);
        g_assert_cmpuint(node.news.times, ==, 1);
        g_assert_cmpint(node.news.news, ==, PI_CORE_NEWS_STILL_OUT);
        job = node_submit(&node, NODE_TERMS, "{'parts': <uint64 2>}");
        node_wait(&node);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_CPUS), ==, 1);
        node_stop(&node);
        sample_remove(dir);
}

static void test_disabled(void) {
        static const PiNode self = { .id = "0", .name = "test", .kernel = &node_kernel };
        g_autoptr(GVariant) options = g_variant_ref_sink(
                g_variant_new_parsed("{'kind': <'hang'>}"));
        g_autoptr(GError) error = NULL;
        PiPool *pool = pi_pool_new(1, NULL);
        PiJobs *jobs = pi_jobs_new(pool, &self, pi_settings_new());

        g_assert_false(pi_jobs_inject(jobs, pi_pool_worker_cpu(pool, 0), options, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAULT_INJECTION_DISABLED);
        g_assert_nonnull(strstr(error->message, "--fault-injection"));
        pi_jobs_free(jobs);
        pi_pool_free(pool);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cores/transient", test_transient);
        g_test_add_func("/cores/core", test_core);
        g_test_add_func("/cores/suspect", test_suspect);
        g_test_add_func("/cores/hopeless", test_hopeless);
        g_test_add_func("/cores/two-suspects", test_two_suspects);
        g_test_add_func("/cores/crosswise", test_crosswise);
        g_test_add_func("/cores/cancelled", test_cancelled);
        g_test_add_func("/cores/many", test_many);
        g_test_add_func("/cores/record", test_record);
        g_test_add_func("/cores/over-a-restart", test_over_a_restart);
        g_test_add_func("/cores/disabled", test_disabled);
        return g_test_run();
}
