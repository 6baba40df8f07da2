/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/jobs/jobs.h"

/* Has an idle service give back to the system what its busy times took. */
typedef struct PiMemory PiMemory;

/* Before anything is allocated that lasts, as far as possible. */
void pi_memory_set_up(void);

/* Listens to the jobs, which must outlive it. */
PiMemory *pi_memory_new(PiJobs *jobs);
void pi_memory_free(PiMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiMemory, pi_memory_free)

/* Also when its members come and go. Once a cluster; it must end before the memory. */
void pi_memory_watch(PiMemory *memory, PiCluster *cluster);

/* Something large was freed, or is just about to be. */
void pi_memory_trim_soon(PiMemory *memory);
