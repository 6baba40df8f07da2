/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Where a CPU sits. A figure is there when its has_ flag is set. */
typedef struct PiTopology {
        gboolean has_package;
        uint32_t package; /* physical_package_id: the socket */
        gboolean has_core;
        uint32_t core; /* core_id, which its hardware threads share */
} PiTopology;

/* Reads /sys/devices/system/cpu/cpuN/topology below `root_dir`; NULL is "/". */
void pi_topology_read(const char *root_dir, uint32_t cpu, PiTopology *ret);
