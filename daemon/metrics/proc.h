/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/text.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Parsers of files in /proc: pure functions of a text. Each returns FALSE, and leaves *ret
 * undefined, when the text is not what the kernel writes or is longer than PI_TEXT_MAX; a figure
 * the text simply lacks has its has_ flag clear. */

#define PI_PROC_CPUS_MAX 1024

/* Clock ticks since boot. */
typedef struct PiProcTimes {
        uint64_t busy; /* user, nice, system, irq, softirq; guests are part of user and nice */
        uint64_t idle; /* idle, iowait */
        uint64_t steal;
        gboolean has_steal;
} PiProcTimes;

typedef struct PiProcCpu {
        uint32_t cpu;
        PiProcTimes times;
} PiProcCpu;

typedef struct PiProcStat {
        PiProcTimes total;
        size_t n_cpus; /* online, ascending; 0 when the text was cut before their end */
        PiProcCpu cpus[PI_PROC_CPUS_MAX];
} PiProcStat;

/* /proc/stat, or its beginning. */
gboolean pi_proc_parse_stat(PiText text, PiProcStat *ret);

typedef struct PiProcStatus {
        gboolean has_rss;
        uint64_t rss_bytes; /* VmRSS */
        gboolean has_rss_peak;
        uint64_t rss_peak_bytes; /* VmHWM */
} PiProcStatus;

/* /proc/self/status. */
gboolean pi_proc_parse_status(PiText text, PiProcStatus *ret);

/* MemTotal of /proc/meminfo; FALSE also when it is missing. */
gboolean pi_proc_parse_meminfo(PiText text, uint64_t *ret_total_bytes);

typedef struct PiProcPressure {
        double avg10; /* share of the last 10 s in which some task waited, 0 to 1 */
        double avg60;
        uint64_t total_usec;
} PiProcPressure;

/* The "some" line of /proc/pressure/cpu or of a control group's cpu.pressure. */
gboolean pi_proc_parse_pressure(PiText text, PiProcPressure *ret);
