/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/cgroup.h"
#include "daemon/metrics/source.h"

#include <glib.h>

/* A control group of this process as a directory. */
typedef struct PiGroup {
        char *directory; /* below the source's root, "/sys/fs/cgroup/memory/a" */
        char *path;      /* in the hierarchy, "/a" */
} PiGroup;

void pi_group_clear(PiGroup *group);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiGroup, pi_group_clear)

/* FALSE when there is no such group, or it is the root of the machine's hierarchy: what that one
 * counts is everybody's. On success the caller clears *ret. */
gboolean pi_group_find_v2(const PiSource *source, const PiCgroupPlace *place, PiGroup *ret);
gboolean pi_group_find_v1(const PiSource *source, const char *controller,
                          const PiCgroupPlace *place, PiGroup *ret);
