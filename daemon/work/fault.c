/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/fault.h"

#include "daemon/series/sum.h"
#include "daemon/work/clock.h"

/* An order in 64 bits, from the top: kind 8, bit 8, generation 16, value 32. The value is the count
 * of a flip, or the factor of a slow core in thousandths. */
#define KIND_SHIFT 56
#define BIT_SHIFT 48
#define GENERATION_SHIFT 32
#define FACTOR_UNIT 1000.0

#define HANG_USEC 1000

/* 2^-56 of the series: far above every tolerance, far below what the digits of pi would show. */
#define LIE_LIMB 1
#define LIE_BIT (UINT64_C(1) << 40)

static PiFaultKind kind_of(uint64_t order) {
        return (PiFaultKind) (order >> KIND_SHIFT);
}

static uint32_t value_of(uint64_t order) {
        return (uint32_t) order;
}

static bool is_current(const PiFault *fault, uint64_t order) {
        return atomic_load_explicit(&fault->order, memory_order_relaxed) == order;
}

void pi_fault_arm(PiFault *fault, const PiFaultOrder *order) {
        uint64_t word = 0;

        fault->generation++;
        if (order->kind != PI_FAULT_NONE)
                word = (uint64_t) order->kind << KIND_SHIFT | (uint64_t) order->bit << BIT_SHIFT |
                       (uint64_t) fault->generation << GENERATION_SHIFT |
                       (order->kind == PI_FAULT_SLOW
                                ? (uint32_t) (order->factor * FACTOR_UNIT + 0.5)
                                : order->count);
        atomic_store(&fault->order, word);
}

/* Takes one of the sums that are to be spoiled. */
static bool consume(PiFault *fault, uint64_t order) {
        uint32_t count = value_of(order);

        return count == 0 ||
               atomic_compare_exchange_strong(&fault->order, &order, count == 1 ? 0 : order - 1);
}

static void flip(uint64_t order, PiRange range, PiFixed *sum) {
        uint64_t last = (range.end - 1) / PI_GROUP_TERMS;
        unsigned octave = last < PI_HEAD_GROUPS ? PI_HEAD_OCTAVE
                                                : 63 - (unsigned) __builtin_clzll(last);
        unsigned bit = (order >> BIT_SHIFT) % PI_FAULT_BITS;
        int place = PI_FIXED_FRACTION_BITS - PI_OCTAVE_SCALE((int) octave) + (int) bit;

        /* The last octave below 10^16 terms has a scale of 156. */
        g_assert(place >= 0 && place < 3 * 64);
        sum->limb[place / 64] ^= UINT64_C(1) << place % 64;
}

/* Burns CPU time until the stretch took `factor` times what it did. */
static void slow_down(PiFault *fault, uint64_t order, const atomic_bool *cancelled) {
        uint16_t generation = (uint16_t) (order >> GENERATION_SHIFT);
        uint64_t now = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);

        if (fault->seen == generation) {
                double spent = (double) (now - fault->mark_nsec);
                uint64_t until = now + (uint64_t) (spent * (value_of(order) / FACTOR_UNIT - 1));

                while (now < until && is_current(fault, order) &&
                       !atomic_load_explicit(cancelled, memory_order_relaxed))
                        now = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);
        }
        fault->seen = generation;
        fault->mark_nsec = now;
}

void pi_fault_act(PiFault *fault, uint64_t order, const atomic_bool *cancelled, PiRange range,
                  PiFixed *sum) {
        switch (kind_of(order)) {
        case PI_FAULT_FLIP:
                if (range.begin < range.end && consume(fault, order))
                        flip(order, range, sum);
                break;
        case PI_FAULT_SLOW:
                slow_down(fault, order, cancelled);
                break;
        case PI_FAULT_HANG:
                while (is_current(fault, order))
                        g_usleep(HANG_USEC);
                break;
        case PI_FAULT_LIE:
        case PI_FAULT_NONE:
        case _PI_FAULT_KIND_MAX:
                break;
        }
}

void pi_fault_touch_answer(const PiFault *fault, PiFixed *sum) {
        if (kind_of(atomic_load_explicit(&fault->order, memory_order_relaxed)) == PI_FAULT_LIE)
                sum->limb[LIE_LIMB] ^= LIE_BIT;
}

const char *pi_fault_kind_to_string(PiFaultKind kind) {
        static const char *const names[_PI_FAULT_KIND_MAX] = {
                [PI_FAULT_NONE] = "none",
                [PI_FAULT_FLIP] = "flip",
                [PI_FAULT_SLOW] = "slow",
                [PI_FAULT_HANG] = "hang",
                [PI_FAULT_LIE] = "lie",
        };

        g_return_val_if_fail(kind < _PI_FAULT_KIND_MAX, names[PI_FAULT_NONE]);
        return names[kind];
}
