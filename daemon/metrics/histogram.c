/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/histogram.h"

#include <math.h>

#define SUB_BUCKETS (1u << PI_HISTOGRAM_SUB_BITS)

/* Values below SUB_BUCKETS are their own index. Above, `shift` drops all but the leading bit and
 * the PI_HISTOGRAM_SUB_BITS after it, and each shift has a row of SUB_BUCKETS buckets. */
static unsigned bucket_of(uint64_t value) {
        if (value < SUB_BUCKETS)
                return (unsigned) value;

        unsigned shift = 63u - (unsigned) __builtin_clzll(value) - PI_HISTOGRAM_SUB_BITS;
        return (shift + 1) * SUB_BUCKETS + (unsigned) (value >> shift) - SUB_BUCKETS;
}

static uint64_t bucket_middle(unsigned bucket) {
        if (bucket < SUB_BUCKETS)
                return bucket;

        unsigned shift = bucket / SUB_BUCKETS - 1;
        uint64_t low = (uint64_t) (SUB_BUCKETS + bucket % SUB_BUCKETS) << shift;
        return low + ((UINT64_C(1) << shift) >> 1);
}

static uint64_t add_saturated(uint64_t a, uint64_t b) {
        uint64_t sum;
        return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply_saturated(uint64_t a, uint64_t b) {
        uint64_t product;
        return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

PiHistogram *pi_histogram_new(void) {
        return g_new0(PiHistogram, 1);
}

void pi_histogram_free(PiHistogram *h) {
        g_free(h);
}

void pi_histogram_record(PiHistogram *h, uint64_t value, uint64_t count) {
        if (count == 0)
                return;

        h->min = h->count == 0 ? value : MIN(h->min, value);
        h->max = MAX(h->max, value);
        h->count = add_saturated(h->count, count);
        h->sum = add_saturated(h->sum, multiply_saturated(value, count));

        uint64_t *bucket = &h->buckets[bucket_of(value)], *step = &h->steps[pi_step_of(value)];
        *bucket = add_saturated(*bucket, count);
        *step = add_saturated(*step, count);
}

void pi_histogram_merge(PiHistogram *h, const PiHistogram *from) {
        if (from->count == 0)
                return;

        h->min = h->count == 0 ? from->min : MIN(h->min, from->min);
        h->max = MAX(h->max, from->max);
        h->count = add_saturated(h->count, from->count);
        h->sum = add_saturated(h->sum, from->sum);
        for (size_t i = 0; i < PI_HISTOGRAM_BUCKETS; i++)
                h->buckets[i] = add_saturated(h->buckets[i], from->buckets[i]);
        for (size_t i = 0; i < G_N_ELEMENTS(h->steps); i++)
                h->steps[i] = add_saturated(h->steps[i], from->steps[i]);
}

uint64_t pi_histogram_count(const PiHistogram *h) {
        return h->count;
}

uint64_t pi_histogram_sum(const PiHistogram *h) {
        return h->sum;
}

uint64_t pi_histogram_max(const PiHistogram *h) {
        return h->max;
}

uint64_t pi_histogram_count_up_to(const PiHistogram *h, unsigned step) {
        uint64_t count = 0;

        for (unsigned i = 0; i <= step; i++)
                count = add_saturated(count, h->steps[i]);
        return count;
}

uint64_t pi_histogram_quantile(const PiHistogram *h, double q) {
        if (h->count == 0)
                return 0;
        if (!(q > 0)) /* also a NaN */
                return h->min;

        double rank = ceil(q * (double) h->count);
        if (rank <= 1)
                return h->min;
        if (rank >= (double) h->count)
                return h->max;

        uint64_t below = 0;
        for (unsigned i = 0; i < PI_HISTOGRAM_BUCKETS; i++) {
                below = add_saturated(below, h->buckets[i]);
                if ((double) below >= rank)
                        return CLAMP(bucket_middle(i), h->min, h->max);
        }
        return h->max;
}
