/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/keys.h"

#define T "t"
#define D "d"
#define U "u"
#define S "s"
#define B "b"
#define LIST "aa{sv}"
#define BUCKETS "a(tt)"

#define JOBS "jobs"
#define WORKERS "workers"
#define REFEREE "referee"
#define STORE "store"
#define CLUSTER "cluster"
#define CPU_STAT "cpu.stat or cpuacct.usage"
#define THROTTLING "cpu.stat"
#define CGROUP_PSI "cpu.pressure"
#define MEMORY_NOW "memory.current or memory.usage_in_bytes"
#define MEMORY_PEAK "memory.peak or memory.max_usage_in_bytes"

#define COUNTER PI_METRIC_KIND_COUNTER
#define MOMENT PI_METRIC_KIND_MOMENT

static const PiMetricKey keys[] = {
        [PI_METRIC_UPTIME_USEC] =
                { "uptime_usec", T, "usec", "monotonic clock", "Time since the daemon started." },

        [PI_METRIC_JOBS_SUBMITTED] =
                { "jobs_submitted", T, "count", JOBS, "Jobs accepted since the start.", COUNTER },
        [PI_METRIC_JOBS_DONE] =
                { "jobs_done", T, "count", JOBS, "Jobs that ended with a verified sum.", COUNTER },
        [PI_METRIC_JOBS_FAILED] =
                { "jobs_failed", T, "count", JOBS, "Jobs that ended with an error.", COUNTER },
        [PI_METRIC_JOBS_CANCELLED] =
                { "jobs_cancelled", T, "count", JOBS,
                  "Jobs cancelled before they were done.", COUNTER },
        [PI_METRIC_JOBS_REFUSED] =
                { "jobs_refused", T, "count", JOBS,
                  "Jobs turned away by a quota or a full queue; not counted as submitted.",
                  COUNTER },
        [PI_METRIC_JOBS_RESUMED] =
                { "jobs_resumed", T, "count", JOBS,
                  "Jobs of a service before this one that were taken up again.", COUNTER },
        [PI_METRIC_JOBS_PREEMPTED] =
                { "jobs_preempted", T, "count", JOBS,
                  "Times a running job had to wait so that another could run.", COUNTER },
        [PI_METRIC_JOBS_QUEUED] =
                { "jobs_queued", U, "count", JOBS, "Jobs waiting for CPU slots now." },
        [PI_METRIC_JOBS_RUNNING] =
                { "jobs_running", U, "count", JOBS, "Jobs running now." },
        [PI_METRIC_SLOTS_TOTAL] =
                { "slots_total", U, "count", WORKERS, "CPU slots that jobs can reserve." },
        [PI_METRIC_SLOTS_IN_USE] =
                { "slots_in_use", U, "count", WORKERS, "CPU slots reserved now." },
        [PI_METRIC_GUESTS_RUNNING] =
                { "guests_running", U, "count", JOBS,
                  "Orders of other nodes that run here now, each some leases of a job of theirs." },
        [PI_METRIC_GUESTS_DONE] =
                { "guests_done", T, "count", JOBS, "Orders of other nodes that were answered.",
                  COUNTER },
        [PI_METRIC_GUEST_TERMS] =
                { "guest_terms", T, "count", JOBS, "Terms of these orders.", COUNTER },

        [PI_METRIC_RESPONSE_COUNT] =
                { "response_count", T, "count", JOBS,
                  "Response times measured: submission to reply, of jobs done.", COUNTER },
        [PI_METRIC_RESPONSE_SUM_USEC] =
                { "response_sum_usec", T, "usec", JOBS, "Sum of the response times.", COUNTER },
        [PI_METRIC_RESPONSE_P50_USEC] =
                { "response_p50_usec", T, "usec", JOBS, "Median response time." },
        [PI_METRIC_RESPONSE_P90_USEC] =
                { "response_p90_usec", T, "usec", JOBS, "90th percentile of the response time." },
        [PI_METRIC_RESPONSE_P99_USEC] =
                { "response_p99_usec", T, "usec", JOBS, "99th percentile of the response time." },
        [PI_METRIC_RESPONSE_MAX_USEC] =
                { "response_max_usec", T, "usec", JOBS, "Longest response time." },
        [PI_METRIC_RESPONSE_BUCKETS] =
                { "response_buckets", BUCKETS, "", JOBS,
                  "Pairs of a bound in usec and the number of response times not above it.",
                  COUNTER },
        [PI_METRIC_SUBMISSION_COUNT] =
                { "submission_count", T, "count", JOBS,
                  "Submission latencies measured: submission to first lease started.", COUNTER },
        [PI_METRIC_SUBMISSION_SUM_USEC] =
                { "submission_sum_usec", T, "usec", JOBS,
                  "Sum of the submission latencies.", COUNTER },
        [PI_METRIC_SUBMISSION_P50_USEC] =
                { "submission_p50_usec", T, "usec", JOBS, "Median submission latency." },
        [PI_METRIC_SUBMISSION_P90_USEC] =
                { "submission_p90_usec", T, "usec", JOBS,
                  "90th percentile of the submission latency." },
        [PI_METRIC_SUBMISSION_P99_USEC] =
                { "submission_p99_usec", T, "usec", JOBS,
                  "99th percentile of the submission latency." },
        [PI_METRIC_SUBMISSION_MAX_USEC] =
                { "submission_max_usec", T, "usec", JOBS, "Longest submission latency." },
        [PI_METRIC_SUBMISSION_BUCKETS] =
                { "submission_buckets", BUCKETS, "", JOBS,
                  "Pairs of a bound in usec and the number of latencies not above it.",
                  COUNTER },
        [PI_METRIC_PART_COUNT] =
                { "part_count", T, "count", WORKERS, "Parts whose time was measured.", COUNTER },
        [PI_METRIC_PART_SUM_NSEC] =
                { "part_sum_nsec", T, "nsec", WORKERS,
                  "Sum of the times of these parts.", COUNTER },
        [PI_METRIC_PART_P50_NSEC] =
                { "part_p50_nsec", T, "nsec", WORKERS, "Median time of a part." },
        [PI_METRIC_PART_P90_NSEC] =
                { "part_p90_nsec", T, "nsec", WORKERS, "90th percentile of the time of a part." },
        [PI_METRIC_PART_P99_NSEC] =
                { "part_p99_nsec", T, "nsec", WORKERS, "99th percentile of the time of a part." },
        [PI_METRIC_PART_MAX_NSEC] =
                { "part_max_nsec", T, "nsec", WORKERS, "Longest time of a part." },
        [PI_METRIC_PART_BUCKETS] =
                { "part_buckets", BUCKETS, "", WORKERS,
                  "Pairs of a bound in nsec and the number of times not above it.",
                  COUNTER },

        [PI_METRIC_TERMS_COMPUTED] =
                { "terms_computed", T, "count", WORKERS,
                  "Terms computed by the cores of this node, also of jobs still running.",
                  COUNTER },
        [PI_METRIC_PARTS_COMPUTED] =
                { "parts_computed", T, "count", WORKERS,
                  "Parts computed by the cores of this node, also of jobs still running.",
                  COUNTER },
        [PI_METRIC_TERMS_DELIVERED] =
                { "terms_delivered", T, "count", JOBS, "Terms of the jobs done.", COUNTER },
        [PI_METRIC_PARTS_DELIVERED] =
                { "parts_delivered", T, "count", JOBS, "Parts of the jobs done.", COUNTER },
        [PI_METRIC_LIFETIME_TERMS_PER_SECOND] =
                { "lifetime_terms_per_second", D, "1/s", WORKERS,
                  "terms_computed over the uptime, idle time included." },
        [PI_METRIC_LIFETIME_PARTS_PER_SECOND] =
                { "lifetime_parts_per_second", D, "1/s", WORKERS,
                  "parts_computed over the uptime, idle time included." },
        [PI_METRIC_LIFETIME_JOBS_PER_SECOND] =
                { "lifetime_jobs_per_second", D, "1/s", JOBS,
                  "jobs_done over the uptime, idle time included." },
        [PI_METRIC_LAST_MINUTE_USEC] =
                { "last_minute_usec", T, "usec", "monotonic clock",
                  "Time the last_minute figures cover; less than a minute after the start." },
        [PI_METRIC_LAST_MINUTE_TERMS_PER_SECOND] =
                { "last_minute_terms_per_second", D, "1/s", WORKERS,
                  "Terms computed per second over the last minute." },
        [PI_METRIC_LAST_MINUTE_PARTS_PER_SECOND] =
                { "last_minute_parts_per_second", D, "1/s", WORKERS,
                  "Parts computed per second over the last minute." },
        [PI_METRIC_LAST_MINUTE_JOBS_PER_SECOND] =
                { "last_minute_jobs_per_second", D, "1/s", JOBS,
                  "Jobs done per second over the last minute." },
        [PI_METRIC_LAST_MINUTE_WORKER_UTILIZATION] =
                { "last_minute_worker_utilization", D, "ratio", "thread CPU clocks",
                  "Share of the last minute the workers spent computing." },

        [PI_METRIC_LEASES_VERIFIED] =
                { "leases_verified", T, "count", WORKERS,
                  "Leases whose sum agreed with the expected value.", COUNTER },
        [PI_METRIC_LEASES_FAILED] =
                { "leases_failed", T, "count", WORKERS,
                  "Leases whose sum did not agree with the expected value.", COUNTER },
        [PI_METRIC_LEASES_RECOMPUTED] =
                { "leases_recomputed", T, "count", WORKERS,
                  "Leases computed again after they had failed.", COUNTER },
        [PI_METRIC_LEASES_RETRIED] =
                { "leases_retried", T, "count", JOBS,
                  "Leases given out more than once, of jobs that ended.", COUNTER },

        [PI_METRIC_FAULTS_TRANSIENT] =
                { "faults_transient", T, "count", REFEREE,
                  "Stretches that were wrong, and right when summed again on the same core.",
                  COUNTER },
        [PI_METRIC_FAULTS_CORE] =
                { "faults_core", T, "count", REFEREE,
                  "Leases that stayed wrong on one core and were right on another.", COUNTER },
        [PI_METRIC_FAULTS_NODE] =
                { "faults_node", T, "count", REFEREE,
                  "Leases that stayed wrong on a core while no core got them right.", COUNTER },
        [PI_METRIC_FAULTS_SOFTWARE] =
                { "faults_software", T, "count", REFEREE,
                  "Leases that stayed wrong on a core, by the same bits on every core tried.",
                  COUNTER },
        [PI_METRIC_CORES_OUT_OF_SERVICE] =
                { "cores_out_of_service", U, "count", REFEREE,
                  "Workers that get no work because their CPU calculates wrongly." },

        [PI_METRIC_STORE_DEGRADED] =
                { "store_degraded", B, "", STORE,
                  "Whether jobs are not kept over a restart because the store does not work." },
        [PI_METRIC_STORE_ERROR] =
                { "store_error", S, "", STORE, "Why it does not; absent while it works." },
        [PI_METRIC_STORE_COMMITS] =
                { "store_commits", T, "count", STORE, "Transactions written.", COUNTER },
        [PI_METRIC_STORE_FAILURES] =
                { "store_failures", T, "count", STORE, "Transactions that failed.", COUNTER },
        [PI_METRIC_STORE_CHECKPOINTS] =
                { "store_checkpoints", T, "count", STORE, "Checkpoints written.", COUNTER },
        [PI_METRIC_STORE_QUEUED] =
                { "store_queued", U, "count", STORE, "Changes that wait to be written." },
        [PI_METRIC_STORE_LOST] =
                { "store_lost", T, "count", STORE,
                  "Changes given up because too many waited to be written.", COUNTER },
        [PI_METRIC_CHECKPOINT_AGE_USEC] =
                { "checkpoint_age_usec", T, "usec", STORE,
                  "Age of the newest checkpoint, while a job that needs one runs." },

        [PI_METRIC_FIREWALL_FAILED] =
                { "firewall_failed", B, "", CLUSTER,
                  "Whether TLS alone keeps strangers out because the firewall does not work." },
        [PI_METRIC_FIREWALL_ERROR] =
                { "firewall_error", S, "", CLUSTER, "Why it does not; absent while it works." },

        [PI_METRIC_SPEEDUP_LAST] =
                { "speedup_last", D, "factor", JOBS,
                  "Speed-up of the last job done against one thread (the baseline)." },
        [PI_METRIC_SPEEDUP_MEAN] =
                { "speedup_mean", D, "factor", JOBS,
                  "Mean speed-up of the jobs done, weighted by their compute time." },
        [PI_METRIC_EFFICIENCY_LAST] =
                { "efficiency_last", D, "factor", JOBS,
                  "Speed-up of the last job done divided by its workers; 1 is ideal." },
        [PI_METRIC_EFFICIENCY_MEAN] =
                { "efficiency_mean", D, "factor", JOBS,
                  "Mean efficiency of the jobs done, weighted by their compute time." },
        [PI_METRIC_WORKERS_LAST] =
                { "workers_last", U, "count", JOBS, "Workers of the last job done." },
        [PI_METRIC_BASELINE_KERNEL] =
                { "baseline_kernel", S, "", "calibration",
                  "Kernel whose one-thread rate speedup_last is against." },
        [PI_METRIC_BASELINE_TERMS_PER_SECOND] =
                { "baseline_terms_per_second", D, "1/s", "calibration",
                  "Rate of one thread with that kernel: the median of its measurements." },
        [PI_METRIC_BASELINES] =
                { "baselines", LIST, "", "calibration", "The one-thread rate of every kernel." },

        [PI_METRIC_JOBS_COMPUTE_USEC] =
                { "jobs_compute_usec", T, "usec", JOBS,
                  "Time from first lease to last verified lease, summed over the jobs done.",
                  COUNTER },
        [PI_METRIC_JOBS_CPU_USEC] =
                { "jobs_cpu_usec", T, "usec", "thread CPU clocks",
                  "CPU time of the leases of the jobs done.", COUNTER },
        [PI_METRIC_PROCESS_CPU_USEC] =
                { "process_cpu_usec", T, "usec", "getrusage(2)",
                  "CPU time of the daemon's process, user and system, all threads.", COUNTER },
        [PI_METRIC_PROCESS_CPU_UTILIZATION] =
                { "process_cpu_utilization", D, "ratio", "getrusage(2)",
                  "Share of all CPUs the process used in machine_cpu_interval_usec." },
        [PI_METRIC_CGROUP_CPU_PATH] =
                { "cgroup_cpu_path", S, "", "/proc/self/cgroup",
                  "Control group cgroup_cpu_usec is about; never the machine's root group." },
        [PI_METRIC_CGROUP_CPU_USEC] =
                { "cgroup_cpu_usec", T, "usec", CPU_STAT,
                  "CPU time of the service's control group, every process in it.", COUNTER },
        [PI_METRIC_CGROUP_CPU_PERIODS] =
                { "cgroup_cpu_periods", T, "count", THROTTLING,
                  "Enforcement periods of the CPU quota; left out when there never was one.",
                  COUNTER },
        [PI_METRIC_CGROUP_CPU_THROTTLED_PERIODS] =
                { "cgroup_cpu_throttled_periods", T, "count", THROTTLING,
                  "Periods in which the CPU quota was used up.", COUNTER },
        [PI_METRIC_CGROUP_CPU_THROTTLED_USEC] =
                { "cgroup_cpu_throttled_usec", T, "usec", THROTTLING,
                  "Time the control group was kept from running by the CPU quota.", COUNTER },
        [PI_METRIC_CGROUP_CPU_PRESSURE_10S] =
                { "cgroup_cpu_pressure_10s", D, "ratio", CGROUP_PSI,
                  "Share of the last 10 s in which a task of the group waited for a CPU." },
        [PI_METRIC_CGROUP_CPU_PRESSURE_60S] =
                { "cgroup_cpu_pressure_60s", D, "ratio", CGROUP_PSI,
                  "Share of the last 60 s in which a task of the group waited for a CPU." },
        [PI_METRIC_CGROUP_CPU_PRESSURE_USEC] =
                { "cgroup_cpu_pressure_usec", T, "usec", CGROUP_PSI,
                  "Time in which a task of the group waited for a CPU.", COUNTER },
        [PI_METRIC_MACHINE_CPUS] =
                { "machine_cpus", U, "count", "/proc/stat", "CPUs online." },
        [PI_METRIC_MACHINE_CPU_UTILIZATION] =
                { "machine_cpu_utilization", D, "ratio", "/proc/stat",
                  "Share of CPU time neither idle, nor waiting for I/O, nor stolen." },
        [PI_METRIC_MACHINE_CPU_STEAL] =
                { "machine_cpu_steal", D, "ratio", "/proc/stat",
                  "Share of CPU time the hypervisor gave to others." },
        [PI_METRIC_MACHINE_CPU_INTERVAL_USEC] =
                { "machine_cpu_interval_usec", T, "usec", "monotonic clock",
                  "Time the CPU shares are over: between the last two readings." },
        [PI_METRIC_MACHINE_CPU_PRESSURE_10S] =
                { "machine_cpu_pressure_10s", D, "ratio", "/proc/pressure/cpu",
                  "Share of the last 10 s in which some task waited for a CPU." },
        [PI_METRIC_MACHINE_CPU_PRESSURE_60S] =
                { "machine_cpu_pressure_60s", D, "ratio", "/proc/pressure/cpu",
                  "Share of the last 60 s in which some task waited for a CPU." },
        [PI_METRIC_MACHINE_CPU_PRESSURE_USEC] =
                { "machine_cpu_pressure_usec", T, "usec", "/proc/pressure/cpu",
                  "Time since boot in which some task waited for a CPU.", COUNTER },

        [PI_METRIC_MEMORY_RSS_BYTES] =
                { "memory_rss_bytes", T, "bytes", "/proc/self/status",
                  "Memory of the process that is resident now (VmRSS)." },
        [PI_METRIC_MEMORY_RSS_PEAK_BYTES] =
                { "memory_rss_peak_bytes", T, "bytes", "/proc/self/status",
                  "The most that was ever resident (VmHWM)." },
        [PI_METRIC_MEMORY_MACHINE_SHARE] =
                { "memory_machine_share", D, "ratio", "/proc/self/status, /proc/meminfo",
                  "memory_rss_bytes over machine_memory_bytes." },
        [PI_METRIC_CGROUP_MEMORY_PATH] =
                { "cgroup_memory_path", S, "", "/proc/self/cgroup",
                  "Control group cgroup_memory_bytes is about; never the machine's root group." },
        [PI_METRIC_CGROUP_MEMORY_BYTES] =
                { "cgroup_memory_bytes", T, "bytes", MEMORY_NOW,
                  "Memory charged to the service's control group, page cache included." },
        [PI_METRIC_CGROUP_MEMORY_PEAK_BYTES] =
                { "cgroup_memory_peak_bytes", T, "bytes", MEMORY_PEAK,
                  "The most that was ever charged to the control group." },
        [PI_METRIC_MACHINE_MEMORY_BYTES] =
                { "machine_memory_bytes", T, "bytes", "/proc/meminfo",
                  "Usable memory of the machine (MemTotal)." },

        [PI_METRIC_CORES] = { "cores", LIST, "", WORKERS, "One dictionary for each worker." },
        [PI_METRIC_NODES] =
                { "nodes", LIST, "", CLUSTER,
                  "One dictionary for each member of the cluster, this node first." },
        [_PI_METRIC_MAX] = { 0 },
};

static const PiMetricKey core_keys[] = {
        [PI_METRIC_CORE_CPU] =
                { "cpu", U, "", WORKERS, "Number of the CPU the worker is pinned to." },
        [PI_METRIC_CORE_STATE] =
                { "state", S, "", REFEREE,
                  "in-service, suspect (no new work until a fault is told apart) or "
                  "out-of-service." },
        [PI_METRIC_CORE_TERMS] = { "terms", T, "count", WORKERS, "Terms computed.", COUNTER },
        [PI_METRIC_CORE_PARTS] = { "parts", T, "count", WORKERS, "Parts computed.", COUNTER },
        [PI_METRIC_CORE_LEASES_VERIFIED] =
                { "leases_verified", T, "count", WORKERS,
                  "Leases that passed verification.", COUNTER },
        [PI_METRIC_CORE_LEASES_FAILED] =
                { "leases_failed", T, "count", WORKERS,
                  "Leases that failed verification.", COUNTER },
        [PI_METRIC_CORE_LEASES_RECOMPUTED] =
                { "leases_recomputed", T, "count", WORKERS,
                  "Leases computed here after they had failed.", COUNTER },
        [PI_METRIC_CORE_BUSY_USEC] =
                { "busy_usec", T, "usec", "thread CPU clock", "CPU time of the worker.", COUNTER },
        [PI_METRIC_CORE_WALL_USEC] =
                { "wall_usec", T, "usec", "monotonic clock", "Time spent inside leases.", COUNTER },
        [PI_METRIC_CORE_TERMS_PER_SECOND] =
                { "terms_per_second", D, "1/s", WORKERS,
                  "terms over busy_usec: the speed of the core while it computes." },
        [PI_METRIC_CORE_CPU_SHARE] =
                { "cpu_share", D, "ratio", WORKERS,
                  "busy_usec over wall_usec: below 1 the worker had to share its CPU." },
        [PI_METRIC_CORE_MACHINE_CPU_UTILIZATION] =
                { "machine_cpu_utilization", D, "ratio", "/proc/stat",
                  "As machine_cpu_utilization, of this CPU." },
        [PI_METRIC_CORE_MACHINE_CPU_STEAL] =
                { "machine_cpu_steal", D, "ratio", "/proc/stat",
                  "As machine_cpu_steal, of this CPU." },
        [_PI_METRIC_CORE_MAX] = { 0 },
};

static const PiMetricKey baseline_keys[] = {
        [PI_METRIC_BASELINE_ENTRY_KERNEL] =
                { "kernel", S, "", "calibration", "Name of the kernel." },
        [PI_METRIC_BASELINE_ENTRY_TERMS_PER_SECOND] =
                { "terms_per_second", D, "1/s", "calibration",
                  "Rate of one thread: the median of the measurements." },
        [PI_METRIC_BASELINE_ENTRY_MEASUREMENTS] =
                { "measurements", U, "count", "calibration", "How many measurements there are." },
        [PI_METRIC_BASELINE_ENTRY_MEASURED_USEC] =
                { "measured_usec", T, "usec", "calibration",
                  "When the newest was made, since the epoch.", MOMENT },
        [_PI_METRIC_BASELINE_MAX] = { 0 },
};

static const PiMetricKey node_keys[] = {
        [PI_METRIC_NODE_ID] = { "id", S, "", CLUSTER, "Id of the node." },
        [PI_METRIC_NODE_NAME] = { "name", S, "", CLUSTER, "Its name." },
        [PI_METRIC_NODE_STATE] =
                { "state", S, "", CLUSTER,
                  "self, connecting, up, lost, quarantined (answered a wrong sum: it gets no "
                  "leases) or incompatible." },
        [PI_METRIC_NODE_CPUS] = { "cpus", U, "count", CLUSTER, "CPU slots that it has." },
        [PI_METRIC_NODE_SLOTS_IN_USE] =
                { "slots_in_use", U, "count", CLUSTER, "Of these, those reserved now." },
        [PI_METRIC_NODE_TERMS_PER_SECOND] =
                { "terms_per_second", D, "1/s", JOBS,
                  "Rate of all its CPUs: by the leases it answered lately, else as it says "
                  "itself." },
        [PI_METRIC_NODE_TERMS] =
                { "terms", T, "count", JOBS,
                  "Terms that it computed of this node's jobs over the cluster.", COUNTER },
        [PI_METRIC_NODE_SHARE] =
                { "share", D, "ratio", JOBS,
                  "terms over all terms of these jobs, removed members included." },
        [PI_METRIC_NODE_LEASES_VERIFIED] =
                { "leases_verified", T, "count", CLUSTER,
                  "Leases that it had right; of this node as leases_verified above.", COUNTER },
        [PI_METRIC_NODE_LEASES_FAILED] =
                { "leases_failed", T, "count", CLUSTER,
                  "Leases that it had wrong; of this node as leases_failed above.", COUNTER },
        [PI_METRIC_NODE_LEASES_LOST] =
                { "leases_lost", T, "count", CLUSTER,
                  "Leases that it did not answer, and others were given.", COUNTER },
        [PI_METRIC_NODE_LEASES_SERVED] =
                { "leases_served", T, "count", CLUSTER, "Leases that this node did for it.",
                  COUNTER },
        [PI_METRIC_NODE_ROUND_TRIP_USEC] =
                { "round_trip_usec", T, "usec", CLUSTER,
                  "Time of the last ping, while it is connected." },
        [PI_METRIC_NODE_CPU_USAGE] =
                { "cpu_usage", D, "count", "getrusage(2) there",
                  "CPUs that its service uses, over the last seconds." },
        [PI_METRIC_NODE_MEMORY_BYTES] =
                { "memory_bytes", T, "bytes", "/proc/self/status there",
                  "Memory of its service that is resident." },
        [PI_METRIC_NODE_LAST_SEEN_USEC] =
                { "last_seen_usec", T, "usec", CLUSTER,
                  "When it was last connected, since the epoch.", MOMENT },
        [_PI_METRIC_NODE_MAX] = { 0 },
};

const PiMetricKey *pi_metric_keys(void) {
        return keys;
}

const PiMetricKey *pi_metric_core_keys(void) {
        return core_keys;
}

const PiMetricKey *pi_metric_baseline_keys(void) {
        return baseline_keys;
}

const PiMetricKey *pi_metric_node_keys(void) {
        return node_keys;
}
