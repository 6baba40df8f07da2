/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/quota.h"

#include "dbus/error.h"

typedef struct Account {
        uint32_t jobs;
        uint64_t terms; /* no sum wraps: 10^16 terms a job, and at most thousands of jobs */
} Account;

struct PiQuota {
        GHashTable *accounts; /* uid -> Account, none for a user without jobs */
        uint32_t total;
};

PiQuota *pi_quota_new(void) {
        PiQuota *quota = g_new0(PiQuota, 1);

        quota->accounts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        return quota;
}

void pi_quota_free(PiQuota *quota) {
        if (!quota)
                return;
        g_hash_table_unref(quota->accounts);
        g_free(quota);
}

static gboolean check_user(const Account *account, const PiSettings *settings, uid_t user,
                           uint64_t terms, GError **error) {
        if (account->jobs >= settings->jobs_per_user)
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "User %u has %u jobs queued or running, the most a user may have "
                            "(JobsPerUser= in pi-computed.conf): wait for one to end or cancel one",
                            user, account->jobs);
        else if (terms > settings->terms_per_user ||
                 account->terms > settings->terms_per_user - terms)
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "The jobs of user %u have %" G_GUINT64_FORMAT
                            " terms, and with %" G_GUINT64_FORMAT
                            " more they would exceed the %" G_GUINT64_FORMAT
                            " that a user may have queued or running (TermsPerUser= in "
                            "pi-computed.conf): ask for less, or wait for one to end",
                            user, account->terms, terms, settings->terms_per_user);
        else
                return TRUE;
        return FALSE;
}

gboolean pi_quota_charge(PiQuota *quota, const PiSettings *settings, uid_t user, uint64_t terms,
                         GError **error) {
        const Account *account = g_hash_table_lookup(quota->accounts, GUINT_TO_POINTER(user));

        if (!check_user(account ? account : &(Account) {}, settings, user, terms, error))
                return FALSE;
        if (quota->total >= settings->jobs) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "%u jobs are queued or running, the most this node takes (Jobs= in "
                            "pi-computed.conf): try again later",
                            quota->total);
                return FALSE;
        }
        pi_quota_add(quota, user, terms);
        return TRUE;
}

void pi_quota_add(PiQuota *quota, uid_t user, uint64_t terms) {
        gpointer key = GUINT_TO_POINTER(user);
        Account *account = g_hash_table_lookup(quota->accounts, key);

        if (!account) {
                account = g_new0(Account, 1);
                g_hash_table_insert(quota->accounts, key, account);
        }
        account->jobs++;
        account->terms += terms;
        quota->total++;
}

void pi_quota_discharge(PiQuota *quota, uid_t user, uint64_t terms) {
        Account *account = g_hash_table_lookup(quota->accounts, GUINT_TO_POINTER(user));

        g_return_if_fail(account);
        quota->total--;
        account->terms -= terms;
        if (--account->jobs == 0)
                g_hash_table_remove(quota->accounts, GUINT_TO_POINTER(user));
}
