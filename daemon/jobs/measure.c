/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/measure.h"

struct PiMeasure {
        PiPool *pool;
        PiMetrics *metrics;
        PiHistogram *part_nsec;
        PiMetricsCore *cores;
        const PiBaselines *baselines;
};

PiMeasure *pi_measure_new(PiPool *pool, const PiBaselines *baselines) {
        PiMeasure *measure = g_new0(PiMeasure, 1);

        measure->pool = pool;
        measure->baselines = baselines;
        measure->metrics = pi_metrics_new(NULL);
        measure->part_nsec = pi_histogram_new();
        measure->cores = g_new0(PiMetricsCore, pi_pool_size(pool));
        return measure;
}

void pi_measure_free(PiMeasure *measure) {
        if (!measure)
                return;
        pi_metrics_free(measure->metrics);
        pi_histogram_free(measure->part_nsec);
        g_free(measure->cores);
        g_free(measure);
}

void pi_measure_submitted(PiMeasure *measure) {
        pi_metrics_job_submitted(measure->metrics);
}

void pi_measure_refused(PiMeasure *measure) {
        pi_metrics_quota_refused(measure->metrics);
}

/* A clock read for each part would cost more than a small part does: the parts of a lease share its
 * time evenly. */
static void record_parts(PiMeasure *measure, const PiLeaseTable *leases) {
        for (uint32_t i = 0; i < leases->n; i++) {
                const PiLease *lease = &leases->lease[i];
                uint64_t parts =
                                pi_lease_first_part(leases, i + 1) - pi_lease_first_part(leases, i);

                if (atomic_load(&lease->state) == PI_LEASE_VERIFIED && !atomic_load(&lease->begun))
                        pi_histogram_record(measure->part_nsec,
                                            atomic_load(&lease->elapsed_nsec) / parts, parts);
        }
}

void pi_measure_ended(PiMeasure *measure, const PiJob *job, const PiJobFigures *f) {
        PiMetricsJob m = {
                .outcome = job->state == PI_JOB_DONE      ? PI_METRICS_DONE
                         : job->state == PI_JOB_CANCELLED ? PI_METRICS_CANCELLED
                                                          : PI_METRICS_FAILED,
                .terms = job->spec.terms,
                .parts = job->spec.parts,
                .response_usec = f->response_usec,
                .compute_usec = f->compute_usec,
                .cpu_usec = f->cpu_usec,
                .workers = job->slots,
                .leases = job->task ? job->task->leases->n : 0,
                .leases_retried = f->retries,
                .speedup = f->speedup,
                .efficiency = f->efficiency,
                .kernel = job->spec.kernel->name,
        };

        if (job->task) {
                if (f->submission_usec > 0)
                        pi_metrics_job_started(measure->metrics, f->submission_usec);
                record_parts(measure, job->task->leases);
        }
        pi_metrics_job_finished(measure->metrics, &m);
}

static PiMetricsLive look(PiMeasure *measure, PiMeasureNow now) {
        uint32_t n = pi_pool_size(measure->pool);
        size_t n_baselines;
        const PiMetricsBaseline *baselines = pi_baselines_list(measure->baselines, &n_baselines);

        for (uint32_t i = 0; i < n; i++) {
                const PiWorkerStats *s = pi_pool_worker_stats(measure->pool, i);
                uint32_t cpu = pi_pool_worker_cpu(measure->pool, i);
                PiCoreState state = pi_pool_core_state(measure->pool, cpu);

                measure->cores[i] = (PiMetricsCore) {
                        .cpu = cpu,
                        .state = pi_core_state_to_string(state),
                        .out_of_service = state == PI_CORE_OUT_OF_SERVICE,
                        .terms = atomic_load(&s->terms),
                        .parts = atomic_load(&s->parts),
                        .leases_verified = atomic_load(&s->leases_verified),
                        .leases_failed = atomic_load(&s->leases_failed),
                        .leases_recomputed = atomic_load(&s->recomputed),
                        .busy_usec = atomic_load(&s->cpu_nsec) / 1000,
                        .wall_usec = atomic_load(&s->wall_nsec) / 1000,
                };
        }
        return (PiMetricsLive) {
                .jobs_queued = now.queued,
                .jobs_running = now.running,
                .slots_total = n,
                .slots_in_use = pi_pool_busy(measure->pool),
                .jobs_resumed = now.resumed,
                .jobs_preempted = now.preempted,
                .faults = now.faults,
                .store = now.store,
                .guests = now.guests,
                .firewall = now.firewall,
                .nodes = now.nodes,
                .n_nodes = now.n_nodes,
                .cores = measure->cores,
                .n_cores = n,
                .part_nsec = measure->part_nsec,
                .baselines = baselines,
                .n_baselines = n_baselines,
        };
}

void pi_measure_tick(PiMeasure *measure, PiMeasureNow now) {
        PiMetricsLive live = look(measure, now);

        pi_metrics_tick(measure->metrics, &live);
}

void pi_measure_usage(PiMeasure *measure, PiNodeUsage *ret) {
        pi_metrics_usage(measure->metrics, ret);
        ret->has_slots_in_use = TRUE;
        ret->slots_in_use = pi_pool_busy(measure->pool);
}

GVariant *pi_measure_metrics(PiMeasure *measure, PiMeasureNow now) {
        PiMetricsLive live = look(measure, now);

        return pi_metrics_to_variant(measure->metrics, &live);
}
