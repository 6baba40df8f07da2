/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-view.h"

#include <math.h>
#include <string.h>

#include "ctl/format.h"
#include "ctl/sweep-figures.h"
#include "ctl/sweep-nodes.h"
#include "ctl/table.h"
#include "ctl/text.h"

/* Characters of a text of others. */
#define TEXT_MAX 64

#define LINE_MAX_COLUMNS 80

/* Workers that had a CPU for less of the time were not alone. */
#define CPU_SHARE_LOW 0.75

static const PiColumn baseline_columns[] = {
        { "ONE THREAD", FALSE }, { "TERMS", TRUE },   { "RESPONSE", TRUE },
        { "RANGE", TRUE },       { "TERMS/S", TRUE }, { "MEASURED", TRUE },
};

static const PiColumn point_columns[] = {
        { "PARTS", TRUE },   { "RESPONSE", TRUE }, { "RANGE", TRUE },      { "CPU", TRUE },
        { "TERMS/S", TRUE }, { "SPEED-UP", TRUE }, { "EFFICIENCY", TRUE }, { "COST/PART", TRUE },
};

static const PiColumn node_columns[] = {
        { "NODES", TRUE },   { "RESPONSE", TRUE }, { "RANGE", TRUE },      { "CPU", TRUE },
        { "TERMS/S", TRUE }, { "SPEED-UP", TRUE }, { "EFFICIENCY", TRUE }, { "PARTS", TRUE },
};

G_STATIC_ASSERT(G_N_ELEMENTS(node_columns) == G_N_ELEMENTS(point_columns));

static char *usec_text(double usec) {
        return pi_format_usec((guint64) llround(MAX(usec, 0)));
}

/* "17.6..18.9 ms": the unit once where both have the same. */
static char *range_text(const PiSweepSpread *s) {
        g_autofree char *min = usec_text(s->min), *max = usec_text(s->max);
        char *min_unit = strchr(min, ' '), *max_unit = strchr(max, ' ');

        if (min_unit && max_unit && strcmp(min_unit, max_unit) == 0 && g_ascii_isalpha(min_unit[1]))
                *min_unit = '\0';
        return g_strdup_printf("%s..%s", min, max);
}

static char *factor_text(double factor) {
        return factor > 0 ? pi_format_number(factor) : g_strdup("-");
}

static char *cost_text(double usec) {
        return usec >= 0 ? pi_format_nsec((guint64) llround(MIN(usec, 1e15) * 1000))
                         : g_strdup("-");
}

static PiTable *make_baselines(const PiSweep *sweep, gboolean utf8) {
        PiTable *table = pi_table_new(baseline_columns, G_N_ELEMENTS(baseline_columns));

        for (guint i = 0; i < sweep->baselines->len; i++) {
                const PiSweepSeries *s = pi_sweep_baseline(sweep, i);
                PiSweepFigures f = pi_sweep_figures(sweep, s);
                guint times = pi_sweep_series_length(s);

                pi_table_take(table, pi_text_escape(s->kernel, utf8, TEXT_MAX), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_count(s->terms), PI_STYLE_PLAIN);
                pi_table_take(table, usec_text(f.spread.median), PI_STYLE_PLAIN);
                pi_table_take(table, range_text(&f.spread), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_amount(f.terms_per_second), PI_STYLE_PLAIN);
                pi_table_take(table, g_strdup_printf("%u time%s", times, times == 1 ? "" : "s"),
                              PI_STYLE_PLAIN);
        }
        return table;
}

/* A point that costs is shown as such; the fewest parts that are enough as good. */
static PiStyle style_of(const PiSweep *sweep, guint index) {
        PiSweepKnee knee;

        if (!pi_sweep_knee(sweep, &knee))
                return PI_STYLE_PLAIN;
        if (index > knee.most)
                return PI_STYLE_BUSY;
        return index == knee.enough ? PI_STYLE_GOOD : PI_STYLE_PLAIN;
}

static PiTable *make_points(const PiSweep *sweep) {
        gboolean nodes = pi_sweep_is_over_nodes(sweep);
        PiTable *table = pi_table_new(nodes ? node_columns : point_columns,
                                      G_N_ELEMENTS(point_columns));

        for (guint i = 0; i < sweep->points->len; i++) {
                const PiSweepSeries *s = pi_sweep_point(sweep, i);
                PiSweepFigures f = pi_sweep_figures(sweep, s);
                PiStyle style = style_of(sweep, i);

                pi_table_take(table, pi_format_count(pi_sweep_key(s)), style);
                pi_table_take(table, usec_text(f.spread.median), style);
                pi_table_take(table, range_text(&f.spread), PI_STYLE_FAINT);
                pi_table_take(table, pi_format_percent(f.utilization), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_amount(f.terms_per_second), PI_STYLE_PLAIN);
                pi_table_take(table, factor_text(f.speedup), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_percent(f.efficiency), PI_STYLE_PLAIN);
                pi_table_take(table, nodes ? pi_format_count(s->parts) : cost_text(f.cost_usec),
                              PI_STYLE_PLAIN);
        }
        return table;
}

/* One paragraph in lines of at most 80 columns. */
static char *wrap(const char *text) {
        char *lines = g_strdup(text), *line = lines;

        while (strlen(line) > LINE_MAX_COLUMNS) {
                char *space = g_strrstr_len(line, LINE_MAX_COLUMNS + 1, " ");

                if (!space)
                        break;
                *space = '\n';
                line = space + 1;
        }
        return lines;
}

static void append_head(PiOutput *out, const PiSweep *sweep) {
        gboolean utf8 = out->terminal.utf8;
        g_autofree char *terms = pi_format_grouped(sweep->terms);
        g_autofree char *kernel = pi_text_escape(sweep->kernel, utf8, TEXT_MAX);
        g_autofree char *host = pi_text_escape(sweep->host, utf8, TEXT_MAX);
        g_autofree char *model = pi_text_escape(sweep->cpu_model, utf8, TEXT_MAX);
        g_autofree char *label = pi_text_escape(sweep->label, utf8, 0);
        g_autofree char *moment = pi_format_moment(sweep->begin_usec);
        g_autofree char *took = pi_format_usec(sweep->duration_usec);

        guint last = sweep->points->len;
        g_autofree char *on = pi_sweep_is_over_nodes(sweep)
                        ? g_strdup_printf("1 to %u nodes", pi_sweep_point(sweep, last - 1)->nodes)
                        : g_strdup_printf("%u worker%s", sweep->cpus,
                                          sweep->cpus == 1 ? "" : "s");
        g_autofree char *head = g_strdup_printf("%s terms on %s, kernel %s, %u times each", terms,
                                                on, kernel, sweep->repeats);
        g_autofree char *where = g_strdup_printf("%s%s%s%s%s, in %s", host, host[0] ? ", " : "",
                                                 model, model[0] ? ", " : "", moment, took);
        g_autofree char *head_lines = wrap(head), *where_lines = wrap(where);

        pi_output_printf(out, "%s\n%s\n", head_lines, where_lines);
        if (label[0])
                pi_output_printf(out, "Label: %s\n", label);
}

/* What the columns of the points mean. */
static GString *legend_of(const PiSweep *sweep, const char *kernel) {
        GString *text = g_string_new(NULL);

        if (pi_sweep_is_over_nodes(sweep)) {
                g_string_assign(text, "Medians. CPU: of the CPU slots of the nodes. Speed-up: "
                                      "against this node alone. Efficiency: speed-up over the "
                                      "nodes.");
                return text;
        }
        g_string_printf(text, "Medians. CPU: of %u CPU slot%s. Speed-up: against one thread of "
                        "kernel %s. Efficiency: speed-up over %u worker%s. Cost/part: of a "
                        "worker's time, for each part beyond those of the fastest; - where the "
                        "ranges overlap.",
                        sweep->slots, sweep->slots == 1 ? "" : "s", kernel, sweep->cpus,
                        sweep->cpus == 1 ? "" : "s");
        return text;
}

static gboolean has_short_baseline(const PiSweep *sweep) {
        for (guint i = 0; i < sweep->baselines->len; i++)
                if (pi_sweep_baseline(sweep, i)->terms != sweep->terms)
                        return TRUE;
        return FALSE;
}

static void append_legend(PiOutput *out, const PiSweep *sweep) {
        const PiSweepSeries *base = pi_sweep_baseline(sweep, sweep->baselines->len - 1);
        g_autofree char *kernel = pi_text_escape(base->kernel, out->terminal.utf8, TEXT_MAX);
        g_autofree char *over = usec_text(pi_sweep_overhead(sweep)), *lines = NULL;
        g_autoptr(GString) text = legend_of(sweep, kernel);

        g_string_append_printf(text, " The caller waited %s longer than the service took.", over);
        if (has_short_baseline(sweep) && !pi_sweep_is_over_nodes(sweep))
                g_string_append(text, " A baseline of fewer terms counts by its rate.");
        lines = wrap(text->str);
        pi_output_printf(out, "\n%s\n", lines);
}

static void append_paragraph(PiOutput *out, PiStyle style, const char *text) {
        g_autofree char *lines = wrap(text);

        pi_output_style(out, style, lines);
        pi_output_printf(out, "\n");
}

/* What the figures say, and what is to be known about them. */
static void append_closing(PiOutput *out, const PiSweep *sweep) {
        g_autofree char *knee = pi_sweep_is_over_nodes(sweep) ? pi_sweep_nodes_text(sweep)
                                                              : pi_sweep_knee_text(sweep);
        g_autofree char *share = NULL, *busy = NULL;

        pi_output_printf(out, "\n");
        append_paragraph(out, PI_STYLE_STRONG, knee);
        if (pi_sweep_cpu_share(sweep) < CPU_SHARE_LOW) {
                share = pi_format_percent(pi_sweep_cpu_share(sweep));
                busy = g_strdup_printf("Something else used the CPUs: the workers of the fastest "
                                       "point computed only %s of its time. Measure again when "
                                       "the machine is idle.", share);
                append_paragraph(out, PI_STYLE_BUSY, busy);
        }
        if (sweep->interrupted)
                pi_output_printf(out, "Interrupted: not all was measured, and the run is not "
                                      "stored.\n");
        if (sweep->id > 0)
                pi_output_printf(out, "Stored as run %" G_GUINT64_FORMAT "; pictl sweep show "
                                 "%" G_GUINT64_FORMAT " prints it again.\n",
                                 sweep->id, sweep->id);
}

void pi_sweep_append(PiOutput *out, const PiSweep *sweep) {
        g_autoptr(PiTable) baselines = make_baselines(sweep, out->terminal.utf8);
        g_autoptr(PiTable) points = make_points(sweep);

        if (out->legend) {
                append_head(out, sweep);
                pi_output_printf(out, "\n");
        }
        pi_table_render(baselines, &out->terminal, out->legend, out->text);
        pi_output_printf(out, "\n");
        if (sweep->points->len == 0)
                return;
        pi_table_render(points, &out->terminal, out->legend, out->text);
        if (!out->legend)
                return;
        append_legend(out, sweep);
        append_closing(out, sweep);
}
