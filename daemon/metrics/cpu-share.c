/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/cpu-share.h"

static double growth(uint64_t from, uint64_t to) {
        return to > from ? (double) (to - from) : 0;
}

gboolean pi_cpu_share(const PiProcTimes *from, const PiProcTimes *to, PiCpuShare *ret) {
        double busy = growth(from->busy, to->busy);
        double steal = growth(from->steal, to->steal);
        double all = busy + steal + growth(from->idle, to->idle);

        if (all <= 0)
                return FALSE;
        *ret = (PiCpuShare) {
                .utilization = busy / all,
                .has_steal = from->has_steal && to->has_steal,
                .steal = steal / all,
        };
        return TRUE;
}
