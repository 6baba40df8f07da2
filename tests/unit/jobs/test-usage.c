/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/usage.h"

#include <math.h>

#define SECOND UINT64_C(1000000000) /* in nanoseconds */
#define USERS_MAX 4096              /* as many accounts as are kept */

static PiUsage *usage_of_one_second(void) {
        PiUsage *usage = pi_usage_new();

        pi_usage_set_half_life(usage, 1000000, 0);
        return usage;
}

static void assert_usage(PiUsage *usage, uid_t user, uint64_t now, double wanted) {
        double got = pi_usage_of(usage, user, now);

        if (!(fabs(got - wanted) <= 1e-9 * wanted))
                g_error("user %u has %.17g ns, not %.17g", user, got, wanted);
}

static void test_decay(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        assert_usage(usage, 1000, 0, 0);
        pi_usage_charge(usage, 1000, 8 * SECOND, 5 * SECOND);
        assert_usage(usage, 1000, 5 * SECOND, 8e9);
        assert_usage(usage, 1000, 5 * SECOND + SECOND / 2, 8e9 / sqrt(2));
        assert_usage(usage, 1000, 6 * SECOND, 4e9);
        assert_usage(usage, 1000, 8 * SECOND, 1e9);
        /* However often one looks in between. */
        for (uint64_t t = 8 * SECOND; t < 9 * SECOND; t += SECOND / 100)
                pi_usage_of(usage, 1000, t);
        assert_usage(usage, 1000, 9 * SECOND, 5e8);
}

static void test_charges_add_up(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        pi_usage_charge(usage, 1000, 4 * SECOND, 0);
        pi_usage_charge(usage, 1000, SECOND, SECOND);
        assert_usage(usage, 1000, SECOND, 3e9);
        pi_usage_charge(usage, 1000, 0, 2 * SECOND);
        assert_usage(usage, 1000, 2 * SECOND, 1.5e9);
}

static void test_users(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        pi_usage_charge(usage, 0, SECOND, 0);
        pi_usage_charge(usage, 1000, 2 * SECOND, 0);
        pi_usage_charge(usage, (uid_t) -1, 3 * SECOND, 0);
        assert_usage(usage, 0, SECOND, 5e8);
        assert_usage(usage, 1000, SECOND, 1e9);
        assert_usage(usage, (uid_t) -1, SECOND, 1.5e9);
        assert_usage(usage, 1001, SECOND, 0);
        pi_usage_free(NULL);
}

/* What was used before the change has decayed by the old one until then. */
static void test_half_life_change(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        pi_usage_charge(usage, 1000, 16 * SECOND, 0);
        pi_usage_set_half_life(usage, 10000000, 2 * SECOND);
        assert_usage(usage, 1000, 2 * SECOND, 4e9);
        assert_usage(usage, 1000, 12 * SECOND, 2e9);
        pi_usage_set_half_life(usage, 1000000, 12 * SECOND);
        assert_usage(usage, 1000, 13 * SECOND, 1e9);
}

/* Long ago is nothing, and no number that is none comes of it. */
static void test_ages(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        pi_usage_charge(usage, 1000, UINT64_MAX, 0);
        g_assert_true(isfinite(pi_usage_of(usage, 1000, 0)));
        g_assert_cmpfloat(pi_usage_of(usage, 1000, 10000000 * SECOND), ==, 0);
        pi_usage_charge(usage, 1000, SECOND, 10000000 * SECOND);
        assert_usage(usage, 1000, 10000000 * SECOND, 1e9);
}

/* Accounts of users who have all but used nothing make room for others. */
static void test_cap(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        for (uid_t user = 0; user < USERS_MAX; user++)
                pi_usage_charge(usage, user, user % 2 ? 100 * SECOND : 100, 0);
        assert_usage(usage, 2, 0, 100);
        /* One that is known needs no room. */
        pi_usage_charge(usage, 1, 0, 0);
        assert_usage(usage, 2, 0, 100);

        pi_usage_charge(usage, USERS_MAX, SECOND, 0);
        assert_usage(usage, USERS_MAX, 0, 1e9);
        for (uid_t user = 0; user < USERS_MAX; user++)
                assert_usage(usage, user, 0, user % 2 ? 100e9 : 0);
}

/* Where all have used much, too: a list that others fill has an end. */
static void test_cap_of_the_busy(void) {
        g_autoptr(PiUsage) usage = usage_of_one_second();

        for (uid_t user = 0; user < 10 * USERS_MAX; user++) {
                pi_usage_charge(usage, user, SECOND, 0);
                assert_usage(usage, user, 0, 1e9);
        }
        assert_usage(usage, 0, 0, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/usage/decay", test_decay);
        g_test_add_func("/usage/charges-add-up", test_charges_add_up);
        g_test_add_func("/usage/users", test_users);
        g_test_add_func("/usage/half-life-change", test_half_life_change);
        g_test_add_func("/usage/ages", test_ages);
        g_test_add_func("/usage/cap", test_cap);
        g_test_add_func("/usage/cap-of-the-busy", test_cap_of_the_busy);
        return g_test_run();
}
