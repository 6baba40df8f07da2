/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/window.h"

#define SECOND ((int64_t) G_USEC_PER_SEC)
#define EPSILON 1e-6

/* Counters of a service that does 1000 terms, 3000 parts and 2000 jobs a second on half a core. */
static PiWindowCounters counters_at(double busy_seconds) {
        return (PiWindowCounters) {
                .terms = (uint64_t) (busy_seconds * 1000 + 0.5),
                .parts = (uint64_t) (busy_seconds * 3000 + 0.5),
                .jobs = (uint64_t) (busy_seconds * 2000 + 0.5),
                .busy_usec = (uint64_t) (busy_seconds * 500000 + 0.5),
        };
}

static void add(PiWindow *w, int64_t usec, double busy_seconds) {
        PiWindowCounters c = counters_at(busy_seconds);
        pi_window_add(w, usec, &c);
}

static PiWindowRates rates(const PiWindow *w, int64_t usec, double busy_seconds) {
        PiWindowCounters c = counters_at(busy_seconds);
        PiWindowRates r;
        g_assert_true(pi_window_rates(w, usec, &c, &r));
        return r;
}

static void assert_steady(const PiWindow *w, int64_t usec) {
        PiWindowRates r = rates(w, usec, (double) usec / SECOND);

        g_assert_cmpfloat_with_epsilon(r.terms_per_second, 1000, EPSILON);
        g_assert_cmpfloat_with_epsilon(r.parts_per_second, 3000, EPSILON);
        g_assert_cmpfloat_with_epsilon(r.jobs_per_second, 2000, EPSILON);
        g_assert_cmpfloat_with_epsilon(r.busy_usec_per_second, 500000, EPSILON);
}

static void test_empty(void) {
        PiWindow w = { 0 };
        PiWindowCounters c = { 0 };
        PiWindowRates r;

        g_assert_false(pi_window_rates(&w, 5 * SECOND, &c, &r));
        add(&w, 5 * SECOND, 5);
        g_assert_false(pi_window_rates(&w, 5 * SECOND, &c, &r));
        g_assert_false(pi_window_rates(&w, 4 * SECOND, &c, &r));
        g_assert_true(pi_window_rates(&w, 5 * SECOND + 1, &c, &r));
        g_assert_cmpuint(r.covered_usec, ==, 1);
}

static void test_before_a_minute(void) {
        PiWindow w = { 0 };

        for (int64_t t = 0; t <= 10; t++)
                add(&w, t * SECOND, (double) t);
        assert_steady(&w, 10 * SECOND + SECOND / 2);
        g_assert_cmpuint(rates(&w, 10 * SECOND + SECOND / 2, 10.5).covered_usec, ==,
                         10 * SECOND + SECOND / 2);
}

static void test_steady(void) {
        PiWindow w = { 0 };

        for (int64_t t = 0; t <= 1000; t++) {
                add(&w, t * SECOND, (double) t);
                if (t > 0)
                        assert_steady(&w, t * SECOND);
        }
        /* A sample a second is kept as it is: a minute in steps of a second. */
        g_assert_cmpuint(w.n, ==, PI_WINDOW_SAMPLES);
        g_assert_cmpint(w.ring[w.first].usec, ==, 940 * SECOND);
        g_assert_cmpuint(rates(&w, 1000 * SECOND, 1000).covered_usec, ==, PI_WINDOW_SPAN_USEC);
}

/* Ticks from one a millisecond to one in five seconds: a whole minute stays covered. */
static void test_irregular_ticks(void) {
        static const int longest_msec[] = { 2, 50, 999, 1500, 5000 };
        GRand *rand = g_rand_new_with_seed(16180);

        for (size_t i = 0; i < G_N_ELEMENTS(longest_msec); i++) {
                PiWindow w = { 0 };
                int64_t msec = 0;

                while (msec < 200 * 1000) {
                        add(&w, msec * 1000, (double) msec / 1000);
                        if (msec > 0)
                                assert_steady(&w, msec * 1000);
                        msec += g_rand_int_range(rand, 1, longest_msec[i] + 1);
                }
                g_assert_cmpuint(rates(&w, msec * 1000, (double) msec / 1000).covered_usec, ==,
                                 PI_WINDOW_SPAN_USEC);
        }
        g_rand_free(rand);
}

/* Work in the seconds 0 to 10, an hour of nothing, work again: only the last minute counts. */
static void test_idle_gap(void) {
        PiWindow w = { 0 };
        int64_t start = 3600 * SECOND;

        for (int64_t t = 0; t <= 10; t++)
                add(&w, t * SECOND, (double) t);
        add(&w, 10 * SECOND + SECOND / 4, 10.25);
        g_assert_cmpfloat(rates(&w, 300 * SECOND, 10.25).terms_per_second, ==, 0);
        g_assert_cmpfloat_with_epsilon(rates(&w, 60 * SECOND, 10.25).terms_per_second,
                                       10250.0 / 60, EPSILON);
        g_assert_cmpfloat_with_epsilon(rates(&w, 65 * SECOND, 10.25).terms_per_second,
                                       5250.0 / 60, EPSILON);

        add(&w, start, 10.25);
        add(&w, start + SECOND, 11.25);
        g_assert_cmpfloat_with_epsilon(rates(&w, start + SECOND, 11.25).terms_per_second,
                                       1000.0 / 60, EPSILON);
        for (int64_t t = 2; t <= 30; t++)
                add(&w, start + t * SECOND, 10.25 + (double) t);
        g_assert_cmpfloat_with_epsilon(rates(&w, start + 30 * SECOND, 40.25).terms_per_second,
                                       500, EPSILON);
        g_assert_cmpuint(rates(&w, start + 30 * SECOND, 40.25).covered_usec, ==,
                         PI_WINDOW_SPAN_USEC);
}

/* Many short jobs with samples at their ends: a hundredth of a second each, two a second. */
static void test_bursts(void) {
        PiWindow w = { 0 };
        double busy = 0;

        for (int64_t msec = 0; msec < 150 * 1000; msec += 500) {
                add(&w, msec * 1000, busy);
                busy += 0.01;
                add(&w, (msec + 10) * 1000, busy);
        }
        PiWindowRates r = rates(&w, 150 * SECOND, busy);
        g_assert_cmpuint(r.covered_usec, ==, PI_WINDOW_SPAN_USEC);
        g_assert_cmpfloat_with_epsilon(r.terms_per_second, 20, 0.5);
}

static void test_time_that_stands_still(void) {
        PiWindow w = { 0 };

        add(&w, 0, 0);
        add(&w, SECOND, 1);
        add(&w, SECOND, 2);
        add(&w, SECOND / 2, 3);
        g_assert_cmpuint(w.n, ==, 2);
        g_assert_cmpfloat_with_epsilon(rates(&w, 3 * SECOND, 3).terms_per_second, 1000, EPSILON);
}

/* A worker that was replaced may begin again at zero: that must not wrap round. */
static void test_counter_that_went_back(void) {
        PiWindow w = { 0 };

        add(&w, 0, 100);
        add(&w, 10 * SECOND, 110);
        g_assert_cmpfloat(rates(&w, 20 * SECOND, 0).terms_per_second, <=, 1000);
        g_assert_cmpfloat(rates(&w, 20 * SECOND, 0).terms_per_second, >=, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/window/empty", test_empty);
        g_test_add_func("/window/before-a-minute", test_before_a_minute);
        g_test_add_func("/window/steady", test_steady);
        g_test_add_func("/window/irregular-ticks", test_irregular_ticks);
        g_test_add_func("/window/idle-gap", test_idle_gap);
        g_test_add_func("/window/bursts", test_bursts);
        g_test_add_func("/window/time-that-stands-still", test_time_that_stands_still);
        g_test_add_func("/window/counter-that-went-back", test_counter_that_went_back);
        return g_test_run();
}
