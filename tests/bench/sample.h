/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What was measured again and again: one value a run. */
typedef struct BenchSample BenchSample;

BenchSample *bench_sample_new(void);
void bench_sample_free(BenchSample *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BenchSample, bench_sample_free)

void bench_sample_add(BenchSample *s, double value);

/* The value of one run, counted from 0. */
double bench_sample_at(const BenchSample *s, gsize run);
gsize bench_sample_size(const BenchSample *s);

/* Of a sample that is not empty; 0 <= q <= 1, 0 and 1 being its range. */
double bench_sample_quantile(const BenchSample *s, double q);
double bench_sample_median(const BenchSample *s);

/* a / b run by run: runs of one round saw the same machine, so what slows both cancels out. The
 * samples have the same size. */
BenchSample *bench_sample_ratio(const BenchSample *a, const BenchSample *b);

/* The numbers 0 to n - 1 in an order that is another one each time; freed with g_free(). */
guint *bench_shuffled(guint n);

/* CLOCK_MONOTONIC in seconds. */
double bench_seconds(void);
