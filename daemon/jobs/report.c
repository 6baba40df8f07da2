/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/report.h"

#include <sys/resource.h>

#include "daemon/jobs/ranks.h"
#include "daemon/series/digits.h"
#include "daemon/series/expected.h"
#include "daemon/series/range.h"
#include "dbus/names.h"

static void add_u64(GVariantBuilder *b, const char *key, uint64_t value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_uint64(value));
}

static void add_u32(GVariantBuilder *b, const char *key, uint32_t value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_uint32(value));
}

static void add_double(GVariantBuilder *b, const char *key, double value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_double(value));
}

static void add_string(GVariantBuilder *b, const char *key, const char *value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_string(value));
}

static uint64_t memory_peak_bytes(void) {
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return (uint64_t) usage.ru_maxrss * 1024;
}

/* CPU slots of the members that had leases. */
static uint32_t member_cpus(const PiJob *job) {
        uint32_t cpus = 0;

        for (guint i = 0; job->members && i < job->members->len; i++)
                cpus += ((const PiMemberShare *) job->members->pdata[i])->cpus;
        return cpus;
}

/* Machines that had leases of the job. */
static uint32_t count_nodes(const PiJob *job) {
        g_autoptr(GHashTable) hosts = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                              g_free, NULL);

        if (job->spec.engine == PI_ENGINE_LOCAL)
                return 1 + (job->members ? job->members->len : 0);
        for (guint i = 0; job->members && i < job->members->len; i++)
                g_hash_table_add(hosts,
                                 pi_rank_host(((PiMemberShare *) job->members->pdata[i])->name));
        return g_hash_table_size(hosts);
}

void pi_job_figures(const PiJob *job, const PiReportNode *node, PiJobFigures *ret) {
        const PiTask *task = job->task;
        uint32_t elsewhere = member_cpus(job);
        double seconds = (double) MAX(job->active_nsec, 1) / 1e9;
        uint64_t cpu_nsec = pi_task_cpu_nsec(task);
        /* On average: one that made room or survived a restart may have had more or fewer
         * before. */
        double slots = job->slot_nsec > 0 ? (double) job->slot_nsec / 1e9 / seconds
                                          : MAX(job->slots, elsewhere > 0 ? 0 : 1);
        gboolean local = job->spec.engine == PI_ENGINE_LOCAL;
        double here = local ? MAX(node->cpus, slots) : 0;
        PiJobFigures f = { .retries = pi_task_retries(task) + pi_task_recomputed(task) };

        /* The monotonic clock does not reach back to before a restart. */
        f.response_usec = !job->revived ? (job->finished_nsec - job->created_nsec) / 1000
                        : job->finished_usec > job->created_usec
                                ? job->finished_usec - job->created_usec
                                : 0;
        f.submission_usec = job->submission_usec;
        f.compute_usec = job->active_nsec / 1000;
        f.cpu_usec = cpu_nsec / 1000;
        f.cpu_utilization = (double) cpu_nsec / 1e9 / (seconds * (here + elsewhere));
        f.throughput_terms = (double) pi_task_terms_done(task) / seconds;
        f.throughput_parts = (double) job->spec.parts / seconds;
        if (node->baseline_terms > 0)
                f.speedup = f.throughput_terms / node->baseline_terms;
        f.efficiency = f.speedup / (slots + elsewhere);
        f.nodes = count_nodes(job);
        if (node->baseline_terms > 0 && local)
                f.cluster_efficiency = f.throughput_terms / f.nodes /
                                       (node->baseline_terms * node->cpus);
        *ret = f;
}

static GVariant *cores(const PiTask *task) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (uint32_t i = 0; i < task->n_shares; i++) {
                const PiTaskShare *share = &task->share[i];
                uint64_t terms = atomic_load(&share->terms),
                         cpu_nsec = atomic_load(&share->cpu_nsec);

                if (terms == 0)
                        continue;
                g_variant_builder_open(&b, G_VARIANT_TYPE_VARDICT);
                add_u32(&b, "cpu", share->cpu);
                add_u64(&b, "terms", terms);
                add_u64(&b, "leases", share->leases);
                add_u64(&b, "cpu_usec", cpu_nsec / 1000);
                add_double(&b, PI_REPORT_THROUGHPUT_TERMS,
                           (double) terms * 1e9 / (double) MAX(cpu_nsec, 1));
                g_variant_builder_close(&b);
        }
        return g_variant_builder_end(&b);
}

/* What a node has had of the terms, and so many of them a second. Nobody knows who had those before
 * a restart, so rows begin with it. */
static void add_rate(GVariantBuilder *b, const PiJob *job, uint64_t terms) {
        uint64_t nsec = job->active_nsec - job->resumed_nsec;

        add_u64(b, "terms", terms);
        add_double(b, "share", (double) terms / (double) job->spec.terms);
        add_double(b, PI_REPORT_THROUGHPUT_TERMS, (double) terms / ((double) MAX(nsec, 1) / 1e9));
}

static void add_own_row(GVariantBuilder *b, const PiJob *job, const PiReportNode *node) {
        const PiTask *task = job->task;
        uint64_t other_nsec = task->elsewhere.cpu_nsec + task->restored.cpu_nsec;
        uint32_t other_leases = task->elsewhere.leases + task->restored.leases;

        g_variant_builder_open(b, G_VARIANT_TYPE_VARDICT);
        add_string(b, "id", node->id);
        add_string(b, "name", node->name);
        add_u32(b, "cpus", node->cpus);
        add_rate(b, job, pi_job_terms_here(job));
        add_u64(b, "leases", task->leases->n - other_leases);
        add_u64(b, "leases_retried", pi_task_recomputed(task));
        add_u64(b, "cpu_usec", (pi_task_cpu_nsec(task) - other_nsec) / 1000);
        g_variant_builder_close(b);
}

static void add_member_row(GVariantBuilder *b, const PiJob *job, const PiMemberShare *m) {
        g_variant_builder_open(b, G_VARIANT_TYPE_VARDICT);
        add_string(b, "id", m->id);
        add_string(b, "name", m->name);
        add_u32(b, "cpus", m->cpus);
        add_rate(b, job, m->terms);
        add_u64(b, "leases", m->leases);
        add_u64(b, "leases_retried", m->lost + m->wrong);
        add_u64(b, "leases_lost", m->lost);
        add_u64(b, "leases_wrong", m->wrong);
        add_u64(b, "leases_late", m->late);
        add_u64(b, "cpu_usec", m->cpu_nsec / 1000);
        add_u64(b, "round_trip_usec", m->round_trip_usec);
        g_variant_builder_close(b);
}

/* This node first, unless an engine did it all, then those that had leases of the job. */
static GVariant *nodes(const PiJob *job, const PiReportNode *node) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        if (job->spec.engine == PI_ENGINE_LOCAL)
                add_own_row(&b, job, node);
        for (guint i = 0; job->members && i < job->members->len; i++)
                add_member_row(&b, job, job->members->pdata[i]);
        return g_variant_builder_end(&b);
}

static double add_value(GVariantBuilder *b, const PiJob *job) {
        PiRange whole = { 0, job->spec.terms };
        PiFixed sum, tolerance, residual;
        g_autofree char *text = NULL, *hex = NULL;

        pi_task_sum(job->task, &sum, &tolerance);
        (void) pi_verify_within(whole, &sum, &tolerance, &residual);
        text = pi_digits_of_range(whole, &sum, &residual);
        hex = pi_fixed_to_hex(&sum);
        add_string(b, PI_REPORT_PI_TEXT, text);
        add_string(b, PI_REPORT_SUM_HEX, hex);
        add_double(b, PI_REPORT_ERROR_VS_PI, pi_error_vs_pi(&sum));
        add_double(b, PI_REPORT_RESIDUAL, 4 * pi_fixed_to_double(&residual));
        g_variant_builder_add(b, "{sv}", PI_REPORT_VERIFIED, g_variant_new_boolean(TRUE));
        return 4 * pi_fixed_to_double(&sum);
}

static void add_engine(GVariantBuilder *b, const PiJob *job) {
        add_string(b, PI_REPORT_ENGINE, pi_engine_kind_to_string(job->spec.engine));
        if (job->spec.engine == PI_ENGINE_LOCAL)
                return;
        add_u32(b, PI_REPORT_LAUNCHES, job->engine.launches);
        add_u64(b, PI_REPORT_LAUNCH_USEC, job->engine.launch_usec);
}

GVariant *pi_report_new(const PiJob *job, const PiReportNode *node, const PiJobFigures *f,
                        double *ret_pi) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        *ret_pi = add_value(&b, job);
        add_u64(&b, PI_REPORT_TERMS, job->spec.terms);
        add_u64(&b, PI_REPORT_PARTS, job->spec.parts);
        add_u32(&b, PI_REPORT_CPUS, job->slots + member_cpus(job));
        add_u64(&b, PI_REPORT_LEASES, job->task->leases->n);
        add_u64(&b, PI_REPORT_LEASES_RETRIED, f->retries);
        add_u64(&b, PI_REPORT_RESPONSE_USEC, f->response_usec);
        add_u64(&b, PI_REPORT_SUBMISSION_USEC, f->submission_usec);
        add_u64(&b, PI_REPORT_COMPUTE_USEC, f->compute_usec);
        add_u64(&b, PI_REPORT_CPU_USEC, f->cpu_usec);
        add_double(&b, PI_REPORT_CPU_UTILIZATION, f->cpu_utilization);
        add_u64(&b, PI_REPORT_MEMORY_PEAK_BYTES, memory_peak_bytes());
        add_double(&b, PI_REPORT_THROUGHPUT_TERMS, f->throughput_terms);
        add_double(&b, PI_REPORT_THROUGHPUT_PARTS, f->throughput_parts);
        if (node->baseline_terms > 0) {
                add_double(&b, PI_REPORT_SPEEDUP, f->speedup);
                add_double(&b, PI_REPORT_EFFICIENCY, f->efficiency);
                add_double(&b, PI_REPORT_BASELINE_TERMS, node->baseline_terms);
        }
        if (f->nodes > 1 && f->cluster_efficiency > 0)
                add_double(&b, PI_REPORT_CLUSTER_EFFICIENCY, f->cluster_efficiency);
        add_string(&b, PI_REPORT_KERNEL, job->spec.kernel->name);
        add_engine(&b, job);
        add_string(&b, PI_REPORT_SCOPE, job->spec.cluster ? "cluster" : "local");
        add_u32(&b, PI_REPORT_NUMERICS, PI_NUMERICS_VERSION);
        g_variant_builder_add(&b, "{sv}", PI_REPORT_NODES, nodes(job, node));
        g_variant_builder_add(&b, "{sv}", PI_REPORT_CORES, cores(job->task));
        add_u32(&b, PI_REPORT_RESUMES, job->resumes);
        add_u64(&b, PI_REPORT_RESUMED_TERMS, job->resumed_terms);
        add_string(&b, PI_REPORT_VERDICT, pi_verdict_to_string(job->verdict));
        g_variant_builder_add(&b, "{sv}", PI_REPORT_FAULTS,
                              pi_fault_list_to_variant(job->faults, PI_FAULTS_PER_JOB));
        return g_variant_builder_end(&b);
}
