/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/quota.h"

#include <string.h>

#include "dbus/error.h"

static void charge(PiQuota *quota, uid_t user, unsigned times) {
        for (unsigned i = 0; i < times; i++) {
                g_autoptr(GError) error = NULL;

                g_assert_true(pi_quota_charge(quota, user, &error));
                g_assert_no_error(error);
        }
}

static void refuse(PiQuota *quota, uid_t user, PiError code, const char *word) {
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_quota_charge(quota, user, &error));
        g_assert_error(error, PI_ERROR, (int) code);
        g_assert_nonnull(strstr(error->message, word));
}

static void test_per_user(void) {
        g_autoptr(PiQuota) quota = pi_quota_new();

        charge(quota, 1000, PI_QUOTA_JOBS_PER_USER);
        for (unsigned i = 0; i < 3; i++)
                refuse(quota, 1000, PI_ERROR_QUOTA_EXCEEDED, "256");
        refuse(quota, 1000, PI_ERROR_QUOTA_EXCEEDED, "User 1000");

        /* Others are not concerned, root and the last number there is among them. */
        charge(quota, 0, PI_QUOTA_JOBS_PER_USER);
        charge(quota, (uid_t) -1, 1);
        refuse(quota, 0, PI_ERROR_QUOTA_EXCEEDED, "User 0");

        /* One refused was not counted: one out, one in. */
        pi_quota_discharge(quota, 1000);
        charge(quota, 1000, 1);
        refuse(quota, 1000, PI_ERROR_QUOTA_EXCEEDED, "256");
}

static void test_node(void) {
        enum { USERS = PI_QUOTA_JOBS / PI_QUOTA_JOBS_PER_USER };
        g_autoptr(PiQuota) quota = pi_quota_new();

        G_STATIC_ASSERT(PI_QUOTA_JOBS == USERS * PI_QUOTA_JOBS_PER_USER);
        for (uid_t user = 0; user < USERS; user++)
                charge(quota, user, PI_QUOTA_JOBS_PER_USER);
        refuse(quota, USERS, PI_ERROR_QUEUE_FULL, "1024");
        /* Who has used up both is told what is in his own hands. */
        refuse(quota, 0, PI_ERROR_QUOTA_EXCEEDED, "User 0");
        pi_quota_discharge(quota, 0);
        charge(quota, USERS, 1);
        refuse(quota, USERS + 1, PI_ERROR_QUEUE_FULL, "1024");
}

static void test_down_to_nothing(void) {
        g_autoptr(PiQuota) quota = pi_quota_new();

        for (unsigned round = 0; round < 3; round++) {
                charge(quota, 7, PI_QUOTA_JOBS_PER_USER);
                for (unsigned i = 0; i < PI_QUOTA_JOBS_PER_USER; i++)
                        pi_quota_discharge(quota, 7);
        }
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*jobs > 0*");
        pi_quota_discharge(quota, 7);
        g_test_assert_expected_messages();
        charge(quota, 7, PI_QUOTA_JOBS_PER_USER);
        refuse(quota, 7, PI_ERROR_QUOTA_EXCEEDED, "256");
        pi_quota_free(NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/quota/per-user", test_per_user);
        g_test_add_func("/quota/node", test_node);
        g_test_add_func("/quota/down-to-nothing", test_down_to_nothing);
        return g_test_run();
}
