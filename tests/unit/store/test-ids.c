/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/ids.h"

#include <glib.h>

#define NOW UINT64_C(1700000000000000)

static void test_counts(void) {
        PiIds ids = { 0 };
        uint64_t from, asked = 0;

        pi_ids_add(&ids, 1, 1 + PI_IDS_BLOCK);
        for (uint64_t want = 1; want <= 10 * PI_IDS_BLOCK; want++) {
                g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, want);
                if (from == 0)
                        continue;
                g_assert_cmpuint(from, ==, ids.end);
                pi_ids_add(&ids, from, from + PI_IDS_BLOCK);
                asked++;
        }
        g_assert_cmpuint(asked, ==, 10);
}

/* Asked for once, and in time. */
static void test_asks_early(void) {
        PiIds ids = { 0 };
        uint64_t from, asked_at = 0;

        pi_ids_add(&ids, 1, 1 + PI_IDS_BLOCK);
        for (uint64_t i = 1; i <= PI_IDS_BLOCK; i++) {
                (void) pi_ids_take(&ids, NOW, &from);
                if (from == 0)
                        continue;
                g_assert_cmpuint(asked_at, ==, 0);
                asked_at = i;
        }
        g_assert_cmpuint(asked_at, >, PI_IDS_BLOCK / 4);
        g_assert_cmpuint(asked_at, <, PI_IDS_BLOCK * 3 / 4);
}

static void test_clock(void) {
        PiIds ids = { 0 };
        uint64_t from;

        /* Never reserved; a clock that stands still or goes back gives no number twice. */
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, NOW);
        g_assert_cmpuint(from, ==, NOW + 1);
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, NOW + 1);
        g_assert_cmpuint(from, ==, 0);
        g_assert_cmpuint(pi_ids_take(&ids, 5, &from), ==, NOW + 2);
        g_assert_cmpuint(pi_ids_take(&ids, NOW + 9, &from), ==, NOW + 9);
        g_assert_cmpuint(pi_ids_take(&ids, NOW + 2000, &from), ==, NOW + 2000);
        g_assert_cmpuint(from, ==, NOW + 2001);
        /* What was reserved too late, and below. */
        pi_ids_add(&ids, 1, 1001);
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, NOW + 2001);
        pi_ids_add(&ids, NOW + 2001, NOW + 3001);
        g_assert_cmpuint(pi_ids_take(&ids, NOW + 9000, &from), ==, NOW + 2002);
        g_assert_cmpuint(pi_ids_take(&ids, NOW + 9000, &from), ==, NOW + 2003);
        /* No clock at all. */
        ids = (PiIds) { 0 };
        g_assert_cmpuint(pi_ids_take(&ids, 0, &from), ==, 1);
        g_assert_cmpuint(pi_ids_take(&ids, 0, &from), ==, 2);
}

static void test_exhausted(void) {
        PiIds ids = { 0 };
        uint64_t from;

        pi_ids_add(&ids, 1, 1 + PI_IDS_BLOCK);
        for (uint64_t i = 1; i <= PI_IDS_BLOCK; i++)
                g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, i);
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, NOW);
        g_assert_cmpuint(from, ==, NOW + 1);
}

/* The database holds the numbers of somebody else's. */
static void test_gap(void) {
        PiIds ids = { 0 };
        uint64_t from;

        pi_ids_add(&ids, 1, 1001);
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, 1);
        pi_ids_add(&ids, 5000, 6000);
        g_assert_cmpuint(pi_ids_take(&ids, NOW, &from), ==, 5000);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/ids/counts", test_counts);
        g_test_add_func("/store/ids/asks-early", test_asks_early);
        g_test_add_func("/store/ids/clock", test_clock);
        g_test_add_func("/store/ids/exhausted", test_exhausted);
        g_test_add_func("/store/ids/gap", test_gap);
        return g_test_run();
}
