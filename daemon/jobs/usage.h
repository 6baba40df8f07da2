/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

/* CPU time that users have had, the older the less it counts: what was used one half-life ago
 * counts half. The measure of fair share. */
typedef struct PiUsage PiUsage;

PiUsage *pi_usage_new(void);
void pi_usage_free(PiUsage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiUsage, pi_usage_free)

/* From here on; what was used before decays by it, too. */
void pi_usage_set_half_life(PiUsage *usage, uint64_t usec, uint64_t now_nsec);

/* `now_nsec`: CLOCK_MONOTONIC, never earlier than in a call before. */
void pi_usage_charge(PiUsage *usage, uid_t user, uint64_t cpu_nsec, uint64_t now_nsec);

/* Nanoseconds. */
double pi_usage_of(PiUsage *usage, uid_t user, uint64_t now_nsec);
