/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <time.h>

/* A clock in nanoseconds. Cannot fail for the clocks every Linux has. */
static inline uint64_t pi_clock_nsec(clockid_t id) {
        struct timespec t;

        clock_gettime(id, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}
