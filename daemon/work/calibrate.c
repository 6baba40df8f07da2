/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/calibrate.h"

#include <glib.h>
#include <stdlib.h>

#include "daemon/series/sum.h"
#include "daemon/work/clock.h"

#define BUDGET_NSEC 10000000
#define ROUNDS_MIN 5
#define ROUNDS_MAX 101

/* Far past the head, whose sums come from a table. */
#define FIRST_TERM (UINT64_C(1) << 30)
#define ROUND_TERMS (UINT64_C(1) << 20)

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double pi_calibrate(const PiKernel *kernel) {
        double rate[ROUNDS_MAX];
        uint64_t spent = 0;
        size_t n = 0;

        while (n < ROUNDS_MAX && (n < ROUNDS_MIN || spent < BUDGET_NSEC)) {
                uint64_t start = pi_clock_nsec(CLOCK_MONOTONIC), elapsed;
                PiFixed sum;

                pi_sum_range(kernel, (PiRange) { FIRST_TERM, FIRST_TERM + ROUND_TERMS }, &sum);
                elapsed = MAX(pi_clock_nsec(CLOCK_MONOTONIC) - start, 1);
                rate[n++] = (double) ROUND_TERMS * 1e9 / (double) elapsed;
                spent += elapsed;
        }
        qsort(rate, n, sizeof(rate[0]), compare_doubles);
        return rate[n / 2];
}

struct PiCalibrator {
        GThread *thread;
        double *rates;
        GSource *finished; /* becomes ready when the rates are there */
        PiCalibrated done;
        gpointer userdata;
};

static gpointer calibrate_all(gpointer userdata) {
        PiCalibrator *c = userdata;

        for (gsize i = 0; pi_kernels()[i]; i++)
                c->rates[i] = pi_calibrate(pi_kernels()[i]);
        g_source_set_ready_time(c->finished, 0);
        return NULL;
}

static gboolean tell(gpointer userdata) {
        PiCalibrator *c = userdata;

        g_thread_join(g_steal_pointer(&c->thread));
        c->done(c->rates, c->userdata);
        return G_SOURCE_REMOVE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        return callback(userdata);
}

static GSourceFuncs finished_funcs = { .dispatch = dispatch };

PiCalibrator *pi_calibrator_new(PiCalibrated done, gpointer userdata, GError **error) {
        PiCalibrator *c = g_new0(PiCalibrator, 1);
        gsize n = 0;

        while (pi_kernels()[n])
                n++;
        c->rates = g_new0(double, n);
        c->done = done;
        c->userdata = userdata;
        c->finished = g_source_new(&finished_funcs, sizeof(GSource));
        g_source_set_callback(c->finished, tell, c, NULL);
        g_source_attach(c->finished, NULL);
        c->thread = g_thread_try_new("calibration", calibrate_all, c, error);
        if (c->thread)
                return c;
        pi_calibrator_free(c);
        return NULL;
}

void pi_calibrator_free(PiCalibrator *c) {
        if (!c)
                return;
        if (c->thread)
                g_thread_join(c->thread);
        g_source_destroy(c->finished);
        g_source_unref(c->finished);
        g_free(c->rates);
        g_free(c);
}
