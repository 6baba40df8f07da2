/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/series/range.h"

/* The threads of a rank. They share one range at a time, verify each stretch of it against its
 * expected value, and sum a wrong one once more. */
typedef struct PiTeam PiTeam;

typedef struct PiTeamSum {
        PiRange range;
        PiFixed sum;
        uint64_t usec;
        uint64_t cpu_usec; /* of all threads */
        gboolean failed;   /* a stretch was wrong twice: there is no sum */
} PiTeamSum;

/* `kernel` is exact; 1 to 65535 threads. Errors: PI_ERROR_FAILED. */
PiTeam *pi_team_new(const PiKernel *kernel, uint32_t n_threads, GError **error);

/* Drops what the threads are at, within a stretch. */
void pi_team_free(PiTeam *team);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTeam, pi_team_free)

/* The team must be idle; the range begins at a group's first term and is not empty. */
void pi_team_start(PiTeam *team, PiRange range);

/* Whether a range is done; it is then idle again. */
gboolean pi_team_take(PiTeam *team, PiTeamSum *ret);

gboolean pi_team_is_idle(PiTeam *team);

/* Drops the range, if there is one, and waits until the team is idle. */
void pi_team_drop(PiTeam *team);

/* Returns when a range is done, or after so long. */
void pi_team_wait(PiTeam *team, uint64_t usec);
