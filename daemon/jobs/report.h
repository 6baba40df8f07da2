/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/job.h"

/* What a report says about the node beside the job. */
typedef struct PiReportNode {
        const char *id;
        const char *name;
        uint32_t cpus;
        double baseline_terms; /* terms per second of one thread with the job's kernel; 0 when not
                                  measured */
} PiReportNode;

/* Throughput, use of CPU and speed-up of a job that has just ended, its task still there. */
typedef struct PiJobFigures {
        uint64_t response_usec;   /* asked for -> ended */
        uint64_t submission_usec; /* asked for -> first lease started, 0 if none was */
        uint64_t compute_usec;    /* had CPU slots */
        uint64_t cpu_usec;        /* thread CPU time inside leases */
        double cpu_utilization;   /* cpu_usec / (compute_usec * CPUs of the node) */
        double throughput_terms;  /* a second of compute time */
        double throughput_parts;
        double speedup;    /* throughput / baseline; 0 without one */
        double efficiency; /* speed-up / workers, those of members that had leases included */
        uint32_t nodes;    /* that had leases, this one included */
        double cluster_efficiency; /* throughput / (nodes * baseline * CPUs of this node) */
        uint64_t retries;  /* stretches summed again at once, and leases given out again */
} PiJobFigures;

void pi_job_figures(const PiJob *job, const PiReportNode *node, PiJobFigures *ret);

/* The report of a job whose task is complete, a floating a{sv}, and its value of pi. The keys are
 * in dbus/names.h, their meaning in org.picompute1(5). */
GVariant *pi_report_new(const PiJob *job, const PiReportNode *node, const PiJobFigures *figures,
                        double *ret_pi);
