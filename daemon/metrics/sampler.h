/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/metrics/node.h"

/* Reads what the kernel knows about this process, its control group and the machine: a few files
 * below /proc and /sys/fs/cgroup, at most 64 KiB of each. Knows control groups v2, v1, both side
 * by side ("hybrid"), and none. */
typedef struct PiSampler PiSampler;

/* Files are read at most this often, so asking all the time costs little. CPU shares are taken
 * between two readings this far apart at least: the kernel counts in clock ticks of (as a rule)
 * 10 ms. */
#define PI_SAMPLER_INTERVAL_MIN_USEC (100 * 1000)

typedef struct PiSampleCpu {
        uint32_t cpu;
        double utilization; /* as in PiSample */
        gboolean has_steal;
        double steal;
} PiSampleCpu;

/* A figure is there when its has_ flag is set. Ratios are 0 to 1. */
typedef struct PiSample {
        uint64_t process_cpu_usec; /* always there: getrusage(), user and system, all threads */

        gboolean has_machine_cpus;
        uint32_t machine_cpus; /* online */

        /* Over the interval between the last two readings. Utilization is the time spent in
         * anything but idling, waiting for I/O or being stolen by the hypervisor. */
        gboolean has_machine_cpu;
        uint64_t machine_cpu_interval_usec;
        double machine_cpu_utilization;
        gboolean has_machine_cpu_steal;
        double machine_cpu_steal;
        gboolean has_process_cpu_utilization;
        double process_cpu_utilization; /* of all CPUs of the machine, in the same interval */
        const PiSampleCpu *cpus;        /* ascending */
        size_t n_cpus;

        gboolean has_machine_pressure;
        double machine_pressure_10s, machine_pressure_60s;
        uint64_t machine_pressure_usec;

        /* Figures of a control group are left out when it is the root of the machine's hierarchy:
         * that one counts everybody. */
        gboolean has_cgroup_cpu;
        char *cgroup_cpu_path;
        uint64_t cgroup_cpu_usec;
        gboolean has_cgroup_throttling; /* only when a quota was ever in force */
        uint64_t cgroup_periods, cgroup_throttled_periods, cgroup_throttled_usec;
        gboolean has_cgroup_pressure;
        double cgroup_pressure_10s, cgroup_pressure_60s;
        uint64_t cgroup_pressure_usec;
        gboolean has_cgroup_memory;
        char *cgroup_memory_path;
        uint64_t cgroup_memory_bytes;
        gboolean has_cgroup_memory_peak;
        uint64_t cgroup_memory_peak_bytes;

        gboolean has_rss;
        uint64_t rss_bytes;
        gboolean has_rss_peak;
        uint64_t rss_peak_bytes;
        gboolean has_machine_memory;
        uint64_t machine_memory_bytes;
} PiSample;

/* Looks below `root_dir` (NULL: "/"). Takes the first reading of the CPU times at `now_usec`, so
 * the first sample's shares cover the time since then: the daemon's life so far. */
PiSampler *pi_sampler_new(const char *root_dir, int64_t now_usec);
void pi_sampler_free(PiSampler *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSampler, pi_sampler_free)

/* The figures as of `now_usec`, the monotonic time; those from files may be
 * PI_SAMPLER_INTERVAL_MIN_USEC old. The sample is the sampler's and lives until the next call. */
const PiSample *pi_sampler_read(PiSampler *s, int64_t now_usec);

/* CPU and memory of this process alone, from one file that is read at most this often: the figures
 * may be so old. CPU time is over that time at least, or since it was last asked for. */
#define PI_SAMPLER_USAGE_USEC (2 * 1000 * 1000)
void pi_sampler_usage(PiSampler *s, int64_t now_usec, PiNodeUsage *ret);
