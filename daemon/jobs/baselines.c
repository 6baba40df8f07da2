/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/baselines.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/work/calibrate.h"
#include "daemon/work/cpus.h"
#include "dbus/error.h"

typedef struct Baseline {
        const PiKernel *kernel;
        double rate[PI_BASELINES_MEASUREMENTS]; /* terms a second, oldest first */
        guint n;
        uint64_t newest_usec; /* CLOCK_REALTIME */
} Baseline;

struct PiBaselines {
        Baseline measured[PI_METRICS_BASELINES_MAX];
        PiMetricsBaseline list[PI_METRICS_BASELINES_MAX]; /* what came of them */
        size_t n;
        char *cpu_model;
        PiStore *store; /* may be NULL */
        PiCalibrator *calibrator; /* at work, or NULL */
        void (*done)(gpointer userdata);
        gpointer userdata;
};

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static double median(const Baseline *b) {
        double sorted[PI_BASELINES_MEASUREMENTS];

        memcpy(sorted, b->rate, b->n * sizeof(double));
        qsort(sorted, b->n, sizeof(double), compare_doubles);
        return b->n % 2 ? sorted[b->n / 2] : (sorted[b->n / 2 - 1] + sorted[b->n / 2]) / 2;
}

static void update(PiBaselines *baselines, size_t i) {
        const Baseline *b = &baselines->measured[i];

        baselines->list[i] = (PiMetricsBaseline) {
                .kernel = b->kernel->name,
                .terms_per_second = median(b),
                .measurements = b->n,
                .measured_usec = b->newest_usec,
        };
}

static void take(PiBaselines *baselines, size_t i, double rate) {
        Baseline *b = &baselines->measured[i];

        if (b->n == PI_BASELINES_MEASUREMENTS)
                memmove(b->rate, b->rate + 1, --b->n * sizeof(double));
        b->rate[b->n++] = rate;
        b->newest_usec = (uint64_t) g_get_real_time();
        update(baselines, i);
}

static void add(PiBaselines *baselines, const PiKernel *kernel) {
        if (baselines->n == PI_METRICS_BASELINES_MAX)
                return;
        baselines->measured[baselines->n].kernel = kernel;
        take(baselines, baselines->n++, pi_calibrate(kernel));
}

PiBaselines *pi_baselines_new(const PiKernel *first) {
        PiBaselines *baselines = g_new0(PiBaselines, 1);

        baselines->cpu_model = pi_cpus_model();
        add(baselines, first);
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                if (*k != first)
                        add(baselines, *k);
        return baselines;
}

void pi_baselines_free(PiBaselines *baselines) {
        if (!baselines)
                return;
        pi_calibrator_free(baselines->calibrator);
        g_free(baselines->cpu_model);
        g_free(baselines);
}

double pi_baselines_rate(const PiBaselines *baselines, const PiKernel *kernel) {
        for (size_t i = 0; i < baselines->n; i++)
                if (baselines->measured[i].kernel == kernel)
                        return baselines->list[i].terms_per_second;
        return 0;
}

const PiMetricsBaseline *pi_baselines_list(const PiBaselines *baselines, size_t *ret_n) {
        *ret_n = baselines->n;
        return baselines->list;
}

GVariant *pi_baselines_to_variant(const PiBaselines *baselines) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < baselines->n; i++) {
                const PiMetricsBaseline *b = &baselines->list[i];

                g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
                g_variant_builder_add(&list, "{sv}", "kernel", g_variant_new_string(b->kernel));
                g_variant_builder_add(&list, "{sv}", "terms_per_second",
                                      g_variant_new_double(b->terms_per_second));
                g_variant_builder_close(&list);
        }
        return g_variant_builder_end(&list);
}

/* The newest of them first, each in front of what is there, while there is room. */
void pi_baselines_remember(PiBaselines *baselines, const GArray *calibrations) {
        for (guint k = calibrations->len; k-- > 0;) {
                const PiCalibration *c = &g_array_index(calibrations, PiCalibration, k);

                for (size_t i = 0; i < baselines->n; i++) {
                        Baseline *b = &baselines->measured[i];

                        if (!g_str_equal(c->kernel, b->kernel->name) ||
                            !g_str_equal(c->cpu_model, baselines->cpu_model) ||
                            !(c->terms_per_second > 0) || b->n == PI_BASELINES_MEASUREMENTS)
                                continue;
                        memmove(b->rate + 1, b->rate, b->n++ * sizeof(double));
                        b->rate[0] = c->terms_per_second;
                        update(baselines, i);
                }
        }
}

static void put_newest(const PiBaselines *baselines) {
        for (size_t i = 0; i < baselines->n; i++) {
                const Baseline *b = &baselines->measured[i];
                PiCalibration row = {
                        .kernel = (char *) b->kernel->name,
                        .cpu_model = baselines->cpu_model,
                        .measured_usec = b->newest_usec,
                        .terms_per_second = b->rate[b->n - 1],
                };

                pi_store_put_calibration(baselines->store, &row);
        }
}

void pi_baselines_keep_in(PiBaselines *baselines, PiStore *store) {
        baselines->store = store;
        put_newest(baselines);
}

static void calibrated(const double *rates, gpointer userdata) {
        PiBaselines *baselines = userdata;

        for (gsize k = 0; pi_kernels()[k]; k++)
                for (size_t i = 0; i < baselines->n; i++)
                        if (baselines->measured[i].kernel == pi_kernels()[k])
                                take(baselines, i, rates[k]);
        g_clear_pointer(&baselines->calibrator, pi_calibrator_free);
        if (baselines->store)
                put_newest(baselines);
        baselines->done(baselines->userdata);
}

gboolean pi_baselines_measure(PiBaselines *baselines, void (*done)(gpointer userdata),
                              gpointer userdata, GError **error) {
        if (baselines->calibrator) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "A calibration is going on: try again when it is done");
                return FALSE;
        }
        baselines->done = done;
        baselines->userdata = userdata;
        baselines->calibrator = pi_calibrator_new(calibrated, baselines, error);
        return baselines->calibrator != NULL;
}
