/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/fault.h"

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "daemon/work/clock.h"
#include "tests/unit/series/random.h"

static atomic_bool never;

static PiFixed touched(PiFault *fault, PiRange range, const PiFixed *sum) {
        PiFixed copy = *sum;

        pi_fault_touch(fault, &never, range, &copy);
        return copy;
}

static void arm_flip(PiFault *fault, uint8_t bit, uint32_t count) {
        pi_fault_arm(fault, &(PiFaultOrder) { .kind = PI_FAULT_FLIP, .bit = bit, .count = count });
}

static void test_off(void) {
        PiFault fault = {};
        PiRange range = { 0, 8000000 };
        PiFixed sum = pi_quarter, same = touched(&fault, range, &sum);

        assert_fixed_equal(&same, &sum);
        arm_flip(&fault, 40, 0);
        pi_fault_arm(&fault, &(PiFaultOrder) { .kind = PI_FAULT_NONE });
        same = touched(&fault, range, &sum);
        assert_fixed_equal(&same, &sum);
}

/* The weight of the flipped bit: of the last group's octave, and of the head's for all before. */
static void test_weight(void) {
        static const struct {
                PiRange range;
                unsigned scale;
        } cases[] = {
                { { 0, 8 }, 84 },
                { { 0, 8 << 14 }, 84 },
                { { 0, (8 << 14) + 8 }, 84 },
                { { 0, 8 << 15 }, 84 },
                { { 0, (8 << 15) + 8 }, 86 },
                { { 8 << 14, 8 << 20 }, 94 },
                { { PI_TERMS_MAX - 800, PI_TERMS_MAX }, 156 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (uint8_t bit = 0; bit < PI_FAULT_BITS; bit++) {
                        PiFault fault = {};
                        PiFixed zero = PI_FIXED_ZERO, want = zero, got;

                        arm_flip(&fault, bit, 1);
                        got = touched(&fault, cases[i].range, &zero);
                        pi_fixed_add_shifted(&want, 1, 160 + bit - cases[i].scale);
                        assert_fixed_equal(&got, &want);
                }
}

static void test_count(void) {
        PiRange range = { 0, 800 };
        PiFixed sum = pi_quarter;

        for (uint32_t count = 0; count <= 5; count++) {
                PiFault fault = {};
                unsigned spoiled = 0;

                arm_flip(&fault, 3, count);
                for (unsigned i = 0; i < 20; i++) {
                        PiFixed got = touched(&fault, range, &sum);

                        spoiled += pi_fixed_cmp(&got, &sum) != 0;
                }
                g_assert_cmpuint(spoiled, ==, count == 0 ? 20 : count);
        }
}

/* A sum of nothing is left alone, and not counted. */
static void test_empty_range(void) {
        PiFault fault = {};
        PiFixed zero = PI_FIXED_ZERO, got;

        arm_flip(&fault, 3, 1);
        got = touched(&fault, (PiRange) { 800, 800 }, &zero);
        assert_fixed_equal(&got, &zero);
        got = touched(&fault, (PiRange) { 800, 808 }, &zero);
        g_assert_false(pi_fixed_is_zero(&got));
}

/* The last order is the one that holds, whatever was left of the one before. */
static void test_replace(void) {
        PiFault fault = {};
        PiFixed zero = PI_FIXED_ZERO, got, want = zero;

        arm_flip(&fault, 3, 7);
        (void) touched(&fault, (PiRange) { 0, 8 }, &zero);
        arm_flip(&fault, 5, 1);
        got = touched(&fault, (PiRange) { 0, 8 }, &zero);
        pi_fixed_add_shifted(&want, 1, 160 + 5 - 84);
        assert_fixed_equal(&got, &want);
        got = touched(&fault, (PiRange) { 0, 8 }, &zero);
        assert_fixed_equal(&got, &zero);
}

/* The CPU clock runs for `nsec` or more. */
static void burn(uint64_t nsec) {
        uint64_t until = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID) + nsec;

        while (pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID) < until)
                ;
}

static void test_slow(void) {
        PiFault fault = {};
        PiFixed sum = pi_quarter, same;
        uint64_t start, work = 2000000;

        pi_fault_arm(&fault, &(PiFaultOrder) { .kind = PI_FAULT_SLOW, .factor = 4 });
        /* The first one only tells when the next began. */
        (void) touched(&fault, (PiRange) { 0, 8 }, &sum);
        start = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);
        burn(work);
        same = touched(&fault, (PiRange) { 0, 8 }, &sum);
        assert_fixed_equal(&same, &sum);
        g_assert_cmpuint(pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID) - start, >=, 4 * work);
}

/* Hours of burning, but for the cancel. */
static void test_slow_and_cancelled(void) {
        atomic_bool cancelled = true;
        PiFault fault = {};
        PiFixed sum = pi_quarter;

        pi_fault_arm(&fault, &(PiFaultOrder) { .kind = PI_FAULT_SLOW,
                                               .factor = PI_FAULT_FACTOR_MAX });
        pi_fault_touch(&fault, &cancelled, (PiRange) { 0, 8 }, &sum);
        fault.mark_nsec -= UINT64_C(3600) * 1000000000;
        pi_fault_touch(&fault, &cancelled, (PiRange) { 0, 8 }, &sum);
}

typedef struct Hanging {
        PiFault fault;
        atomic_bool cancelled;
        atomic_bool began;
        atomic_bool ended;
} Hanging;

static gpointer hang(gpointer userdata) {
        Hanging *h = userdata;
        PiFixed sum = pi_quarter;

        atomic_store(&h->began, true);
        pi_fault_touch(&h->fault, &h->cancelled, (PiRange) { 0, 8 }, &sum);
        atomic_store(&h->ended, true);
        return NULL;
}

/* Another order lets it go, no cancel does. */
static void test_hang(void) {
        for (unsigned i = 0; i < 2; i++) {
                Hanging h = { .cancelled = true };
                GThread *thread;

                pi_fault_arm(&h.fault, &(PiFaultOrder) { .kind = PI_FAULT_HANG });
                thread = g_thread_new("hang", hang, &h);
                while (!atomic_load(&h.began))
                        g_usleep(100);
                g_usleep(5000);
                g_assert_false(atomic_load(&h.ended));
                pi_fault_arm(&h.fault, &(PiFaultOrder) { .kind = i ? PI_FAULT_NONE
                                                                   : PI_FAULT_FLIP });
                g_thread_join(thread);
                g_assert_true(atomic_load(&h.ended));
        }
}

static void test_names(void) {
        g_assert_cmpstr(pi_fault_kind_to_string(PI_FAULT_NONE), ==, "none");
        g_assert_cmpstr(pi_fault_kind_to_string(PI_FAULT_FLIP), ==, "flip");
        g_assert_cmpstr(pi_fault_kind_to_string(PI_FAULT_SLOW), ==, "slow");
        g_assert_cmpstr(pi_fault_kind_to_string(PI_FAULT_HANG), ==, "hang");
        g_assert_cmpstr(pi_fault_kind_to_string(PI_FAULT_LIE), ==, "lie");
}

/* Sums pass their verification; what goes out is wrong, by more than any tolerance. */
static void test_lie(void) {
        PiFault fault = {};
        atomic_bool cancelled = false;
        PiRange range = { 0, 1000 };
        PiFixed sum = PI_FIXED_ZERO;

        pi_fault_touch_answer(&fault, &sum);
        g_assert_true(pi_fixed_is_zero(&sum));
        pi_fault_arm(&fault, &(PiFaultOrder) { .kind = PI_FAULT_LIE });
        pi_fault_touch(&fault, &cancelled, range, &sum);
        g_assert_true(pi_fixed_is_zero(&sum));
        pi_fault_touch_answer(&fault, &sum);
        g_assert_cmpfloat(pi_fixed_to_double(&sum), ==, 0x1p-56);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/fault/off", test_off);
        g_test_add_func("/fault/weight", test_weight);
        g_test_add_func("/fault/count", test_count);
        g_test_add_func("/fault/empty-range", test_empty_range);
        g_test_add_func("/fault/replace", test_replace);
        g_test_add_func("/fault/slow", test_slow);
        g_test_add_func("/fault/slow-and-cancelled", test_slow_and_cancelled);
        g_test_add_func("/fault/hang", test_hang);
        g_test_add_func("/fault/names", test_names);
        g_test_add_func("/fault/lie", test_lie);
        return g_test_run();
}
