/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/quota.h"

#include <string.h>

#include "daemon/series/range.h"
#include "dbus/error.h"

typedef struct Office {
        PiQuota *quota;
        PiSettings *settings;
} Office;

static void begin(Office *o) {
        o->quota = pi_quota_new();
        o->settings = pi_settings_new();
        g_assert_cmpuint(o->settings->jobs_per_user, >, 1);
        g_assert_cmpuint(o->settings->jobs, >=, o->settings->jobs_per_user);
}

static void end(Office *o) {
        pi_quota_free(o->quota);
        pi_settings_free(o->settings);
}

static void charge_terms(Office *o, uid_t user, uint64_t terms) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_quota_charge(o->quota, o->settings, user, terms, &error));
        g_assert_no_error(error);
}

static void charge(Office *o, uid_t user, unsigned times) {
        for (unsigned i = 0; i < times; i++)
                charge_terms(o, user, 1);
}

/* Refused with all of `words`, separated by '|', in the message. */
static void refuse_terms(Office *o, uid_t user, uint64_t terms, PiError code, const char *words) {
        g_auto(GStrv) word = g_strsplit(words, "|", -1);
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_quota_charge(o->quota, o->settings, user, terms, &error));
        g_assert_error(error, PI_ERROR, (int) code);
        for (char **w = word; *w; w++)
                if (!strstr(error->message, *w))
                        g_error("\"%s\" is not in \"%s\"", *w, error->message);
}

static void refuse(Office *o, uid_t user, PiError code, const char *words) {
        refuse_terms(o, user, 1, code, words);
}

static void test_per_user(void) {
        Office o;

        begin(&o);
        charge(&o, 1000, o.settings->jobs_per_user);
        for (unsigned i = 0; i < 3; i++)
                refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "User 1000|256 jobs|JobsPerUser=");

        /* Others are not concerned, root and the last number there is among them. */
        charge(&o, 0, o.settings->jobs_per_user);
        charge(&o, (uid_t) -1, 1);
        refuse(&o, 0, PI_ERROR_QUOTA_EXCEEDED, "User 0");

        /* One refused was not counted: one out, one in. */
        pi_quota_discharge(o.quota, 1000, 1);
        charge(&o, 1000, 1);
        refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "256");
        end(&o);
}

static void test_node(void) {
        uid_t users;
        Office o;

        begin(&o);
        users = o.settings->jobs / o.settings->jobs_per_user;
        g_assert_cmpuint(o.settings->jobs, ==, users * o.settings->jobs_per_user);
        for (uid_t user = 0; user < users; user++)
                charge(&o, user, o.settings->jobs_per_user);
        refuse(&o, users, PI_ERROR_QUEUE_FULL, "1024 jobs|Jobs=");
        /* Who has used up both is told what is in his own hands. */
        refuse(&o, 0, PI_ERROR_QUOTA_EXCEEDED, "User 0");
        pi_quota_discharge(o.quota, 0, 1);
        charge(&o, users, 1);
        refuse(&o, users + 1, PI_ERROR_QUEUE_FULL, "1024");
        end(&o);
}

static void test_terms(void) {
        Office o;

        begin(&o);
        o.settings->terms_per_user = 1000;
        refuse_terms(&o, 1000, 1001, PI_ERROR_QUOTA_EXCEEDED,
                     "user 1000 have 0 terms|1001 more|the 1000|TermsPerUser=");
        charge_terms(&o, 1000, 600);
        charge_terms(&o, 1000, 399);
        refuse_terms(&o, 1000, 2, PI_ERROR_QUOTA_EXCEEDED, "have 999 terms|with 2 more");
        refuse_terms(&o, 1000, UINT64_MAX, PI_ERROR_QUOTA_EXCEEDED, "TermsPerUser=");
        charge_terms(&o, 1000, 1);
        refuse_terms(&o, 1000, 1, PI_ERROR_QUOTA_EXCEEDED, "have 1000 terms");
        charge_terms(&o, 1001, 1000);
        pi_quota_discharge(o.quota, 1000, 399);
        refuse_terms(&o, 1000, 400, PI_ERROR_QUOTA_EXCEEDED, "have 601 terms");
        charge_terms(&o, 1000, 399);
        end(&o);
}

/* As many of the largest jobs as a user may have: no sum wraps into room for more. */
static void test_no_limit_of_terms(void) {
        Office o;

        begin(&o);
        for (unsigned i = 0; i < o.settings->jobs_per_user; i++)
                charge_terms(&o, 1000, PI_TERMS_MAX);
        o.settings->jobs_per_user++;
        o.settings->terms_per_user = PI_TERMS_MAX;
        refuse_terms(&o, 1000, 1, PI_ERROR_QUOTA_EXCEEDED, "TermsPerUser=");
        end(&o);
}

/* Those that are there already count, and are not turned away. */
static void test_add(void) {
        Office o;

        begin(&o);
        o.settings->jobs_per_user = 2;
        o.settings->jobs = 3;
        for (unsigned i = 0; i < 4; i++)
                pi_quota_add(o.quota, 1000, 10);
        refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "has 4 jobs");
        refuse(&o, 1001, PI_ERROR_QUEUE_FULL, "4 jobs");
        for (unsigned i = 0; i < 3; i++)
                pi_quota_discharge(o.quota, 1000, 10);
        charge(&o, 1000, 1);
        refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "has 2 jobs");
        charge(&o, 1001, 1);
        refuse(&o, 1001, PI_ERROR_QUEUE_FULL, "3 jobs");
        end(&o);
}

/* Limits that were lowered hold from the next job on. */
static void test_changed_settings(void) {
        Office o;

        begin(&o);
        charge(&o, 1000, 10);
        o.settings->jobs_per_user = 5;
        refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "has 10 jobs");
        for (unsigned i = 0; i < 6; i++)
                pi_quota_discharge(o.quota, 1000, 1);
        charge(&o, 1000, 1);
        refuse(&o, 1000, PI_ERROR_QUOTA_EXCEEDED, "has 5 jobs");
        end(&o);
}

static void test_down_to_nothing(void) {
        Office o;
        uint32_t most;

        begin(&o);
        most = o.settings->jobs_per_user;
        for (unsigned round = 0; round < 3; round++) {
                charge(&o, 7, most);
                for (unsigned i = 0; i < most; i++)
                        pi_quota_discharge(o.quota, 7, 1);
        }
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*account*");
        pi_quota_discharge(o.quota, 7, 1);
        g_test_assert_expected_messages();
        charge(&o, 7, most);
        refuse(&o, 7, PI_ERROR_QUOTA_EXCEEDED, "256");
        end(&o);
        pi_quota_free(NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/quota/per-user", test_per_user);
        g_test_add_func("/quota/node", test_node);
        g_test_add_func("/quota/terms", test_terms);
        g_test_add_func("/quota/no-limit-of-terms", test_no_limit_of_terms);
        g_test_add_func("/quota/add", test_add);
        g_test_add_func("/quota/changed-settings", test_changed_settings);
        g_test_add_func("/quota/down-to-nothing", test_down_to_nothing);
        return g_test_run();
}
