/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "ctl/format.h"
#include "ctl/sweep-figures.h"
#include "ctl/sweep-view.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "dbus/error.h"

#define TEXT_MAX 64

PiSweepChange pi_sweep_change(const PiSweepSeries *now, const PiSweepSeries *then) {
        PiSweepSpread a = pi_sweep_spread(now->response_usec);
        PiSweepSpread b = pi_sweep_spread(then->response_usec);

        if (pi_sweep_is_apart(&b, &a))
                return PI_SWEEP_FASTER;
        return pi_sweep_is_apart(&a, &b) ? PI_SWEEP_SLOWER : PI_SWEEP_SAME;
}

static const char *change_text(PiSweepChange change) {
        switch (change) {
        case PI_SWEEP_FASTER:
                return "faster";
        case PI_SWEEP_SLOWER:
                return "slower";
        case PI_SWEEP_SAME:
        default:
                return "same";
        }
}

static const char *axis_text(gboolean over_nodes) {
        return over_nodes ? "nodes" : "parts";
}

gboolean pi_sweep_can_compare(guint64 now_terms, gboolean now_over_nodes, const PiSweep *then,
                              GError **error) {
        g_autofree char *now_text = NULL, *then_text = NULL;

        if (now_over_nodes != pi_sweep_is_over_nodes(then)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "run %" G_GUINT64_FORMAT " is over the number of %s, this one over "
                            "that of %s: they cannot be compared; choose another run from pictl "
                            "sweep history", then->id,
                            axis_text(pi_sweep_is_over_nodes(then)), axis_text(now_over_nodes));
                return FALSE;
        }
        if (now_terms == then->terms)
                return TRUE;
        now_text = pi_format_count(now_terms);
        then_text = pi_format_count(then->terms);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "run %" G_GUINT64_FORMAT " is of %s terms, this one of %s: only runs of as "
                    "many terms can be compared; measure with --terms=%s, or choose another run "
                    "from pictl sweep history", then->id, then_text, now_text, then_text);
        return FALSE;
}

/* Every number of parts, or of nodes, that one of them has, growing; array of guint64. */
static GArray *all_keys(const PiSweep *a, const PiSweep *b) {
        GArray *all = g_array_new(FALSE, FALSE, sizeof(guint64));
        guint i = 0, k = 0;

        while (i < a->points->len || k < b->points->len) {
                guint64 x = i < a->points->len ? pi_sweep_key(pi_sweep_point(a, i))
                                               : G_MAXUINT64;
                guint64 y = k < b->points->len ? pi_sweep_key(pi_sweep_point(b, k))
                                               : G_MAXUINT64;
                guint64 next = MIN(x, y);

                g_array_append_val(all, next);
                i += i < a->points->len && x == next;
                k += k < b->points->len && y == next;
        }
        return all;
}

static double median_of(const PiSweepSeries *s) {
        return s ? pi_sweep_spread(s->response_usec).median : 0;
}

/* now / then, 0 if one of them is missing. */
static double ratio_of(const PiSweepSeries *now, const PiSweepSeries *then) {
        double before = median_of(then);
        return now && before > 0 ? median_of(now) / before : 0;
}

static char *median_text(const PiSweepSeries *s) {
        return s ? pi_format_usec((guint64) llround(median_of(s))) : g_strdup("-");
}

/* Of the column: a stored run by its number. */
static char *name_of(const PiSweep *sweep) {
        return sweep->id > 0 ? g_strdup_printf("RUN %" G_GUINT64_FORMAT, sweep->id)
                             : g_strdup("THIS RUN");
}

static void append_title(PiOutput *out, const PiSweep *sweep) {
        gboolean utf8 = out->terminal.utf8;
        g_autofree char *name = name_of(sweep), *moment = pi_format_moment(sweep->begin_usec);
        g_autofree char *kernel = pi_text_escape(sweep->kernel, utf8, TEXT_MAX);
        g_autofree char *host = pi_text_escape(sweep->host, utf8, TEXT_MAX);
        g_autofree char *label = pi_text_escape(sweep->label, utf8, 0);

        pi_output_printf(out, "%s: %s, %u worker%s, kernel %s, %s%s%s\n", name, host, sweep->cpus,
                         sweep->cpus == 1 ? "" : "s", kernel, moment, label[0] ? ", " : "", label);
}

static PiStyle style_of(PiSweepChange change) {
        if (change == PI_SWEEP_FASTER)
                return PI_STYLE_GOOD;
        return change == PI_SWEEP_SLOWER ? PI_STYLE_BUSY : PI_STYLE_PLAIN;
}

static void take_row(PiTable *table, guint64 key, const PiSweepSeries *now,
                     const PiSweepSeries *then) {
        PiSweepChange change = now && then ? pi_sweep_change(now, then) : PI_SWEEP_SAME;
        double ratio = ratio_of(now, then);

        pi_table_take(table, pi_format_count(key), PI_STYLE_PLAIN);
        pi_table_take(table, median_text(then), PI_STYLE_PLAIN);
        pi_table_take(table, median_text(now), PI_STYLE_PLAIN);
        pi_table_take(table, ratio > 0 ? g_strdup_printf("%.3f", ratio) : g_strdup("-"),
                      style_of(change));
        pi_table_take(table, g_strdup(change == PI_SWEEP_SAME ? "" : change_text(change)),
                      style_of(change));
}

void pi_sweep_append_comparison(PiOutput *out, const PiSweep *now, const PiSweep *then) {
        g_autofree char *now_name = name_of(now), *then_name = name_of(then);
        const PiColumn columns[] = {
                { pi_sweep_is_over_nodes(now) ? "NODES" : "PARTS", TRUE }, { then_name, TRUE },
                { now_name, TRUE }, { "RATIO", TRUE }, { "", FALSE },
        };
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        g_autoptr(GArray) keys = all_keys(now, then);

        for (guint i = 0; i < keys->len; i++) {
                guint64 n = g_array_index(keys, guint64, i);
                take_row(table, n, pi_sweep_find_point(now, n), pi_sweep_find_point(then, n));
        }
        if (out->legend) {
                append_title(out, then);
                append_title(out, now);
                pi_output_printf(out, "\n");
        }
        pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out, "\nMedians of the response time; the ratio is %s over %s.\n"
                                 "Faster or slower: the ranges do not overlap.\n", now_name,
                                 then_name);
}

void pi_sweep_append_comparison_json(PiOutput *out, const PiSweep *now, const PiSweep *then) {
        g_autoptr(GArray) keys = all_keys(now, then);
        g_autoptr(GVariant) value = NULL;
        GVariantBuilder list;
        GVariantDict d;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < keys->len; i++) {
                guint64 n = g_array_index(keys, guint64, i);
                const PiSweepSeries *a = pi_sweep_find_point(now, n);
                const PiSweepSeries *b = pi_sweep_find_point(then, n);
                GVariantDict row;

                g_variant_dict_init(&row, NULL);
                g_variant_dict_insert(&row, axis_text(pi_sweep_is_over_nodes(now)), "t", n);
                if (b)
                        g_variant_dict_insert(&row, "then_median_usec", "d", median_of(b));
                if (a)
                        g_variant_dict_insert(&row, "now_median_usec", "d", median_of(a));
                if (a && b) {
                        g_variant_dict_insert(&row, "ratio", "d", ratio_of(a, b));
                        g_variant_dict_insert(&row, "change", "s",
                                              change_text(pi_sweep_change(a, b)));
                }
                g_variant_builder_add_value(&list, g_variant_dict_end(&row));
        }
        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert_value(&d, "then", pi_sweep_to_variant(then));
        g_variant_dict_insert_value(&d, "now", pi_sweep_to_variant(now));
        g_variant_dict_insert(&d, "then_id", "t", then->id);
        g_variant_dict_insert(&d, "now_id", "t", now->id);
        g_variant_dict_insert_value(&d, PI_SWEEP_POINTS, g_variant_builder_end(&list));
        value = g_variant_ref_sink(g_variant_dict_end(&d));
        pi_json_append(value, out->json, out->text);
}

void pi_sweep_append_comparison_csv(GString *out, const PiSweep *now, const PiSweep *then) {
        g_autoptr(GArray) keys = all_keys(now, then);

        g_string_append_printf(out, "%s,then_median_usec,now_median_usec,ratio,change\r\n",
                               axis_text(pi_sweep_is_over_nodes(now)));
        for (guint i = 0; i < keys->len; i++) {
                guint64 n = g_array_index(keys, guint64, i);
                const PiSweepSeries *a = pi_sweep_find_point(now, n);
                const PiSweepSeries *b = pi_sweep_find_point(then, n);

                g_string_append_printf(out, "%" G_GUINT64_FORMAT ",", n);
                if (b)
                        pi_csv_append_double(out, median_of(b));
                g_string_append_c(out, ',');
                if (a)
                        pi_csv_append_double(out, median_of(a));
                g_string_append_c(out, ',');
                if (a && b)
                        pi_csv_append_double(out, ratio_of(a, b));
                g_string_append_printf(out, ",%s\r\n",
                                       a && b ? change_text(pi_sweep_change(a, b)) : "");
        }
}
