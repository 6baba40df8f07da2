/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/jobs.h"

/* Tells systemd how it goes: ready, stopping, a status line with the progress, and the watchdog,
 * which is fed only while the main loop turns and every busy worker gets on. Without systemd it
 * does nothing. */
typedef struct PiNotify PiNotify;

/* `jobs` and `pool` must outlive it. */
PiNotify *pi_notify_new(PiJobs *jobs, PiPool *pool);
void pi_notify_free(PiNotify *notify);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiNotify, pi_notify_free)

/* Also at the end of a reload. */
void pi_notify_ready(PiNotify *notify);
void pi_notify_reloading(PiNotify *notify);
void pi_notify_stopping(PiNotify *notify);
