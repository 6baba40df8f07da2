/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "ctl/sweep-figures.h"
#include "ctl/sweep-view.h"

static void insert_figures(GVariantDict *d, const PiSweepFigures *f) {
        g_variant_dict_insert(d, "response_median_usec", "d", f->spread.median);
        g_variant_dict_insert(d, "response_min_usec", "d", f->spread.min);
        g_variant_dict_insert(d, "response_max_usec", "d", f->spread.max);
        g_variant_dict_insert(d, "cpu_utilization_median", "d", f->utilization);
        g_variant_dict_insert(d, "throughput_terms", "d", f->terms_per_second);
        g_variant_dict_insert(d, "speedup", "d", f->speedup);
        g_variant_dict_insert(d, "efficiency", "d", f->efficiency);
        if (f->cost_usec >= 0)
                g_variant_dict_insert(d, "cost_per_part_usec", "d", f->cost_usec);
}

/* The entries of the dictionary of the run, each with its figures. */
static GVariant *with_figures(const PiSweep *sweep, GVariant *run, const char *key,
                              const GPtrArray *list) {
        g_autoptr(GVariant) entries = g_variant_lookup_value(run, key, G_VARIANT_TYPE("aa{sv}"));
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < list->len; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i);
                PiSweepFigures f = pi_sweep_figures(sweep, list->pdata[i]);
                GVariantDict d;

                g_variant_dict_init(&d, entry);
                insert_figures(&d, &f);
                g_variant_builder_add_value(&b, g_variant_dict_end(&d));
        }
        return g_variant_builder_end(&b);
}

static GVariant *run_value(const PiSweep *sweep) {
        g_autoptr(GVariant) run = g_variant_ref_sink(pi_sweep_to_variant(sweep));
        g_autofree char *text = NULL;
        PiSweepKnee knee;
        GVariantDict d;

        g_variant_dict_init(&d, run);
        if (sweep->id > 0) {
                g_variant_dict_insert(&d, PI_SWEEP_ID, "t", sweep->id);
                g_variant_dict_insert(&d, PI_SWEEP_OWNER, "u", sweep->owner);
                g_variant_dict_insert(&d, PI_SWEEP_TIME_USEC, "t", sweep->time_usec);
        }
        g_variant_dict_insert(&d, "interrupted", "b", sweep->interrupted);
        g_variant_dict_insert_value(&d, PI_SWEEP_BASELINES,
                                    with_figures(sweep, run, PI_SWEEP_BASELINES,
                                                 sweep->baselines));
        g_variant_dict_insert_value(&d, PI_SWEEP_POINTS,
                                    with_figures(sweep, run, PI_SWEEP_POINTS, sweep->points));
        if (pi_sweep_knee(sweep, &knee)) {
                text = pi_sweep_knee_text(sweep);
                g_variant_dict_insert(&d, "best_parts", "t",
                                      pi_sweep_point(sweep, knee.best)->parts);
                g_variant_dict_insert(&d, "enough_parts", "t",
                                      pi_sweep_point(sweep, knee.enough)->parts);
                g_variant_dict_insert(&d, "most_parts", "t",
                                      pi_sweep_point(sweep, knee.most)->parts);
                g_variant_dict_insert(&d, "knee", "s", text);
        }
        return g_variant_ref_sink(g_variant_dict_end(&d));
}

void pi_sweep_append_json(PiOutput *out, const PiSweep *sweep) {
        g_autoptr(GVariant) value = run_value(sweep);
        pi_json_append(value, out->json, out->text);
}

void pi_csv_append_text(GString *out, const char *text) {
        if (!strpbrk(text, "\",\r\n")) {
                g_string_append(out, text);
                return;
        }
        g_string_append_c(out, '"');
        for (; *text; text++) {
                if (*text == '"')
                        g_string_append_c(out, '"');
                g_string_append_c(out, *text);
        }
        g_string_append_c(out, '"');
}

void pi_csv_append_double(GString *out, double value) {
        char digits[G_ASCII_DTOSTR_BUF_SIZE];

        if (isfinite(value))
                g_string_append(out, g_ascii_formatd(digits, sizeof(digits), "%.10g", value));
}

static void append_row(GString *out, const PiSweep *sweep, const PiSweepSeries *s, gboolean point) {
        PiSweepFigures f = pi_sweep_figures(sweep, s);
        const double figures[] = {
                f.spread.median, f.spread.min, f.spread.max, f.utilization,
                f.terms_per_second, f.speedup, f.efficiency,
        };

        g_string_append(out, point ? "point," : "baseline,");
        pi_csv_append_text(out, s->kernel);
        g_string_append_printf(out, ",%" G_GUINT64_FORMAT ",%u,%" G_GUINT64_FORMAT ",%u", s->terms,
                               point ? sweep->cpus : 1, s->parts, pi_sweep_series_length(s));
        for (guint i = 0; i < G_N_ELEMENTS(figures); i++) {
                g_string_append_c(out, ',');
                /* A baseline has one worker, and its speed-up is that worker's. */
                if (i == G_N_ELEMENTS(figures) - 1 && !point)
                        continue;
                pi_csv_append_double(out, figures[i]);
        }
        g_string_append_c(out, ',');
        if (f.cost_usec >= 0)
                pi_csv_append_double(out, f.cost_usec);
        g_string_append_printf(out, ",%u\r\n", MAX(s->nodes, 1));
}

void pi_sweep_append_csv(GString *out, const PiSweep *sweep) {
        g_string_append(out, "kind,kernel,terms,cpus,parts,samples,response_median_usec,"
                             "response_min_usec,response_max_usec,cpu_utilization,"
                             "throughput_terms,speedup,efficiency,cost_per_part_usec,nodes\r\n");
        for (guint i = 0; i < sweep->baselines->len; i++)
                append_row(out, sweep, pi_sweep_baseline(sweep, i), FALSE);
        for (guint i = 0; i < sweep->points->len; i++)
                append_row(out, sweep, pi_sweep_point(sweep, i), TRUE);
}
