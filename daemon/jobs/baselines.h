/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/metrics.h"
#include "daemon/series/kernel.h"
#include "daemon/store/store.h"

/* The rate of one thread with each kernel, which speed-up is against: the median of what was
 * measured at the last starts of the service and since. A single measurement on a busy machine may
 * be off by tens of percent. For the main thread. */
typedef struct PiBaselines PiBaselines;

#define PI_BASELINES_MEASUREMENTS 9

/* Measures every kernel, which takes about 10 ms each: before any worker is busy. `first`: the
 * kernel of jobs that name none, and the first of the list. */
PiBaselines *pi_baselines_new(const PiKernel *first);
void pi_baselines_free(PiBaselines *baselines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiBaselines, pi_baselines_free)

/* Terms a second; 0 for a kernel that is not of this CPU. */
double pi_baselines_rate(const PiBaselines *baselines, const PiKernel *kernel);

/* They live as long as `baselines`. */
const PiMetricsBaseline *pi_baselines_list(const PiBaselines *baselines, size_t *ret_n);

/* Rows kernel s, terms_per_second d; a floating aa{sv}. */
GVariant *pi_baselines_to_variant(const PiBaselines *baselines);

/* Takes in what earlier services measured on such a CPU: PiCalibration, oldest first. */
void pi_baselines_remember(PiBaselines *baselines, const GArray *calibrations);

/* Puts what was measured last, and what will be, into a store. */
void pi_baselines_keep_in(PiBaselines *baselines, PiStore *store);

/* Measures again, in a thread of its own, and tells `done` in the main loop. Errors:
 * PI_ERROR_FAILED while it does. */
gboolean pi_baselines_measure(PiBaselines *baselines, void (*done)(gpointer userdata),
                              gpointer userdata, GError **error);
