/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/range.h"

/* Makes one worker do wrong, for tests and rehearsals of what a broken core does. */

#define PI_FAULT_BITS 64
#define PI_FAULT_FACTOR_MAX 1000

typedef enum PiFaultKind {
        PI_FAULT_NONE,
        PI_FAULT_FLIP, /* sums are wrong in one bit */
        PI_FAULT_SLOW, /* stretches take longer */
        PI_FAULT_HANG, /* a stretch never ends, and no cancel ends it */
        PI_FAULT_LIE,  /* verified sums are changed before another node gets them */
        _PI_FAULT_KIND_MAX,
} PiFaultKind;

typedef struct PiFaultOrder {
        PiFaultKind kind;
        uint8_t bit;    /* flip: below PI_FAULT_BITS */
        uint32_t count; /* flip: sums to spoil, 0 for all */
        double factor;  /* slow: above 1, at most PI_FAULT_FACTOR_MAX; thousandths count */
} PiFaultOrder;

/* Of one worker. Zero-initialised it does nothing. */
typedef struct PiFault {
        _Atomic uint64_t order; /* packed, so that it changes as one; 0 for none */
        uint16_t generation;    /* main thread: of the last order */
        uint16_t seen;          /* worker: the order that `mark_nsec` belongs to */
        uint64_t mark_nsec;     /* worker: thread CPU time when the last slow stretch ended */
} PiFault;

/* Replaces the order; main thread. A hung worker gets on when it is cleared or replaced. */
void pi_fault_arm(PiFault *fault, const PiFaultOrder *order);

/* For the inline function below. */
void pi_fault_act(PiFault *fault, uint64_t order, const atomic_bool *cancelled, PiRange range,
                  PiFixed *sum);

/* To be called by the worker for each sum it is about to verify. A flip of bit b changes `sum` as a
 * flip of that bit in a total of 64-bit quotients would: by 2^(b-s), s the scale of the last
 * group's octave. Costs one relaxed load while nothing is armed. */
static inline void pi_fault_touch(PiFault *fault, const atomic_bool *cancelled, PiRange range,
                                  PiFixed *sum) {
        uint64_t order = atomic_load_explicit(&fault->order, memory_order_relaxed);

        if (G_UNLIKELY(order))
                pi_fault_act(fault, order, cancelled, range, sum);
}

/* To be called for each verified sum that goes to another node. */
void pi_fault_touch_answer(const PiFault *fault, PiFixed *sum);

/* "none", "flip", "slow", "hang" or "lie". */
const char *pi_fault_kind_to_string(PiFaultKind kind);
