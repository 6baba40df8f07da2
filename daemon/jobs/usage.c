/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/usage.h"

#include <math.h>

/* Users whose usage has all but decayed are forgotten when there are more than this. */
#define USERS_MAX 4096
#define FORGET_BELOW_NSEC 1e6

typedef struct Account {
        double nsec; /* as of `time_nsec` */
        uint64_t time_nsec;
} Account;

struct PiUsage {
        GHashTable *accounts; /* uid -> Account */
        double half_life_nsec;
};

PiUsage *pi_usage_new(void) {
        PiUsage *usage = g_new0(PiUsage, 1);

        usage->accounts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        usage->half_life_nsec = 300e9;
        return usage;
}

void pi_usage_free(PiUsage *usage) {
        if (!usage)
                return;
        g_hash_table_unref(usage->accounts);
        g_free(usage);
}

static void settle(const PiUsage *usage, Account *account, uint64_t now_nsec) {
        double age = (double) (now_nsec - account->time_nsec);

        account->nsec *= exp2(-age / usage->half_life_nsec);
        account->time_nsec = now_nsec;
}

void pi_usage_set_half_life(PiUsage *usage, uint64_t usec, uint64_t now_nsec) {
        GHashTableIter iter;
        gpointer account;

        g_hash_table_iter_init(&iter, usage->accounts);
        while (g_hash_table_iter_next(&iter, NULL, &account))
                settle(usage, account, now_nsec);
        usage->half_life_nsec = (double) usec * 1000;
}

static void forget_small(PiUsage *usage, uint64_t now_nsec) {
        GHashTableIter iter;
        gpointer account;

        g_hash_table_iter_init(&iter, usage->accounts);
        while (g_hash_table_iter_next(&iter, NULL, &account)) {
                settle(usage, account, now_nsec);
                if (((Account *) account)->nsec < FORGET_BELOW_NSEC)
                        g_hash_table_iter_remove(&iter);
        }
        /* So many users at once have their fair share among strangers. */
        if (g_hash_table_size(usage->accounts) >= USERS_MAX)
                g_hash_table_remove_all(usage->accounts);
}

void pi_usage_charge(PiUsage *usage, uid_t user, uint64_t cpu_nsec, uint64_t now_nsec) {
        gpointer key = GUINT_TO_POINTER(user);
        Account *account = g_hash_table_lookup(usage->accounts, key);

        if (!account) {
                if (g_hash_table_size(usage->accounts) >= USERS_MAX)
                        forget_small(usage, now_nsec);
                account = g_new0(Account, 1);
                account->time_nsec = now_nsec;
                g_hash_table_insert(usage->accounts, key, account);
        }
        settle(usage, account, now_nsec);
        account->nsec += (double) cpu_nsec;
}

double pi_usage_of(PiUsage *usage, uid_t user, uint64_t now_nsec) {
        Account *account = g_hash_table_lookup(usage->accounts, GUINT_TO_POINTER(user));

        if (!account)
                return 0;
        settle(usage, account, now_nsec);
        return account->nsec;
}
