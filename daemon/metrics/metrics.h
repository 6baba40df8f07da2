/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/histogram.h"
#include "daemon/metrics/node.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* The figures of one node. Jobs report what happens to them, the caller lends a view of the workers
 * when it ticks or asks. Everything here belongs to the main context. */
typedef struct PiMetrics PiMetrics;

typedef enum PiMetricsOutcome {
        PI_METRICS_DONE,
        PI_METRICS_FAILED,
        PI_METRICS_CANCELLED,
} PiMetricsOutcome;

/* What a job came to. Of a job that is not done only the outcome, leases and leases_retried count:
 * the time of a job cut short says nothing about response times or efficiency. */
typedef struct PiMetricsJob {
        PiMetricsOutcome outcome;
        uint64_t terms;
        uint64_t parts;
        uint64_t response_usec; /* submission to reply */
        uint64_t compute_usec;  /* first lease started to last lease verified */
        uint64_t cpu_usec;      /* thread CPU clocks of its leases */
        uint32_t workers;       /* threads that worked on it */
        uint64_t leases;
        uint64_t leases_retried;
        double speedup;     /* against one thread; not positive: not measured */
        double efficiency;  /* speedup / workers; not positive: not measured */
        const char *kernel; /* whose baseline the speed-up is against; NULL: the first baseline */
} PiMetricsJob;

/* One worker's counters, cumulative since the daemon started. */
typedef struct PiMetricsCore {
        uint32_t cpu;
        const char *state;
        gboolean out_of_service;
        uint64_t terms;
        uint64_t parts;
        uint64_t leases_verified;
        uint64_t leases_failed;
        uint64_t leases_recomputed; /* leases computed here because they had failed before */
        uint64_t busy_usec;         /* thread CPU clock */
        uint64_t wall_usec;         /* time spent inside leases */
} PiMetricsCore;

/* Leases and stretches that were wrong, by what was found to be at fault. */
typedef struct PiMetricsFaults {
        uint64_t transient;
        uint64_t core;
        uint64_t node;
        uint64_t software;
} PiMetricsFaults;

/* The rate of one thread with a kernel. */
typedef struct PiMetricsBaseline {
        const char *kernel;
        double terms_per_second; /* the median of the measurements */
        uint32_t measurements;   /* 0: not known */
        uint64_t measured_usec;  /* the newest one, CLOCK_REALTIME; 0: not known */
} PiMetricsBaseline;

/* What keeps jobs over a restart. Counters run since the daemon started. */
typedef struct PiMetricsStore {
        gboolean degraded; /* nothing is written: jobs would be lost */
        const char *error; /* why, for people; NULL while all is well */
        uint64_t commits, failures, checkpoints;
        uint64_t lost;   /* records given up because the store could not take them */
        uint32_t queued; /* records waiting to be written */
        gboolean has_checkpoint_age;
        uint64_t checkpoint_age_usec; /* of the newest one */
} PiMetricsStore;

/* What keeps strangers from the port of the cluster. */
typedef struct PiMetricsFirewall {
        gboolean failed;   /* it ought to, and does not */
        const char *error; /* why, for people; else NULL */
} PiMetricsFirewall;

/* Orders of other nodes. */
typedef struct PiMetricsGuests {
        uint32_t running;
        uint64_t done;
        uint64_t terms; /* of those done */
} PiMetricsGuests;

/* More cores or baselines than these are not listed one by one (they still count in the sums). */
#define PI_METRICS_CORES_MAX 1024
#define PI_METRICS_BASELINES_MAX 16

/* What only the caller knows, lent for the length of a call. */
typedef struct PiMetricsLive {
        uint32_t jobs_queued;
        uint32_t jobs_running;
        uint32_t slots_total;
        uint32_t slots_in_use;
        uint64_t jobs_resumed;   /* taken up again after a restart */
        uint64_t jobs_preempted; /* times a running job gave its CPU slots to another */
        PiMetricsFaults faults;
        PiMetricsStore store;
        const PiMetricsCore *cores;
        size_t n_cores;
        const PiHistogram *part_nsec; /* nanoseconds per part; NULL: not measured */
        const PiMetricsBaseline *baselines; /* the default kernel's first */
        size_t n_baselines;
        PiMetricsGuests guests;
        PiMetricsFirewall firewall;
        const PiMetricsNode *nodes; /* members of the cluster, this node first */
        size_t n_nodes;             /* 0: it is in none */
} PiMetricsLive;

/* Reads /proc and /sys/fs/cgroup below `root_dir`; NULL is "/". Uptime counts from here. */
PiMetrics *pi_metrics_new(const char *root_dir);
void pi_metrics_free(PiMetrics *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiMetrics, pi_metrics_free)

/* A job was accepted. */
void pi_metrics_job_submitted(PiMetrics *m);
/* The first lease of a job started, `submission_usec` after the job was submitted. */
void pi_metrics_job_started(PiMetrics *m, uint64_t submission_usec);
/* A job ended. */
void pi_metrics_job_finished(PiMetrics *m, const PiMetricsJob *job);
/* A job was turned away by a quota or a full queue; it was never submitted. */
void pi_metrics_quota_refused(PiMetrics *m);

/* Takes a sample for the last-minute rates. To be called about once a second while any job is
 * active, and once just before the first job starts and just after the last one ended, so that an
 * idle time is bounded by samples. More often does no harm. */
void pi_metrics_tick(PiMetrics *m, const PiMetricsLive *live);

/* What the service uses, but for CPU slots: costs little, however often it is asked for. */
void pi_metrics_usage(PiMetrics *m, PiNodeUsage *ret);

/* All figures there are now, as a floating a{sv}; daemon/metrics/keys.h describes every key.
 * What was not or cannot be measured has no key. Reads a few small files, at most ten times a
 * second, and never waits. */
GVariant *pi_metrics_to_variant(PiMetrics *m, const PiMetricsLive *live);
