/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/window.h"

static const PiWindowSample *sample_at(const PiWindow *w, size_t i) {
        return &w->ring[(w->first + i) % PI_WINDOW_SAMPLES];
}

static PiWindowSample *newest(PiWindow *w) {
        return &w->ring[(w->first + w->n - 1) % PI_WINDOW_SAMPLES];
}

/* The newest sample gives way when the one before it is less than two seconds old, so any two
 * neighbouring intervals together are at least two seconds long, and the 60 intervals of a full
 * ring at least a minute. A longer one is never merged: the samples round an idle time stay. */
static gboolean newest_gives_way(PiWindow *w, int64_t usec) {
        if (w->n > 0 && usec <= newest(w)->usec)
                return TRUE;
        return w->n > 1 && usec - sample_at(w, w->n - 2)->usec < 2 * G_USEC_PER_SEC;
}

void pi_window_add(PiWindow *w, int64_t usec, const PiWindowCounters *counters) {
        if (newest_gives_way(w, usec)) {
                newest(w)->usec = MAX(newest(w)->usec, usec);
                newest(w)->counters = *counters;
                return;
        }

        if (w->n == PI_WINDOW_SAMPLES)
                w->first = (w->first + 1) % PI_WINDOW_SAMPLES;
        else
                w->n++;
        *newest(w) = (PiWindowSample) { .usec = usec, .counters = *counters };
}

/* What a counter grew by from the place `at` (0 to 1) between `from` and `to`, up to `now`. */
static double growth(uint64_t from, uint64_t to, uint64_t now, double at) {
        double before = (double) (to > from ? to - from : 0) * (1 - at);
        return before + (double) (now > to ? now - to : 0);
}

gboolean pi_window_rates(const PiWindow *w, int64_t usec, const PiWindowCounters *now,
                         PiWindowRates *ret) {
        if (w->n == 0 || sample_at(w, 0)->usec >= usec)
                return FALSE;

        int64_t start = MAX(usec - PI_WINDOW_SPAN_USEC, sample_at(w, 0)->usec);
        size_t i = w->n - 1;
        while (sample_at(w, i)->usec > start)
                i--;

        /* `start` lies in the interval from sample i to the next one, which may be the present. */
        const PiWindowSample *from = sample_at(w, i);
        PiWindowSample present = { .usec = usec, .counters = *now };
        const PiWindowSample *to = i + 1 < w->n && sample_at(w, i + 1)->usec < usec
                ? sample_at(w, i + 1) : &present;
        double at = (double) (start - from->usec) / (double) (to->usec - from->usec);
        double seconds = (double) (usec - start) / G_USEC_PER_SEC;
        const PiWindowCounters *a = &from->counters, *b = &to->counters;

        *ret = (PiWindowRates) {
                .covered_usec = (uint64_t) (usec - start),
                .terms_per_second = growth(a->terms, b->terms, now->terms, at) / seconds,
                .parts_per_second = growth(a->parts, b->parts, now->parts, at) / seconds,
                .jobs_per_second = growth(a->jobs, b->jobs, now->jobs, at) / seconds,
                .busy_usec_per_second =
                        growth(a->busy_usec, b->busy_usec, now->busy_usec, at) / seconds,
        };
        return TRUE;
}
