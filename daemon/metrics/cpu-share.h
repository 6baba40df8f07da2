/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/proc.h"

#include <glib.h>

/* What part of the time between two readings of a CPU's counters went where, 0 to 1. */
typedef struct PiCpuShare {
        double utilization; /* neither idle, nor waiting for I/O, nor stolen */
        gboolean has_steal;
        double steal;
} PiCpuShare;

/* FALSE when no tick passed. A counter that went back, as that of I/O waits may, counts as standing
 * still. */
gboolean pi_cpu_share(const PiProcTimes *from, const PiProcTimes *to, PiCpuShare *ret);
