/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/report.h"

#include <math.h>
#include <string.h>

#include "daemon/series/range.h"
#include "daemon/work/worker.h"
#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/series/known-values.h"

#define SECOND UINT64_C(1000000000)

static const PiReportNode node = {
        .id = "5f", .name = "host", .cpus = 4, .baseline_terms = 125000
};

/* A job of 500 000 terms that waited 1 s, computed for 2 s on two workers and ended. */
static PiJob *finished_job(void) {
        PiJob *job = made_job(1, &pi_kernel_generic, 500000, 10, 2);

        pi_job_set_state(job, PI_JOB_RUNNING);
        pi_job_set_state(job, PI_JOB_DONE);
        job->created_nsec = 10 * SECOND;
        job->started_nsec = 11 * SECOND;
        job->finished_nsec = 13 * SECOND;
        job->active_nsec = 2 * SECOND;
        job->slot_nsec = 4 * SECOND;
        job->submission_usec = 1250000;
        job->task = pi_task_new(&pi_kernel_generic, 500000, 10, 3);
        job->task->share[0].terms = 300000;
        job->task->share[0].cpu_nsec = SECOND;
        job->task->share[0].recomputed = 4;
        job->task->share[2].terms = 200000;
        job->task->share[2].cpu_nsec = 2 * SECOND;
        for (uint32_t i = 0; i < 10; i++)
                job->task->leases->lease[i].attempts = i == 3 ? 3 : 1;
        return job;
}

static void test_figures(void) {
        g_autoptr(PiJob) job = finished_job();
        PiJobFigures f;

        memset(&f, 0xa5, sizeof(f));
        pi_job_figures(job, &node, &f);
        g_assert_cmpuint(f.response_usec, ==, 3000000);
        g_assert_cmpuint(f.submission_usec, ==, 1250000);
        g_assert_cmpuint(f.compute_usec, ==, 2000000);
        g_assert_cmpuint(f.cpu_usec, ==, 3000000);
        g_assert_cmpfloat_with_epsilon(f.cpu_utilization, 3.0 / (2 * 4), 1e-12);
        g_assert_cmpfloat_with_epsilon(f.throughput_terms, 250000, 1e-6);
        g_assert_cmpfloat_with_epsilon(f.throughput_parts, 5, 1e-12);
        g_assert_cmpfloat_with_epsilon(f.speedup, 2, 1e-12);
        g_assert_cmpfloat_with_epsilon(f.efficiency, 1, 1e-12);
        g_assert_cmpuint(f.retries, ==, 2 + 4);
}

static void test_figures_without_baseline(void) {
        g_autoptr(PiJob) job = finished_job();
        PiReportNode unmeasured = node;
        PiJobFigures f;

        unmeasured.baseline_terms = 0;
        pi_job_figures(job, &unmeasured, &f);
        g_assert_cmpfloat(f.speedup, ==, 0);
        g_assert_cmpfloat(f.efficiency, ==, 0);
        g_assert_cmpfloat(f.throughput_terms, >, 0);
}

/* Cancelled before a lease was started, in no time. */
static void test_figures_of_nothing(void) {
        g_autoptr(PiJob) job = finished_job();
        PiJobFigures f;

        g_clear_pointer(&job->task, pi_task_free);
        job->task = pi_task_new(&pi_kernel_generic, 500000, 10, 3);
        job->finished_nsec = job->started_nsec;
        job->active_nsec = 0;
        job->submission_usec = 0;
        pi_job_figures(job, &node, &f);
        g_assert_cmpuint(f.submission_usec, ==, 0);
        g_assert_cmpuint(f.compute_usec, ==, 0);
        g_assert_cmpuint(f.cpu_usec, ==, 0);
        g_assert_cmpuint(f.retries, ==, 0);
        g_assert_cmpfloat(f.throughput_terms, ==, 0);
        g_assert_true(isfinite(f.throughput_parts));
        g_assert_true(isfinite(f.cpu_utilization));
}

/* Before it made room it had fewer slots than it has now: those it had count. */
static void test_figures_of_a_preempted_job(void) {
        g_autoptr(PiJob) job = finished_job();
        PiJobFigures two, one;

        pi_job_figures(job, &node, &two);
        job->slot_nsec = job->active_nsec;
        pi_job_figures(job, &node, &one);
        g_assert_cmpfloat_with_epsilon(one.efficiency, 2 * two.efficiency, 1e-12);
        g_assert_cmpfloat(one.cpu_utilization, ==, two.cpu_utilization);
        /* On more CPUs than the node has now. */
        job->slot_nsec = 8 * job->active_nsec;
        pi_job_figures(job, &node, &one);
        g_assert_cmpfloat_with_epsilon(one.cpu_utilization, two.cpu_utilization / 2, 1e-12);
}

/* The monotonic clock begins anew with the machine: of a job that was resumed the dates count. */
static void test_figures_of_a_resumed_job(void) {
        g_autoptr(PiJob) job = finished_job();
        PiJobFigures f;

        job->revived = TRUE;
        job->created_nsec = UINT64_MAX;
        job->created_usec = 5000000;
        job->finished_usec = 65000000;
        job->task->restored.cpu_nsec = SECOND;
        job->task->restored.retries = 7;
        pi_job_figures(job, &node, &f);
        g_assert_cmpuint(f.response_usec, ==, 60000000);
        g_assert_cmpuint(f.compute_usec, ==, 2000000);
        g_assert_cmpuint(f.cpu_usec, ==, 4000000);
        g_assert_cmpuint(f.retries, ==, 2 + 4 + 7);
        /* A clock that was set back. */
        job->finished_usec = 4000000;
        pi_job_figures(job, &node, &f);
        g_assert_cmpuint(f.response_usec, ==, 0);
}

/* Computes the job's task and makes its report. */
static GVariant *report_of(PiJob *job, const PiReportNode *on, PiJobFigures *f, double *pi) {
        PiWorker worker = { .index = 1, .cpu = 9 };

        pi_job_set_state(job, PI_JOB_RUNNING);
        job->task = pi_task_new(job->spec.kernel, job->spec.terms, job->spec.parts, 3);
        pi_worker_run(job->task, &worker);
        g_assert_cmpuint(pi_task_leases_missing(job->task), ==, 0);
        pi_job_set_state(job, PI_JOB_DONE);
        pi_job_figures(job, on, f);
        return g_variant_ref_sink(pi_report_new(job, on, f, pi));
}

static const struct {
        const char *key;
        const char *type;
} keys[] = {
        { PI_REPORT_PI_TEXT, "s" },           { PI_REPORT_SUM_HEX, "s" },
        { PI_REPORT_ERROR_VS_PI, "d" },       { PI_REPORT_RESIDUAL, "d" },
        { PI_REPORT_VERIFIED, "b" },          { PI_REPORT_TERMS, "t" },
        { PI_REPORT_PARTS, "t" },             { PI_REPORT_CPUS, "u" },
        { PI_REPORT_LEASES, "t" },            { PI_REPORT_LEASES_RETRIED, "t" },
        { PI_REPORT_RESPONSE_USEC, "t" },     { PI_REPORT_SUBMISSION_USEC, "t" },
        { PI_REPORT_COMPUTE_USEC, "t" },      { PI_REPORT_CPU_USEC, "t" },
        { PI_REPORT_CPU_UTILIZATION, "d" },   { PI_REPORT_MEMORY_PEAK_BYTES, "t" },
        { PI_REPORT_THROUGHPUT_TERMS, "d" },  { PI_REPORT_THROUGHPUT_PARTS, "d" },
        { PI_REPORT_SPEEDUP, "d" },           { PI_REPORT_EFFICIENCY, "d" },
        { PI_REPORT_BASELINE_TERMS, "d" },    { PI_REPORT_KERNEL, "s" },
        { PI_REPORT_ENGINE, "s" },            { PI_REPORT_NUMERICS, "u" },
        { PI_REPORT_SCOPE, "s" },
        { PI_REPORT_NODES, "aa{sv}" },        { PI_REPORT_CORES, "aa{sv}" },
        { PI_REPORT_VERDICT, "s" },           { PI_REPORT_FAULTS, "aa{sv}" },
        { PI_REPORT_RESUMES, "u" },           { PI_REPORT_RESUMED_TERMS, "t" },
};

static void test_keys(void) {
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_generic, 300007, 5, 1);
        PiJobFigures f;
        double pi;
        g_autoptr(GVariant) report = report_of(job, &node, &f, &pi);

        g_assert_cmpstr(g_variant_get_type_string(report), ==, "a{sv}");
        /* All are there with their type; with their number equal, there is no other. */
        g_assert_cmpuint(g_variant_n_children(report), ==, G_N_ELEMENTS(keys));
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                g_autoptr(GVariant) value = entry_of(report, keys[i].key, keys[i].type);

                g_test_message("%s", keys[i].key);
                g_assert_nonnull(value);
        }
}

static void test_values(void) {
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_generic, 300007, 5, 1);
        PiJobFigures f;
        double pi;
        g_autoptr(GVariant) report = report_of(job, &node, &f, &pi);
        g_autoptr(GVariant) verified = entry_of(report, PI_REPORT_VERIFIED, "b");

        g_assert_true(g_variant_get_boolean(verified));
        g_assert_cmpuint(u64_of(report, PI_REPORT_TERMS), ==, 300007);
        g_assert_cmpuint(u64_of(report, PI_REPORT_PARTS), ==, 5);
        g_assert_cmpuint(u64_of(report, PI_REPORT_LEASES), ==, 5);
        g_assert_cmpuint(u64_of(report, PI_REPORT_LEASES_RETRIED), ==, 0);
        g_assert_cmpuint(u32_of(report, PI_REPORT_CPUS), ==, 1);
        g_assert_cmpuint(u32_of(report, PI_REPORT_NUMERICS), ==, PI_NUMERICS_VERSION);
        g_assert_cmpuint(u64_of(report, PI_REPORT_RESPONSE_USEC), ==, f.response_usec);
        g_assert_cmpuint(u64_of(report, PI_REPORT_SUBMISSION_USEC), ==, f.submission_usec);
        g_assert_cmpuint(u64_of(report, PI_REPORT_COMPUTE_USEC), ==, f.compute_usec);
        g_assert_cmpuint(u64_of(report, PI_REPORT_CPU_USEC), ==, f.cpu_usec);
        g_assert_cmpuint(u64_of(report, PI_REPORT_MEMORY_PEAK_BYTES), >, 100000);
        g_assert_cmpuint(u32_of(report, PI_REPORT_RESUMES), ==, 0);
        g_assert_cmpuint(u64_of(report, PI_REPORT_RESUMED_TERMS), ==, 0);
        g_assert_cmpfloat(double_of(report, PI_REPORT_CPU_UTILIZATION), ==, f.cpu_utilization);
        g_assert_cmpfloat(double_of(report, PI_REPORT_THROUGHPUT_TERMS), ==, f.throughput_terms);
        g_assert_cmpfloat(double_of(report, PI_REPORT_THROUGHPUT_PARTS), ==, f.throughput_parts);
        g_assert_cmpfloat(double_of(report, PI_REPORT_SPEEDUP), ==, f.speedup);
        g_assert_cmpfloat(double_of(report, PI_REPORT_EFFICIENCY), ==, f.efficiency);
        g_assert_cmpfloat(double_of(report, PI_REPORT_BASELINE_TERMS), ==, node.baseline_terms);
        g_assert_cmpstr(string_of(report, PI_REPORT_KERNEL), ==, "generic");
        g_assert_cmpstr(string_of(report, PI_REPORT_ENGINE), ==, "local");
        g_assert_cmpfloat(fabs(pi - G_PI), <, 1.0 / 300000);
        g_assert_cmpfloat_with_epsilon(double_of(report, PI_REPORT_ERROR_VS_PI), pi - G_PI, 1e-15);
        g_assert_cmpfloat(fabs(double_of(report, PI_REPORT_RESIDUAL)), <, 1e-20);
}

static void test_nodes_and_cores(void) {
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_generic, 300007, 5, 1);
        PiJobFigures f;
        double pi;
        g_autoptr(GVariant) report = report_of(job, &node, &f, &pi);
        g_autoptr(GVariant) nodes = entry_of(report, PI_REPORT_NODES, "aa{sv}");
        g_autoptr(GVariant) cores = entry_of(report, PI_REPORT_CORES, "aa{sv}");
        g_autoptr(GVariant) n = NULL, c = NULL;

        g_assert_cmpuint(g_variant_n_children(nodes), ==, 1);
        n = g_variant_get_child_value(nodes, 0);
        g_assert_cmpstr(string_of(n, "id"), ==, "5f");
        g_assert_cmpstr(string_of(n, "name"), ==, "host");
        g_assert_cmpuint(u32_of(n, "cpus"), ==, 4);
        g_assert_cmpuint(u64_of(n, "terms"), ==, 300007);
        g_assert_cmpuint(u64_of(n, "leases"), ==, 5);
        g_assert_cmpuint(u64_of(n, "cpu_usec"), ==, f.cpu_usec);
        g_assert_cmpfloat(double_of(n, PI_REPORT_THROUGHPUT_TERMS), ==, f.throughput_terms);

        /* Those of the three that took part. */
        g_assert_cmpuint(g_variant_n_children(cores), ==, 1);
        c = g_variant_get_child_value(cores, 0);
        g_assert_cmpuint(u32_of(c, "cpu"), ==, 9);
        g_assert_cmpuint(u64_of(c, "terms"), ==, 300007);
        g_assert_cmpuint(u64_of(c, "leases"), ==, 5);
        g_assert_cmpuint(u64_of(c, "cpu_usec"), ==, f.cpu_usec);
        g_assert_cmpfloat(double_of(c, PI_REPORT_THROUGHPUT_TERMS), >, 0);
}

/* Nobody knows who summed what was summed before: cores and nodes are credited with the rest. */
static void test_resumed(void) {
        enum { PARTS = 4, BEFORE = 2 };
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_generic, 300007, PARTS, 1);
        g_autoptr(PiTask) earlier = pi_task_new(&pi_kernel_generic, 300007, PARTS, 3);
        g_autoptr(PiSnapshot) snapshot = NULL;
        g_autoptr(GVariant) report = NULL, nodes = NULL, cores = NULL, n = NULL, c = NULL;
        PiWorker worker = { .index = 1, .cpu = 9 };
        PiJobFigures f;
        uint64_t rest;
        double pi;

        pi_job_set_state(job, PI_JOB_RUNNING);
        atomic_store(&earlier->cursor, BEFORE);
        pi_worker_run(earlier, &worker);
        snapshot = pi_task_snapshot(earlier);
        job->task = pi_task_new(&pi_kernel_generic, 300007, PARTS, 3);
        g_assert_true(pi_task_restore(job->task, snapshot));
        job->resumes = 3;
        job->resumed_terms = pi_task_terms_done(job->task);
        g_assert_cmpuint(job->resumed_terms, >, 0);
        rest = 300007 - job->resumed_terms;
        pi_worker_run(job->task, &worker);
        pi_job_set_state(job, PI_JOB_DONE);
        job->active_nsec = 5 * SECOND;
        job->resumed_nsec = 3 * SECOND;
        pi_job_figures(job, &node, &f);
        report = g_variant_ref_sink(pi_report_new(job, &node, &f, &pi));
        g_assert_cmpuint(u32_of(report, PI_REPORT_RESUMES), ==, 3);
        g_assert_cmpuint(u64_of(report, PI_REPORT_RESUMED_TERMS), ==, job->resumed_terms);
        g_assert_cmpuint(u64_of(report, PI_REPORT_LEASES_RETRIED), ==, 0);
        nodes = entry_of(report, PI_REPORT_NODES, "aa{sv}");
        n = g_variant_get_child_value(nodes, 0);
        g_assert_cmpuint(u64_of(n, "terms"), ==, rest);
        g_assert_cmpuint(u64_of(n, "leases"), ==, PARTS - BEFORE);
        g_assert_cmpfloat_with_epsilon(double_of(n, "share"), (double) rest / 300007, 1e-12);
        g_assert_cmpfloat_with_epsilon(double_of(n, PI_REPORT_THROUGHPUT_TERMS),
                                       (double) rest / 2, 1e-6);
        cores = entry_of(report, PI_REPORT_CORES, "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(cores), ==, 1);
        c = g_variant_get_child_value(cores, 0);
        g_assert_cmpuint(u64_of(c, "terms"), ==, rest);
        g_assert_cmpuint(u64_of(n, "cpu_usec"), ==, u64_of(c, "cpu_usec"));
        g_assert_cmpuint(u64_of(c, "leases"), ==, PARTS - BEFORE);
}

/* Figures against a baseline are left out where there is none; nothing else is. */
static void test_without_baseline(void) {
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_generic, 1000, 1, 1);
        PiReportNode unmeasured = node;
        PiJobFigures f;
        double pi;
        g_autoptr(GVariant) report = NULL;

        unmeasured.baseline_terms = 0;
        report = report_of(job, &unmeasured, &f, &pi);
        g_assert_false(has_key(report, PI_REPORT_SPEEDUP));
        g_assert_false(has_key(report, PI_REPORT_EFFICIENCY));
        g_assert_false(has_key(report, PI_REPORT_BASELINE_TERMS));
        g_assert_cmpuint(g_variant_n_children(report), ==, G_N_ELEMENTS(keys) - 3);
}

static unsigned count_digits(const char *text) {
        unsigned n = 0;

        for (; *text; text++)
                n += g_ascii_isdigit(*text);
        return n;
}

/* Against sums and digits computed elsewhere. */
static void test_known_values(void) {
        unsigned compared = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(known_digits); i++) {
                uint64_t terms = known_digits[i].terms;
                g_autoptr(PiJob) job = NULL;
                g_autoptr(GVariant) report = NULL;
                PiJobFigures f;
                double pi;

                if (terms > 5000000)
                        continue;
                job = made_job(1, &pi_kernel_generic, terms, 1, 1);
                report = report_of(job, &node, &f, &pi);
                g_test_message("%" G_GUINT64_FORMAT " terms", (guint64) terms);
                g_assert_true(g_str_has_prefix(known_digits[i].digits,
                                               string_of(report, PI_REPORT_PI_TEXT)));
                g_assert_cmpuint(count_digits(string_of(report, PI_REPORT_PI_TEXT)), >=, 20);
                for (size_t k = 0; k < G_N_ELEMENTS(known_sums); k++)
                        if (known_sums[k].begin == 0 && known_sums[k].end == terms) {
                                g_assert_cmpstr(string_of(report, PI_REPORT_SUM_HEX), ==,
                                                known_sums[k].hex);
                                compared++;
                        }
        }
        g_assert_cmpuint(compared, >, 3);
}

/* The plain loop's sum is off, and its report says by how much and prints no digit that is not
 * sure. */
static void test_reference(void) {
        g_autoptr(PiJob) job = made_job(1, &pi_kernel_reference, 1000003, 4, 1);
        g_autoptr(PiJob) exact = made_job(2, &pi_kernel_generic, 1000003, 4, 1);
        PiJobFigures f;
        double pi;
        g_autoptr(GVariant) report = report_of(job, &node, &f, &pi);
        g_autoptr(GVariant) other = report_of(exact, &node, &f, &pi);
        const char *text = string_of(report, PI_REPORT_PI_TEXT);

        g_assert_cmpstr(string_of(report, PI_REPORT_KERNEL), ==, "reference");
        g_assert_cmpfloat(fabs(double_of(report, PI_REPORT_RESIDUAL)), >, 0);
        g_assert_cmpfloat(fabs(double_of(report, PI_REPORT_RESIDUAL)), <, 1e-9);
        g_assert_true(g_str_has_prefix(string_of(other, PI_REPORT_PI_TEXT), text));
        g_assert_cmpuint(count_digits(text), >=, 8);
        g_assert_cmpuint(count_digits(text), <, count_digits(string_of(other, PI_REPORT_PI_TEXT)));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/report/figures", test_figures);
        g_test_add_func("/report/figures-without-baseline", test_figures_without_baseline);
        g_test_add_func("/report/figures-of-nothing", test_figures_of_nothing);
        g_test_add_func("/report/figures-of-a-resumed-job", test_figures_of_a_resumed_job);
        g_test_add_func("/report/figures-of-a-preempted-job", test_figures_of_a_preempted_job);
        g_test_add_func("/report/resumed", test_resumed);
        g_test_add_func("/report/keys", test_keys);
        g_test_add_func("/report/values", test_values);
        g_test_add_func("/report/nodes-and-cores", test_nodes_and_cores);
        g_test_add_func("/report/without-baseline", test_without_baseline);
        g_test_add_func("/report/known-values", test_known_values);
        g_test_add_func("/report/reference", test_reference);
        return g_test_run();
}
