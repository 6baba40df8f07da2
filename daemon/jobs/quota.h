/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#define PI_QUOTA_JOBS_PER_USER 256
#define PI_QUOTA_JOBS 1024

/* Counts the jobs of each user that are queued or running, against the limits above. */
typedef struct PiQuota PiQuota;

PiQuota *pi_quota_new(void);
void pi_quota_free(PiQuota *quota);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiQuota, pi_quota_free)

/* Charges a user for one more job. Errors: PI_ERROR_QUOTA_EXCEEDED, PI_ERROR_QUEUE_FULL. */
gboolean pi_quota_charge(PiQuota *quota, uid_t user, GError **error);
void pi_quota_discharge(PiQuota *quota, uid_t user);
