/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/baselines.h"
#include "daemon/jobs/job.h"
#include "daemon/jobs/report.h"
#include "daemon/metrics/metrics.h"
#include "daemon/work/pool.h"

/* What the node measures of its jobs and workers. */
typedef struct PiMeasure PiMeasure;

/* `pool` and `baselines` must outlive it. */
PiMeasure *pi_measure_new(PiPool *pool, const PiBaselines *baselines);
void pi_measure_free(PiMeasure *measure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiMeasure, pi_measure_free)

/* What the jobs know. */
typedef struct PiMeasureNow {
        uint32_t queued;
        uint32_t running;
        uint64_t resumed;
        uint64_t preempted;
        PiMetricsFaults faults;
        PiMetricsStore store;
        PiMetricsGuests guests;
        PiMetricsFirewall firewall;
        const PiMetricsNode *nodes; /* for pi_measure_metrics() only */
        size_t n_nodes;
} PiMeasureNow;

void pi_measure_submitted(PiMeasure *measure);
void pi_measure_refused(PiMeasure *measure);
/* Before the job's state says so and while its task, if it had one, is still there. */
void pi_measure_ended(PiMeasure *measure, const PiJob *job, const PiJobFigures *figures);

/* Takes a sample for the rates of the last minute: about once a second while jobs run, and at the
 * start and the end of such a time. */
void pi_measure_tick(PiMeasure *measure, PiMeasureNow now);

/* What this node's service uses. */
void pi_measure_usage(PiMeasure *measure, PiNodeUsage *ret);

/* The answer of GetMetrics, a floating a{sv}. */
GVariant *pi_measure_metrics(PiMeasure *measure, PiMeasureNow now);
