/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/settings/settings.h"

/* Counts the jobs of each user that are queued or running, and their terms, against the limits of
 * the settings. */
typedef struct PiQuota PiQuota;

PiQuota *pi_quota_new(void);
void pi_quota_free(PiQuota *quota);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiQuota, pi_quota_free)

/* Charges a user for one more job. Errors: PI_ERROR_QUOTA_EXCEEDED, PI_ERROR_QUEUE_FULL; the
 * setting is named. */
gboolean pi_quota_charge(PiQuota *quota, const PiSettings *settings, uid_t user, uint64_t terms,
                         GError **error);

/* The same for a job that is there already, whatever the limits. */
void pi_quota_add(PiQuota *quota, uid_t user, uint64_t terms);
void pi_quota_discharge(PiQuota *quota, uid_t user, uint64_t terms);
