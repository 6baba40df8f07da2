/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every name of the bus contract, once. The documented interface is in org.picompute1.*.xml. */

#define PI_BUS_NAME "org.picompute1"
#define PI_OBJECT_PATH "/org/picompute1"
#define PI_JOB_PATH_PREFIX PI_OBJECT_PATH "/job"
#define PI_NODE_PATH_PREFIX PI_OBJECT_PATH "/node"

#define PI_INTERFACE_MANAGER "org.picompute1.Manager"
#define PI_INTERFACE_JOB "org.picompute1.Job"
#define PI_INTERFACE_NODE "org.picompute1.Node"

/* The helper that changes packet filters, on the same bus. */
#define PI_FIREWALL_BUS_NAME "org.picompute1.Firewall"
#define PI_FIREWALL_PATH PI_OBJECT_PATH "/Firewall"
#define PI_INTERFACE_FIREWALL "org.picompute1.Firewall"

/* On the links between nodes, and on no message bus. */
#define PI_INTERFACE_PEER "org.picompute1.Peer"
#define PI_PEER_PATH "/org/picompute1/peer"

#define PI_POLKIT_MANAGE_JOBS "org.picompute1.manage-jobs"
#define PI_POLKIT_MANAGE_CORES "org.picompute1.manage-cores"
#define PI_POLKIT_INJECT_FAULTS "org.picompute1.inject-faults"
#define PI_POLKIT_RELOAD "org.picompute1.reload"
#define PI_POLKIT_CALIBRATE "org.picompute1.calibrate"
#define PI_POLKIT_MANAGE_CLUSTER "org.picompute1.manage-cluster"

/* Keys of the options of ComputePi and SubmitJob. */
#define PI_OPTION_PARTS "parts"
#define PI_OPTION_CPUS "cpus"
#define PI_OPTION_SCOPE "scope"
#define PI_OPTION_ENGINE "engine"
#define PI_OPTION_KERNEL "kernel"
#define PI_OPTION_LABEL "label"
#define PI_OPTION_DEADLINE_USEC "deadline_usec"
#define PI_OPTION_PRIORITY "priority"
#define PI_OPTION_NODES "nodes"

/* Keys of the options of CreateJoinToken and of the entries of ListJoinTokens. */
#define PI_TOKEN_ID "id"
#define PI_TOKEN_TTL_USEC "ttl_usec"
#define PI_TOKEN_USES "uses"
#define PI_TOKEN_EXPIRES_USEC "expires_usec"
#define PI_TOKEN_CREATED_USEC "created_usec"

/* The most members that the firewall takes: those of the largest cluster, at each of their
 * addresses and where they are connected from. */
#define PI_FIREWALL_MEMBERS_MAX 1280

/* Keys of what the firewall describes. */
#define PI_FIREWALL_APPLIED "applied"
#define PI_FIREWALL_MODE "mode"
#define PI_FIREWALL_LIMITS "limits"
#define PI_FIREWALL_PORT "port"
#define PI_FIREWALL_INTENDED "intended"
#define PI_FIREWALL_LIVE "live"
#define PI_FIREWALL_RESTORED "restored"
#define PI_FIREWALL_MEMBERS "members"
#define PI_FIREWALL_WINDOWS "windows"
#define PI_FIREWALL_COUNTERS "counters"
#define PI_FIREWALL_REFUSED_SOURCES "refused_sources"

/* Keys of the entries of FindBlocks. */
#define PI_BLOCK_SOURCE "source"
#define PI_BLOCK_VERDICT "verdict"
#define PI_BLOCK_FAMILY "family"
#define PI_BLOCK_TABLE "table"
#define PI_BLOCK_CHAIN "chain"
#define PI_BLOCK_HANDLE "handle"

/* Keys of the options of InjectFault. */
#define PI_INJECT_KIND "kind"
#define PI_INJECT_BIT "bit"
#define PI_INJECT_COUNT "count"
#define PI_INJECT_FACTOR "factor"

/* Keys of a fault: of ListFaults, and of the property and the report's entry of that name. */
#define PI_FAULT_KEY_TIME_USEC "time_usec"
#define PI_FAULT_KEY_JOB "job"
#define PI_FAULT_KEY_VERDICT "verdict"
#define PI_FAULT_KEY_NODE "node"
#define PI_FAULT_KEY_CPU "cpu"
#define PI_FAULT_KEY_PACKAGE "package"
#define PI_FAULT_KEY_CORE "core"
#define PI_FAULT_KEY_KERNEL "kernel"
#define PI_FAULT_KEY_FIRST_PART "first_part"
#define PI_FAULT_KEY_PARTS "parts"
#define PI_FAULT_KEY_FIRST_TERM "first_term"
#define PI_FAULT_KEY_TERMS "terms"
#define PI_FAULT_KEY_RESIDUAL "residual"
#define PI_FAULT_KEY_ATTEMPTS "attempts"

/* Keys of a job's report. */
#define PI_REPORT_PI_TEXT "pi_text"
#define PI_REPORT_SUM_HEX "sum_hex"
#define PI_REPORT_ERROR_VS_PI "error_vs_pi"
#define PI_REPORT_RESIDUAL "residual"
#define PI_REPORT_VERIFIED "verified"
#define PI_REPORT_TERMS "terms"
#define PI_REPORT_PARTS "parts"
#define PI_REPORT_CPUS "cpus"
#define PI_REPORT_LEASES "leases"
#define PI_REPORT_LEASES_RETRIED "leases_retried"
#define PI_REPORT_RESPONSE_USEC "response_usec"
#define PI_REPORT_SUBMISSION_USEC "submission_usec"
#define PI_REPORT_COMPUTE_USEC "compute_usec"
#define PI_REPORT_CPU_USEC "cpu_usec"
#define PI_REPORT_CPU_UTILIZATION "cpu_utilization"
#define PI_REPORT_MEMORY_PEAK_BYTES "memory_peak_bytes"
#define PI_REPORT_THROUGHPUT_TERMS "throughput_terms"
#define PI_REPORT_THROUGHPUT_PARTS "throughput_parts"
#define PI_REPORT_SPEEDUP "speedup"
#define PI_REPORT_EFFICIENCY "efficiency"
#define PI_REPORT_BASELINE_TERMS "baseline_throughput_terms"
#define PI_REPORT_KERNEL "kernel"
#define PI_REPORT_ENGINE "engine"
#define PI_REPORT_LAUNCHES "launches"
#define PI_REPORT_LAUNCH_USEC "launch_usec"
#define PI_REPORT_SCOPE "scope"
#define PI_REPORT_CLUSTER_EFFICIENCY "cluster_efficiency"
#define PI_REPORT_NUMERICS "numerics_version"
#define PI_REPORT_NODES "nodes"
#define PI_REPORT_CORES "cores"
#define PI_REPORT_VERDICT "verdict"
#define PI_REPORT_FAULTS "faults"
#define PI_REPORT_RESUMES "resumes"
#define PI_REPORT_RESUMED_TERMS "resumed_terms"

/* Keys of a run of pictl sweep: of RecordSweep, ListSweeps and DescribeSweep. The first three are
 * the service's. */
#define PI_SWEEP_ID "id"
#define PI_SWEEP_OWNER "owner"
#define PI_SWEEP_TIME_USEC "time_usec"
#define PI_SWEEP_LABEL "label"
#define PI_SWEEP_TERMS "terms"
#define PI_SWEEP_KERNEL "kernel"
#define PI_SWEEP_CPUS "cpus"
#define PI_SWEEP_SLOTS "slots"
#define PI_SWEEP_REPEATS "repeats"
#define PI_SWEEP_NODE "node"
#define PI_SWEEP_HOST "host"
#define PI_SWEEP_CPU_MODEL "cpu_model"
#define PI_SWEEP_VERSION "version"
#define PI_SWEEP_BEGIN_USEC "begin_usec"
#define PI_SWEEP_DURATION_USEC "duration_usec"
#define PI_SWEEP_BASELINES "baselines"
#define PI_SWEEP_POINTS "points"

/* Keys of the entries of its baselines and points, beside kernel and terms, or parts. */
#define PI_SWEEP_PARTS "parts"
#define PI_SWEEP_NODES "nodes"
#define PI_SWEEP_RESPONSE_USEC "response_usec"
#define PI_SWEEP_WALL_USEC "wall_usec"
#define PI_SWEEP_CPU_UTILIZATION "cpu_utilization"

/* The most that a run has of each. */
#define PI_SWEEP_CLUSTER_MAX 128
#define PI_SWEEP_POINTS_MAX 64
#define PI_SWEEP_BASELINES_MAX 8
#define PI_SWEEP_SAMPLES_MAX 100
#define PI_SWEEP_TEXT_BYTES_MAX 256
#define PI_SWEEP_BYTES_MAX 65536
