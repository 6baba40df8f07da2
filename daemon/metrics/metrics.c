/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/metrics.h"

#include "daemon/metrics/dict.h"
#include "daemon/metrics/keys.h"
#include "daemon/metrics/sampler.h"
#include "daemon/metrics/window.h"

#include <stdlib.h>

/* A mean weighted by compute time. */
typedef struct Mean {
        double last;
        double weighted_sum;
        double weight;
} Mean;

struct PiMetrics {
        int64_t start_usec; /* monotonic */
        PiSampler *sampler;
        PiWindow window;

        uint64_t submitted, done, failed, cancelled, refused;
        uint64_t terms_delivered, parts_delivered;
        uint64_t leases_retried;
        uint64_t compute_usec, cpu_usec;
        uint32_t workers_last; /* 0: no job done yet */
        Mean speedup, efficiency;
        char *baseline_kernel; /* of the last job with a speed-up; may be NULL */

        PiHistogram response_usec, submission_usec;
};

/* Sums over all cores. */
typedef struct Totals {
        uint64_t terms, parts, verified, failed, recomputed, busy_usec;
} Totals;

PiMetrics *pi_metrics_new(const char *root_dir) {
        PiMetrics *m = g_new0(PiMetrics, 1);

        m->start_usec = g_get_monotonic_time();
        m->sampler = pi_sampler_new(root_dir, m->start_usec);
        pi_window_add(&m->window, m->start_usec, &(PiWindowCounters) { 0 });
        return m;
}

void pi_metrics_free(PiMetrics *m) {
        if (!m)
                return;
        pi_sampler_free(m->sampler);
        g_free(m->baseline_kernel);
        g_free(m);
}

void pi_metrics_job_submitted(PiMetrics *m) {
        m->submitted++;
}

void pi_metrics_job_started(PiMetrics *m, uint64_t submission_usec) {
        pi_histogram_record(&m->submission_usec, submission_usec, 1);
}

void pi_metrics_quota_refused(PiMetrics *m) {
        m->refused++;
}

/* Not positive, or not a number: not measured. */
static void mean_add(Mean *mean, double value, uint64_t compute_usec) {
        if (!(value > 0))
                return;
        /* A job faster than the clock's tick still counts for something. */
        double weight = (double) MAX(compute_usec, 1);
        mean->last = value;
        mean->weighted_sum += value * weight;
        mean->weight += weight;
}

static void job_done(PiMetrics *m, const PiMetricsJob *job) {
        m->done++;
        m->terms_delivered += job->terms;
        m->parts_delivered += job->parts;
        m->compute_usec += job->compute_usec;
        m->cpu_usec += job->cpu_usec;
        m->workers_last = job->workers;
        pi_histogram_record(&m->response_usec, job->response_usec, 1);
        mean_add(&m->speedup, job->speedup, job->compute_usec);
        mean_add(&m->efficiency, job->efficiency, job->compute_usec);
        if (job->speedup > 0 && g_strcmp0(m->baseline_kernel, job->kernel) != 0) {
                g_free(m->baseline_kernel);
                m->baseline_kernel = g_strdup(job->kernel);
        }
}

void pi_metrics_job_finished(PiMetrics *m, const PiMetricsJob *job) {
        m->leases_retried += job->leases_retried;
        switch (job->outcome) {
        case PI_METRICS_DONE:
                job_done(m, job);
                break;
        case PI_METRICS_FAILED:
                m->failed++;
                break;
        case PI_METRICS_CANCELLED:
                m->cancelled++;
                break;
        }
}

static Totals add_up(const PiMetricsLive *live) {
        Totals t = { 0 };

        for (size_t i = 0; i < live->n_cores; i++) {
                t.terms += live->cores[i].terms;
                t.parts += live->cores[i].parts;
                t.verified += live->cores[i].leases_verified;
                t.failed += live->cores[i].leases_failed;
                t.recomputed += live->cores[i].leases_recomputed;
                t.busy_usec += live->cores[i].busy_usec;
        }
        return t;
}

static PiWindowCounters window_counters(const PiMetrics *m, const Totals *t) {
        return (PiWindowCounters) {
                .terms = t->terms,
                .parts = t->parts,
                .jobs = m->done,
                .busy_usec = t->busy_usec,
        };
}

void pi_metrics_tick(PiMetrics *m, const PiMetricsLive *live) {
        Totals t = add_up(live);
        PiWindowCounters counters = window_counters(m, &t);

        pi_window_add(&m->window, g_get_monotonic_time(), &counters);
}

static void put_jobs(PiMetricDict *d, const PiMetrics *m, const PiMetricsLive *live) {
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_SUBMITTED, m->submitted);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_DONE, m->done);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_FAILED, m->failed);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_CANCELLED, m->cancelled);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_REFUSED, m->refused);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_RESUMED, live->jobs_resumed);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_PREEMPTED, live->jobs_preempted);
        pi_metric_dict_uint32(d, PI_METRIC_JOBS_QUEUED, live->jobs_queued);
        pi_metric_dict_uint32(d, PI_METRIC_JOBS_RUNNING, live->jobs_running);
        pi_metric_dict_uint32(d, PI_METRIC_SLOTS_TOTAL, live->slots_total);
        pi_metric_dict_uint32(d, PI_METRIC_SLOTS_IN_USE, live->slots_in_use);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_COMPUTE_USEC, m->compute_usec);
        pi_metric_dict_uint64(d, PI_METRIC_JOBS_CPU_USEC, m->cpu_usec);
        pi_metric_dict_uint64(d, PI_METRIC_TERMS_DELIVERED, m->terms_delivered);
        pi_metric_dict_uint64(d, PI_METRIC_PARTS_DELIVERED, m->parts_delivered);
        pi_metric_dict_uint64(d, PI_METRIC_LEASES_RETRIED, m->leases_retried);
        pi_metric_dict_uint32(d, PI_METRIC_GUESTS_RUNNING, live->guests.running);
        pi_metric_dict_uint64(d, PI_METRIC_GUESTS_DONE, live->guests.done);
        pi_metric_dict_uint64(d, PI_METRIC_GUEST_TERMS, live->guests.terms);
}

static void put_faults(PiMetricDict *d, const PiMetricsLive *live) {
        uint32_t out = 0;

        for (size_t i = 0; i < live->n_cores; i++)
                out += live->cores[i].out_of_service ? 1 : 0;
        pi_metric_dict_uint64(d, PI_METRIC_FAULTS_TRANSIENT, live->faults.transient);
        pi_metric_dict_uint64(d, PI_METRIC_FAULTS_CORE, live->faults.core);
        pi_metric_dict_uint64(d, PI_METRIC_FAULTS_NODE, live->faults.node);
        pi_metric_dict_uint64(d, PI_METRIC_FAULTS_SOFTWARE, live->faults.software);
        pi_metric_dict_uint32(d, PI_METRIC_CORES_OUT_OF_SERVICE, out);
}

static void put_store(PiMetricDict *d, const PiMetricsStore *store) {
        pi_metric_dict_boolean(d, PI_METRIC_STORE_DEGRADED, store->degraded);
        if (store->error)
                pi_metric_dict_string(d, PI_METRIC_STORE_ERROR, store->error);
        pi_metric_dict_uint64(d, PI_METRIC_STORE_COMMITS, store->commits);
        pi_metric_dict_uint64(d, PI_METRIC_STORE_FAILURES, store->failures);
        pi_metric_dict_uint64(d, PI_METRIC_STORE_CHECKPOINTS, store->checkpoints);
        pi_metric_dict_uint32(d, PI_METRIC_STORE_QUEUED, store->queued);
        pi_metric_dict_uint64(d, PI_METRIC_STORE_LOST, store->lost);
        if (store->has_checkpoint_age)
                pi_metric_dict_uint64(d, PI_METRIC_CHECKPOINT_AGE_USEC,
                                      store->checkpoint_age_usec);
}

static void put_firewall(PiMetricDict *d, const PiMetricsFirewall *firewall) {
        pi_metric_dict_boolean(d, PI_METRIC_FIREWALL_FAILED, firewall->failed);
        if (firewall->error)
                pi_metric_dict_string(d, PI_METRIC_FIREWALL_ERROR, firewall->error);
}

/* The keys of a histogram follow one another, in this order, from the one named count. */
G_STATIC_ASSERT(PI_METRIC_RESPONSE_BUCKETS == PI_METRIC_RESPONSE_COUNT + 6);
G_STATIC_ASSERT(PI_METRIC_SUBMISSION_BUCKETS == PI_METRIC_SUBMISSION_COUNT + 6);
G_STATIC_ASSERT(PI_METRIC_PART_BUCKETS == PI_METRIC_PART_COUNT + 6);

static GVariant *list_buckets(const PiHistogram *h, unsigned first, unsigned last) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("a(tt)"));
        for (unsigned step = first; step <= last; step++)
                g_variant_builder_add(&list, "(tt)", pi_step_bound(step),
                                      pi_histogram_count_up_to(h, step));
        return g_variant_builder_end(&list);
}

/* A histogram, the first of its keys, and the steps its buckets go from and to. */
static void put_histogram(PiMetricDict *d, unsigned count, const PiHistogram *h, unsigned from,
                          unsigned to) {
        pi_metric_dict_uint64(d, count, pi_histogram_count(h));
        pi_metric_dict_list(d, count + 6, list_buckets(h, from, to));
        if (pi_histogram_count(h) == 0)
                return;
        pi_metric_dict_uint64(d, count + 1, pi_histogram_sum(h));
        pi_metric_dict_uint64(d, count + 2, pi_histogram_quantile(h, 0.50));
        pi_metric_dict_uint64(d, count + 3, pi_histogram_quantile(h, 0.90));
        pi_metric_dict_uint64(d, count + 4, pi_histogram_quantile(h, 0.99));
        pi_metric_dict_uint64(d, count + 5, pi_histogram_max(h));
}

static void put_times(PiMetricDict *d, const PiMetrics *m, const PiMetricsLive *live) {
        put_histogram(d, PI_METRIC_RESPONSE_COUNT, &m->response_usec, PI_STEP(2), PI_STEP(10));
        put_histogram(d, PI_METRIC_SUBMISSION_COUNT, &m->submission_usec, PI_STEP(1), PI_STEP(9));
        if (live->part_nsec)
                put_histogram(d, PI_METRIC_PART_COUNT, live->part_nsec, PI_STEP(2), PI_STEP(11));
}

static void put_last_minute(PiMetricDict *d, const PiMetrics *m, const PiMetricsLive *live,
                            const Totals *t, int64_t now_usec) {
        PiWindowCounters counters = window_counters(m, t);
        PiWindowRates rates;

        if (!pi_window_rates(&m->window, now_usec, &counters, &rates))
                return;
        pi_metric_dict_uint64(d, PI_METRIC_LAST_MINUTE_USEC, rates.covered_usec);
        pi_metric_dict_double(d, PI_METRIC_LAST_MINUTE_TERMS_PER_SECOND, rates.terms_per_second);
        pi_metric_dict_double(d, PI_METRIC_LAST_MINUTE_PARTS_PER_SECOND, rates.parts_per_second);
        pi_metric_dict_double(d, PI_METRIC_LAST_MINUTE_JOBS_PER_SECOND, rates.jobs_per_second);
        if (live->n_cores > 0)
                pi_metric_dict_double(d, PI_METRIC_LAST_MINUTE_WORKER_UTILIZATION,
                                      MIN(1.0, rates.busy_usec_per_second / G_USEC_PER_SEC /
                                               (double) live->n_cores));
}

static void put_throughput(PiMetricDict *d, const PiMetrics *m, const PiMetricsLive *live) {
        int64_t now_usec = g_get_monotonic_time();
        uint64_t uptime_usec = (uint64_t) (now_usec - m->start_usec);
        double seconds = (double) uptime_usec / G_USEC_PER_SEC;
        Totals t = add_up(live);

        pi_metric_dict_uint64(d, PI_METRIC_UPTIME_USEC, uptime_usec);
        pi_metric_dict_uint64(d, PI_METRIC_TERMS_COMPUTED, t.terms);
        pi_metric_dict_uint64(d, PI_METRIC_PARTS_COMPUTED, t.parts);
        pi_metric_dict_uint64(d, PI_METRIC_LEASES_VERIFIED, t.verified);
        pi_metric_dict_uint64(d, PI_METRIC_LEASES_FAILED, t.failed);
        pi_metric_dict_uint64(d, PI_METRIC_LEASES_RECOMPUTED, t.recomputed);
        pi_metric_dict_double(d, PI_METRIC_LIFETIME_TERMS_PER_SECOND, (double) t.terms / seconds);
        pi_metric_dict_double(d, PI_METRIC_LIFETIME_PARTS_PER_SECOND, (double) t.parts / seconds);
        pi_metric_dict_double(d, PI_METRIC_LIFETIME_JOBS_PER_SECOND, (double) m->done / seconds);
        put_last_minute(d, m, live, &t, now_usec);
}

static void put_mean(PiMetricDict *d, unsigned last, unsigned mean_id, const Mean *mean) {
        if (!(mean->weight > 0))
                return;
        pi_metric_dict_double(d, last, mean->last);
        pi_metric_dict_double(d, mean_id, mean->weighted_sum / mean->weight);
}

static const PiMetricsBaseline *find_baseline(const PiMetrics *m, const PiMetricsLive *live) {
        for (size_t i = 0; m->baseline_kernel && i < live->n_baselines; i++)
                if (g_strcmp0(live->baselines[i].kernel, m->baseline_kernel) == 0)
                        return &live->baselines[i];
        return live->n_baselines > 0 ? &live->baselines[0] : NULL;
}

static GVariant *list_baselines(const PiMetricsLive *live) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < MIN(live->n_baselines, PI_METRICS_BASELINES_MAX); i++) {
                const PiMetricsBaseline *b = &live->baselines[i];
                PiMetricDict d;

                pi_metric_dict_begin(&d, pi_metric_baseline_keys());
                pi_metric_dict_string(&d, PI_METRIC_BASELINE_ENTRY_KERNEL, b->kernel);
                pi_metric_dict_double(&d, PI_METRIC_BASELINE_ENTRY_TERMS_PER_SECOND,
                                      b->terms_per_second);
                if (b->measurements > 0)
                        pi_metric_dict_uint32(&d, PI_METRIC_BASELINE_ENTRY_MEASUREMENTS,
                                              b->measurements);
                if (b->measured_usec > 0)
                        pi_metric_dict_uint64(&d, PI_METRIC_BASELINE_ENTRY_MEASURED_USEC,
                                              b->measured_usec);
                g_variant_builder_add_value(&list, pi_metric_dict_end(&d));
        }
        return g_variant_builder_end(&list);
}

static void put_efficiency(PiMetricDict *d, const PiMetrics *m, const PiMetricsLive *live) {
        const PiMetricsBaseline *baseline = find_baseline(m, live);

        put_mean(d, PI_METRIC_SPEEDUP_LAST, PI_METRIC_SPEEDUP_MEAN, &m->speedup);
        put_mean(d, PI_METRIC_EFFICIENCY_LAST, PI_METRIC_EFFICIENCY_MEAN, &m->efficiency);
        if (m->workers_last > 0)
                pi_metric_dict_uint32(d, PI_METRIC_WORKERS_LAST, m->workers_last);
        if (!baseline)
                return;
        pi_metric_dict_string(d, PI_METRIC_BASELINE_KERNEL, baseline->kernel);
        pi_metric_dict_double(d, PI_METRIC_BASELINE_TERMS_PER_SECOND, baseline->terms_per_second);
        pi_metric_dict_list(d, PI_METRIC_BASELINES, list_baselines(live));
}

static void put_cpu(PiMetricDict *d, const PiSample *s) {
        pi_metric_dict_uint64(d, PI_METRIC_PROCESS_CPU_USEC, s->process_cpu_usec);
        if (s->has_process_cpu_utilization)
                pi_metric_dict_double(d, PI_METRIC_PROCESS_CPU_UTILIZATION,
                                      s->process_cpu_utilization);
        if (s->has_machine_cpus)
                pi_metric_dict_uint32(d, PI_METRIC_MACHINE_CPUS, s->machine_cpus);
        if (s->has_machine_cpu) {
                pi_metric_dict_double(d, PI_METRIC_MACHINE_CPU_UTILIZATION,
                                      s->machine_cpu_utilization);
                pi_metric_dict_uint64(d, PI_METRIC_MACHINE_CPU_INTERVAL_USEC,
                                      s->machine_cpu_interval_usec);
        }
        if (s->has_machine_cpu_steal)
                pi_metric_dict_double(d, PI_METRIC_MACHINE_CPU_STEAL, s->machine_cpu_steal);
        if (s->has_machine_pressure) {
                pi_metric_dict_double(d, PI_METRIC_MACHINE_CPU_PRESSURE_10S,
                                      s->machine_pressure_10s);
                pi_metric_dict_double(d, PI_METRIC_MACHINE_CPU_PRESSURE_60S,
                                      s->machine_pressure_60s);
                pi_metric_dict_uint64(d, PI_METRIC_MACHINE_CPU_PRESSURE_USEC,
                                      s->machine_pressure_usec);
        }
}

static void put_cgroup(PiMetricDict *d, const PiSample *s) {
        if (s->has_cgroup_cpu) {
                pi_metric_dict_string(d, PI_METRIC_CGROUP_CPU_PATH, s->cgroup_cpu_path);
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_CPU_USEC, s->cgroup_cpu_usec);
        }
        if (s->has_cgroup_throttling) {
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_CPU_PERIODS, s->cgroup_periods);
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_CPU_THROTTLED_PERIODS,
                                      s->cgroup_throttled_periods);
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_CPU_THROTTLED_USEC,
                                      s->cgroup_throttled_usec);
        }
        if (s->has_cgroup_pressure) {
                pi_metric_dict_double(d, PI_METRIC_CGROUP_CPU_PRESSURE_10S,
                                      s->cgroup_pressure_10s);
                pi_metric_dict_double(d, PI_METRIC_CGROUP_CPU_PRESSURE_60S,
                                      s->cgroup_pressure_60s);
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_CPU_PRESSURE_USEC,
                                      s->cgroup_pressure_usec);
        }
        if (s->has_cgroup_memory) {
                pi_metric_dict_string(d, PI_METRIC_CGROUP_MEMORY_PATH, s->cgroup_memory_path);
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_MEMORY_BYTES, s->cgroup_memory_bytes);
        }
        if (s->has_cgroup_memory_peak)
                pi_metric_dict_uint64(d, PI_METRIC_CGROUP_MEMORY_PEAK_BYTES,
                                      s->cgroup_memory_peak_bytes);
}

static void put_memory(PiMetricDict *d, const PiSample *s) {
        if (s->has_rss)
                pi_metric_dict_uint64(d, PI_METRIC_MEMORY_RSS_BYTES, s->rss_bytes);
        if (s->has_rss_peak)
                pi_metric_dict_uint64(d, PI_METRIC_MEMORY_RSS_PEAK_BYTES, s->rss_peak_bytes);
        if (s->has_machine_memory)
                pi_metric_dict_uint64(d, PI_METRIC_MACHINE_MEMORY_BYTES, s->machine_memory_bytes);
        if (s->has_rss && s->has_machine_memory)
                pi_metric_dict_double(d, PI_METRIC_MEMORY_MACHINE_SHARE,
                                      (double) s->rss_bytes / (double) s->machine_memory_bytes);
}

static int compare_cpu(const void *key, const void *entry) {
        uint32_t cpu = *(const uint32_t *) key, other = ((const PiSampleCpu *) entry)->cpu;
        return (cpu > other) - (cpu < other);
}

static GVariant *describe_core(const PiMetricsCore *c, const PiSample *s) {
        const PiSampleCpu *cpu = s->n_cpus == 0 ? NULL :
                bsearch(&c->cpu, s->cpus, s->n_cpus, sizeof(*s->cpus), compare_cpu);
        PiMetricDict d;

        pi_metric_dict_begin(&d, pi_metric_core_keys());
        pi_metric_dict_uint32(&d, PI_METRIC_CORE_CPU, c->cpu);
        if (c->state)
                pi_metric_dict_string(&d, PI_METRIC_CORE_STATE, c->state);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_TERMS, c->terms);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_PARTS, c->parts);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_LEASES_VERIFIED, c->leases_verified);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_LEASES_FAILED, c->leases_failed);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_LEASES_RECOMPUTED, c->leases_recomputed);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_BUSY_USEC, c->busy_usec);
        pi_metric_dict_uint64(&d, PI_METRIC_CORE_WALL_USEC, c->wall_usec);
        if (c->busy_usec > 0)
                pi_metric_dict_double(&d, PI_METRIC_CORE_TERMS_PER_SECOND,
                                      (double) c->terms * G_USEC_PER_SEC / (double) c->busy_usec);
        if (c->wall_usec > 0)
                pi_metric_dict_double(&d, PI_METRIC_CORE_CPU_SHARE,
                                      MIN(1.0, (double) c->busy_usec / (double) c->wall_usec));
        if (cpu)
                pi_metric_dict_double(&d, PI_METRIC_CORE_MACHINE_CPU_UTILIZATION,
                                      cpu->utilization);
        if (cpu && cpu->has_steal)
                pi_metric_dict_double(&d, PI_METRIC_CORE_MACHINE_CPU_STEAL, cpu->steal);
        return pi_metric_dict_end(&d);
}

static GVariant *list_cores(const PiMetricsLive *live, const PiSample *s) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < MIN(live->n_cores, PI_METRICS_CORES_MAX); i++)
                g_variant_builder_add_value(&list, describe_core(&live->cores[i], s));
        return g_variant_builder_end(&list);
}

void pi_metrics_usage(PiMetrics *m, PiNodeUsage *ret) {
        pi_sampler_usage(m->sampler, g_get_monotonic_time(), ret);
}

GVariant *pi_metrics_to_variant(PiMetrics *m, const PiMetricsLive *live) {
        const PiSample *sample = pi_sampler_read(m->sampler, g_get_monotonic_time());
        PiMetricDict d;

        pi_metric_dict_begin(&d, pi_metric_keys());
        put_throughput(&d, m, live);
        put_jobs(&d, m, live);
        put_faults(&d, live);
        put_store(&d, &live->store);
        put_firewall(&d, &live->firewall);
        put_times(&d, m, live);
        put_efficiency(&d, m, live);
        put_cpu(&d, sample);
        put_cgroup(&d, sample);
        put_memory(&d, sample);
        if (live->n_cores > 0)
                pi_metric_dict_list(&d, PI_METRIC_CORES, list_cores(live, sample));
        if (live->n_nodes > 0)
                pi_metric_dict_list(&d, PI_METRIC_NODES,
                                    pi_metrics_list_nodes(live->nodes, live->n_nodes));
        return pi_metric_dict_end(&d);
}
