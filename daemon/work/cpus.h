/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* The numbers of the CPUs this process may run on, in a new array; never none. */
uint32_t pi_cpus_allowed(uint32_t **ret);

/* What the first CPU calls itself, at most 128 bytes; to be freed with g_free(). */
char *pi_cpus_model(void);

/* Pins the calling thread to a CPU and makes it yield to interactive threads. Both are best effort:
 * a sandbox may forbid them, and the work goes on without. */
void pi_cpus_settle_thread(uint32_t cpu);
