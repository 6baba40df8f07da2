/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/steps.h"

#include <glib.h>
#include <stdint.h>

/* A log-linear histogram of unsigned values (microseconds, nanoseconds): below 32 each value has a
 * bucket of its own, above it every octave has 32 buckets of equal width, so a bucket is at most
 * 1/32 of its values wide. Beside them values are counted exactly by the bounds of
 * daemon/metrics/steps.h. Memory is fixed whatever is recorded. */
#define PI_HISTOGRAM_SUB_BITS 5
#define PI_HISTOGRAM_BUCKETS ((64 - PI_HISTOGRAM_SUB_BITS + 1) << PI_HISTOGRAM_SUB_BITS)

/* All bytes zero is an empty histogram, so it can be embedded or cleared with memset(). */
typedef struct PiHistogram {
        uint64_t count; /* values recorded; like sum it stays at UINT64_MAX rather than wrap */
        uint64_t sum;
        uint64_t min; /* of no meaning while count is 0 */
        uint64_t max;
        uint64_t buckets[PI_HISTOGRAM_BUCKETS];
        uint64_t steps[PI_STEPS + 1]; /* values above the bound before, up to this one */
} PiHistogram;

PiHistogram *pi_histogram_new(void);
void pi_histogram_free(PiHistogram *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiHistogram, pi_histogram_free)

/* Records `value` `count` times; a count of 0 changes nothing. */
void pi_histogram_record(PiHistogram *h, uint64_t value, uint64_t count);

/* Adds everything that `from` recorded to `h`. */
void pi_histogram_merge(PiHistogram *h, const PiHistogram *from);

uint64_t pi_histogram_count(const PiHistogram *h);
uint64_t pi_histogram_sum(const PiHistogram *h);
/* The largest value recorded, exactly; 0 when nothing was. */
uint64_t pi_histogram_max(const PiHistogram *h);

/* How many values were recorded that are not above the bound of a step, exactly. */
uint64_t pi_histogram_count_up_to(const PiHistogram *h, unsigned step);

/* The value of rank ceil(q * count), q in [0, 1] (others are clamped): within 1/64 of the exact
 * one, and exact for q = 0, q = 1 and values below 32. 0 when nothing was recorded: ask the count
 * first. */
uint64_t pi_histogram_quantile(const PiHistogram *h, double q);
