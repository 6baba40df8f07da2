/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Rates over the last minute, from samples of counters that only grow. */
#define PI_WINDOW_SPAN_USEC (60 * G_USEC_PER_SEC)
#define PI_WINDOW_SAMPLES 61

typedef struct PiWindowCounters {
        uint64_t terms;
        uint64_t parts;
        uint64_t jobs;
        uint64_t busy_usec;
} PiWindowCounters;

typedef struct PiWindowSample {
        int64_t usec; /* monotonic */
        PiWindowCounters counters;
} PiWindowSample;

/* All bytes zero is an empty window. */
typedef struct PiWindow {
        PiWindowSample ring[PI_WINDOW_SAMPLES];
        size_t first; /* the oldest sample */
        size_t n;
} PiWindow;

typedef struct PiWindowRates {
        uint64_t covered_usec; /* what the rates are over, 1 .. PI_WINDOW_SPAN_USEC */
        double terms_per_second;
        double parts_per_second;
        double jobs_per_second;
        double busy_usec_per_second;
} PiWindowRates;

/* Adds a sample; one not later than the newest replaces the newest's counters. Samples closer than
 * a second are thinned, so the ring covers a whole minute however often this is called. */
void pi_window_add(PiWindow *w, int64_t usec, const PiWindowCounters *counters);

/* The rates between `usec` - 60 s, or the oldest sample if that is later, and `usec`, where the
 * counters stand at `now`. Between two samples the counters are taken to grow evenly.
 * FALSE when no time is covered yet. */
gboolean pi_window_rates(const PiWindow *w, int64_t usec, const PiWindowCounters *now,
                         PiWindowRates *ret);
