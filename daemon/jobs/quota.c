/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/quota.h"

#include "dbus/error.h"

struct PiQuota {
        GHashTable *jobs; /* uid -> number of jobs, no entry for none */
        uint32_t total;
};

PiQuota *pi_quota_new(void) {
        PiQuota *quota = g_new0(PiQuota, 1);

        quota->jobs = g_hash_table_new(NULL, NULL);
        return quota;
}

void pi_quota_free(PiQuota *quota) {
        if (!quota)
                return;
        g_hash_table_unref(quota->jobs);
        g_free(quota);
}

gboolean pi_quota_charge(PiQuota *quota, uid_t user, GError **error) {
        gpointer key = GUINT_TO_POINTER(user);
        guint jobs = GPOINTER_TO_UINT(g_hash_table_lookup(quota->jobs, key));

        if (jobs >= PI_QUOTA_JOBS_PER_USER) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "User %u has %u jobs queued or running, the most a user may have: wait "
                            "for one "
                            "to end or cancel one",
                            user, jobs);
                return FALSE;
        }
        if (quota->total >= PI_QUOTA_JOBS) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "%u jobs are queued or running, the most this node takes: try again "
                            "later",
                            quota->total);
                return FALSE;
        }
        g_hash_table_insert(quota->jobs, key, GUINT_TO_POINTER(jobs + 1));
        quota->total++;
        return TRUE;
}

void pi_quota_discharge(PiQuota *quota, uid_t user) {
        gpointer key = GUINT_TO_POINTER(user);
        guint jobs = GPOINTER_TO_UINT(g_hash_table_lookup(quota->jobs, key));

        g_return_if_fail(jobs > 0);
        quota->total--;
        if (jobs == 1)
                g_hash_table_remove(quota->jobs, key);
        else
                g_hash_table_insert(quota->jobs, key, GUINT_TO_POINTER(jobs - 1));
}
