/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdint.h>

#include "daemon/series/kernel.h"

/* Holds worker threads inside a kernel until the test lets them go on. POSIX locks, not GLib's:
 * the thread sanitizer understands them. */
typedef struct Gate {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        uint64_t calls; /* let through so far */
        uint64_t limit; /* how many to let through */
        unsigned waiting;
} Gate;

#define GATE_OPEN { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, UINT64_MAX, 0 }

static inline void gate_pass(Gate *gate) {
        pthread_mutex_lock(&gate->mutex);
        gate->waiting++;
        pthread_cond_broadcast(&gate->changed);
        while (gate->calls >= gate->limit)
                pthread_cond_wait(&gate->changed, &gate->mutex);
        gate->waiting--;
        gate->calls++;
        pthread_mutex_unlock(&gate->mutex);
}

static inline void gate_set_limit(Gate *gate, uint64_t more) {
        pthread_mutex_lock(&gate->mutex);
        gate->limit = more > UINT64_MAX - gate->calls ? UINT64_MAX : gate->calls + more;
        pthread_cond_broadcast(&gate->changed);
        pthread_mutex_unlock(&gate->mutex);
}

static inline void gate_open(Gate *gate) {
        gate_set_limit(gate, UINT64_MAX);
}

static inline void gate_close(Gate *gate) {
        gate_set_limit(gate, 0);
}

/* Lets `calls` more through and closes behind them. */
static inline void gate_allow(Gate *gate, uint64_t calls) {
        gate_set_limit(gate, calls);
}

/* Until the gate is used up and this many threads stand before it. */
static inline void gate_wait_for(Gate *gate, unsigned waiting) {
        pthread_mutex_lock(&gate->mutex);
        while (gate->waiting != waiting || gate->calls != gate->limit)
                pthread_cond_wait(&gate->changed, &gate->mutex);
        pthread_mutex_unlock(&gate->mutex);
}

/* Each program that includes this has one gate and one kernel behind it. Its calls are those of
 * body groups, so tasks of fewer than PI_HEAD_GROUPS groups never come to the gate. */
static Gate gate = GATE_OPEN;

static inline uint64_t gate_sum_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        gate_pass(&gate);
        return pi_kernel_generic.sum_groups(first, n, scaled_numerator);
}

static inline bool gate_supported(void) {
        return true;
}

static const PiKernel gate_kernel = {
        .name = "gate",
        .exact = true,
        .supported = gate_supported,
        .sum_groups = gate_sum_groups,
};
