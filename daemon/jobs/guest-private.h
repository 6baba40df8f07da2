/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/guest.h"

/* Between jobs.c, which has guests scheduled, and guest.c, which knows what they are. */

/* The job of a guest has ended: job->error says whether well. Frees both. */
void pi_guest_ended(PiJob *job);

/* Makes it end with `error`, which it takes over. */
void pi_guest_end(PiJob *job, GError *error);

/* Frees all that are left, without an answer. */
void pi_guests_drop(PiJobs *jobs);

/* The number of a job, at its coordinator where it is another node's. */
uint64_t pi_guest_job_number(const PiJob *job);
