/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/lease.h"

#include "tests/unit/series/random.h"

static const uint64_t numbers_of_parts[] = {
        1, 2, 3, 4095, 4096, 4097, 8191, 8192, 8193, 1000000, 1000000000,
        UINT64_C(1250000000000000) /* the most 10^16 terms have */
};

static void test_tiling(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(numbers_of_parts); i++) {
                uint64_t parts = numbers_of_parts[i];
                g_autoptr(PiLeaseTable) table = pi_lease_table_new(parts);

                g_assert_cmpuint(table->parts, ==, parts);
                g_assert_cmpuint(pi_lease_first_part(table, 0), ==, 0);
                g_assert_cmpuint(pi_lease_first_part(table, table->n), ==, parts);
                for (uint32_t l = 0; l < table->n; l++) {
                        uint64_t first = pi_lease_first_part(table, l);
                        uint64_t end = pi_lease_first_part(table, l + 1);

                        g_assert_cmpuint(end, >, first);
                        g_assert_cmpuint(end - first, >=, parts / table->n);
                        g_assert_cmpuint(end - first, <=, parts / table->n + 1);
                }
        }
}

static void test_lease_of_part(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(numbers_of_parts); i++) {
                uint64_t parts = numbers_of_parts[i];
                g_autoptr(PiLeaseTable) table = pi_lease_table_new(parts);

                for (uint32_t l = 0; l < table->n; l++) {
                        uint64_t last = pi_lease_first_part(table, l + 1) - 1;

                        g_assert_cmpuint(pi_lease_of_part(table, pi_lease_first_part(table, l)), ==,
                                         l);
                        g_assert_cmpuint(pi_lease_of_part(table, last), ==, l);
                }
                for (unsigned round = 0; round < 5000; round++) {
                        uint64_t part = random_below(parts);
                        uint32_t l = pi_lease_of_part(table, part);

                        g_assert_cmpuint(l, <, table->n);
                        g_assert_cmpuint(pi_lease_first_part(table, l), <=, part);
                        g_assert_cmpuint(pi_lease_first_part(table, l + 1), >, part);
                }
        }
}

/* However many parts: never more leases than the cap. */
static void test_constant_size(void) {
        G_STATIC_ASSERT(sizeof(PiLease) <= 48);

        for (size_t i = 0; i < G_N_ELEMENTS(numbers_of_parts); i++) {
                g_autoptr(PiLeaseTable) table = pi_lease_table_new(numbers_of_parts[i]);

                g_assert_cmpuint(table->n, ==, MIN(numbers_of_parts[i], PI_LEASES_MAX));
        }
}

static void test_fresh(void) {
        g_autoptr(PiLeaseTable) table = pi_lease_table_new(5000);

        for (uint32_t l = 0; l < table->n; l++) {
                g_assert_cmpint(table->lease[l].state, ==, PI_LEASE_WAITING);
                g_assert_cmpuint(table->lease[l].cpu, ==, PI_LEASE_NO_CPU);
                g_assert_cmpuint(table->lease[l].attempts, ==, 0);
        }
}

static void test_state_names(void) {
        g_assert_cmpstr(pi_lease_state_to_string(PI_LEASE_WAITING), ==, "waiting");
        g_assert_cmpstr(pi_lease_state_to_string(PI_LEASE_RUNNING), ==, "running");
        g_assert_cmpstr(pi_lease_state_to_string(PI_LEASE_VERIFIED), ==, "verified");
        g_assert_cmpstr(pi_lease_state_to_string(PI_LEASE_FAILED), ==, "failed");

        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*state < _PI_LEASE_STATE_MAX*");
        g_assert_nonnull(pi_lease_state_to_string(_PI_LEASE_STATE_MAX));
        g_test_assert_expected_messages();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lease/tiling", test_tiling);
        g_test_add_func("/lease/lease-of-part", test_lease_of_part);
        g_test_add_func("/lease/constant-size", test_constant_size);
        g_test_add_func("/lease/fresh", test_fresh);
        g_test_add_func("/lease/state-names", test_state_names);
        return g_test_run();
}
