/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/loan.h"

#include "daemon/jobs/order-size.h"

#define PAUSE 1
#define TERMS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* It gets an order at `begin` and answers it at `end`. */
static void take_one(PiBorrower *b, uint64_t terms, uint64_t begin, uint64_t end, gboolean well) {
        PiLoan loan = { .terms = terms };

        pi_borrower_ordered(b, &loan, begin);
        pi_borrower_answered(b, &loan, well, end, PAUSE);
}

static void test_steady(void) {
        PiBorrower b = { .rate = 1e6 };
        uint64_t now = 0;

        /* What it says itself is no measurement to compare with. */
        take_one(&b, TERMS, now, now + SECOND, TRUE);
        g_assert_cmpuint(b.steady_until_nsec, ==, 0);
        now += SECOND;
        take_one(&b, TERMS, now, now + SECOND, TRUE);
        now += SECOND;
        g_assert_cmpuint(b.steady_until_nsec, ==, now + PI_RATE_KEPT_NSEC);
        /* Less is chance, and tells nothing. */
        take_one(&b, TERMS, now, now + PI_RATE_MEASURED_NSEC / 2, TRUE);
        g_assert_cmpuint(b.steady_until_nsec, ==, now + PI_RATE_KEPT_NSEC);
        g_assert_cmpfloat(b.rate, ==, 1e6);
        now += SECOND;
        take_one(&b, TERMS / 2, now, now + SECOND, TRUE);
        g_assert_cmpuint(b.steady_until_nsec, ==, 0);
}

static void test_failed(void) {
        PiBorrower b = { .rate = 1e6 };

        take_one(&b, TERMS, 0, SECOND, TRUE);
        take_one(&b, TERMS, SECOND, 2 * SECOND, TRUE);
        g_assert_cmpuint(b.steady_until_nsec, >, 0);
        take_one(&b, TERMS, 2 * SECOND, 3 * SECOND, FALSE);
        g_assert_cmpuint(b.steady_until_nsec, ==, 0);
        g_assert_cmpuint(b.paused_until_nsec, ==, 3 * SECOND + PAUSE);
}

static void test_undone(void) {
        PiBorrower b = { .rate = 1e6 };
        PiLoan first = { .terms = TERMS }, second = { .terms = TERMS };

        pi_borrower_ordered(&b, &first, SECOND);
        pi_borrower_ordered(&b, &second, SECOND);
        g_assert_cmpuint(pi_borrower_undone(&b, 2 * TERMS, SECOND), ==, 2 * TERMS);
        g_assert_cmpuint(pi_borrower_undone(&b, 2 * TERMS, SECOND + SECOND / 2), ==, TERMS * 3 / 2);
        /* Those of one of two jobs. */
        g_assert_cmpuint(pi_borrower_undone(&b, TERMS, SECOND + SECOND / 2), ==, TERMS * 3 / 4);
        /* It did not get on as it should have. */
        g_assert_cmpuint(pi_borrower_undone(&b, 2 * TERMS, 9 * SECOND), ==, TERMS / 5);
        /* It has the other one to do from now on. */
        pi_borrower_answered(&b, &first, TRUE, 9 * SECOND, PAUSE);
        g_assert_cmpuint(pi_borrower_undone(&b, TERMS, 9 * SECOND), ==, TERMS);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/loan/steady", test_steady);
        g_test_add_func("/loan/failed", test_failed);
        g_test_add_func("/loan/undone", test_undone);
        return g_test_run();
}
