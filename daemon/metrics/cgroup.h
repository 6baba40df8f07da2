/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/text.h"

#include <glib.h>
#include <stdint.h>

/* Parsers of what the kernel says about control groups: pure functions of a text. Each returns
 * FALSE, and leaves *ret empty or undefined, when the text is not what the kernel writes or is
 * longer than PI_TEXT_MAX; a figure the text simply lacks has its has_ flag clear. */

#define PI_CGROUP_LINES_MAX 64

/* Where a process sits in one hierarchy. Both strings are NULL when it is in none, or at a place
 * outside of its cgroup namespace. */
typedef struct PiCgroupPlace {
        char *controllers; /* as listed, "cpu,cpuacct": as a rule the mount's name; "" for v2 */
        char *path;        /* begins with '/', has no component ".." */
} PiCgroupPlace;

typedef struct PiCgroupPlaces {
        PiCgroupPlace unified; /* v2 */
        PiCgroupPlace cpu;     /* the v1 hierarchies with these controllers */
        PiCgroupPlace cpuacct;
        PiCgroupPlace memory;
} PiCgroupPlaces;

/* /proc/self/cgroup. On success the caller clears *ret. */
gboolean pi_cgroup_parse_places(PiText text, PiCgroupPlaces *ret);
void pi_cgroup_places_clear(PiCgroupPlaces *places);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiCgroupPlaces, pi_cgroup_places_clear)

typedef struct PiCgroupCpu {
        gboolean has_usage;
        uint64_t usage_usec;
        gboolean has_throttling;
        uint64_t periods;
        uint64_t throttled_periods;
        uint64_t throttled_usec;
} PiCgroupCpu;

/* cpu.stat of v2: usage_usec, nr_periods, nr_throttled, throttled_usec. */
gboolean pi_cgroup_parse_cpu_stat_v2(PiText text, PiCgroupCpu *ret);
/* cpu.stat of v1: nr_periods, nr_throttled, throttled_time (ns); the usage is in cpuacct.usage. */
gboolean pi_cgroup_parse_cpu_stat_v1(PiText text, PiCgroupCpu *ret);

/* A file of one number: cpuacct.usage (ns), memory.current, memory.peak, memory.usage_in_bytes,
 * memory.max_usage_in_bytes (bytes). */
gboolean pi_cgroup_parse_number(PiText text, uint64_t *ret);
