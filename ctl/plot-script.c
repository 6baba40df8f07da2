/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "ctl/format.h"
#include "ctl/plot.h"
#include "ctl/sweep-figures.h"
#include "ctl/text.h"

/* Of Okabe and Ito's palette, which people who are colour-blind can tell apart; lines and marks
 * differ, too. The background is painted: the same on paper and on a dark page. */
#define COLOUR_RESPONSE "#0072B2"
#define COLOUR_CPU "#D55E00"
#define COLOUR_TEXT "#222222"
#define COLOUR_GRID "#D0D0D0"
#define COLOUR_BAND "#E2F0E6"
#define COLOUR_KNEE "#00694B"

/* Characters of the line below the title that fit the chart. */
#define SUBTITLE_MAX 120
#define TEXT_MAX 48

/* A label of the x axis takes about this share of it. */
#define TIC_SHARE 0.045

/* The words in the band need about this share of it. */
#define BAND_TEXT_SHARE 0.2

/* The axis of times. */
typedef struct Axis {
        double low, high; /* in units */
        double usec_per_unit;
        const char *unit;
} Axis;

/* A text for gnuplot between single quotes, where nothing is special but the quote. Still, only
 * what is known to be harmless is let through of ASCII. */
static char *plain_text(const char *text, gsize max) {
        static const char harmless[] = " .,:;()+-/%=*<>_[]";
        char *shown = pi_text_escape(text, TRUE, max);

        for (char *p = shown; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr(harmless, *p) && (guchar) *p < 0x80)
                        *p = '?';
        return shown;
}

static void append_number(GString *s, double value) {
        char digits[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append(s, g_ascii_formatd(digits, sizeof(digits), "%.6g", value));
}

/* The largest number below, or the smallest above, of those that begin with 1, 2 or 5. */
static double round_down(double value) {
        double decade = pow(10, floor(log10(value)));
        double first = value / decade;

        return decade * (first >= 5 ? 5 : first >= 2 ? 2 : 1);
}

static double round_up(double value) {
        double down = round_down(value), first = down / pow(10, floor(log10(down) + 1e-9));

        if (down >= value * (1 - 1e-9))
                return down;
        return down * (first > 1.5 && first < 3 ? 2.5 : 2);
}

static Axis time_axis(const PiSweep *sweep) {
        double min = INFINITY, max = 1;
        Axis axis;

        for (guint i = 0; i < sweep->points->len; i++) {
                PiSweepSpread s = pi_sweep_spread(pi_sweep_point(sweep, i)->response_usec);

                min = MIN(min, MAX(s.min, 1));
                max = MAX(max, s.max);
        }
        axis.usec_per_unit = max < 1e3 ? 1 : max < 1e6 ? 1e3 : 1e6;
        axis.unit = max < 1e3 ? "us" : max < 1e6 ? "ms" : "s";
        axis.low = round_down(0.95 * MIN(min, max) / axis.usec_per_unit);
        axis.high = round_up(1.05 * max / axis.usec_per_unit);
        return axis;
}

/* The fewer decades, the more tics of each. */
static void append_time_tics(GString *s, const Axis *axis) {
        static const double many[] = { 1, 1.5, 2, 3, 4, 5, 7 }, some[] = { 1, 2, 5 }, one[] = { 1 };
        double decades = log10(axis->high / axis->low);
        const double *firsts = decades < 1.1 ? many : decades < 2.6 ? some : one;
        gsize n = decades < 1.1   ? G_N_ELEMENTS(many)
                  : decades < 2.6 ? G_N_ELEMENTS(some)
                                  : G_N_ELEMENTS(one);
        const char *comma = "";

        g_string_append(s, "set ytics nomirror (");
        for (double decade = pow(10, floor(log10(axis->low))); decade <= axis->high * 1.001;
             decade *= 10)
                for (gsize i = 0; i < n; i++) {
                        double tic = decade * firsts[i];

                        if (tic < axis->low * 0.999 || tic > axis->high * 1.001)
                                continue;
                        g_string_append(s, comma);
                        append_number(s, tic);
                        comma = ", ";
                }
        g_string_append(s, ")\n");
}

/* The numbers of parts that were measured, as many as have room. */
static void append_part_tics(GString *s, const PiSweep *sweep, double low, double high) {
        double gap = TIC_SHARE * log10(high / low), before = -INFINITY;
        const char *comma = "";

        g_string_append(s, "set xtics nomirror (");
        for (guint i = 0; i < sweep->points->len; i++) {
                guint64 parts = pi_sweep_point(sweep, i)->parts;
                g_autofree char *label = NULL;

                if (log10((double) parts) - before < gap)
                        continue;
                before = log10((double) parts);
                label = pi_format_count(parts);
                g_string_append_printf(s, "%s'%s' %" G_GUINT64_FORMAT, comma, label, parts);
                comma = ", ";
        }
        g_string_append(s, ")\n");
}

static void append_terminal(GString *s, PiPlotKind kind) {
        if (kind == PI_PLOT_SVG)
                g_string_append(s, "set terminal svg size 960,560 dynamic noenhanced "
                                   "font 'sans,14' background rgb 'white'\n");
        else
                g_string_append(s, "if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
                                   "set terminal pngcairo size 1440,840 noenhanced font 'Sans,16' "
                                   "linewidth 1.5 pointscale 1.5 "
                                   "background rgb 'white'\n"
                                   "} else {\n"
                                   "set terminal png size 1440,840 noenhanced\n"
                                   "}\n");
        g_string_append(s, "set encoding utf8\n");
}

static void append_titles(GString *s, const PiSweep *sweep) {
        g_autofree char *terms = pi_format_grouped(sweep->terms);
        g_autofree char *host = plain_text(sweep->host, TEXT_MAX);
        g_autofree char *model = plain_text(sweep->cpu_model, TEXT_MAX);
        g_autofree char *kernel = plain_text(sweep->kernel, TEXT_MAX);
        g_autofree char *moment = pi_format_moment(sweep->begin_usec);
        g_autofree char *line = NULL, *shown = NULL;

        moment[MIN(strlen(moment), strlen("2024-05-01"))] = '\0';
        line = g_strdup_printf("%s%s%s%s%u worker%s, kernel %s, %s, median of %u, bars: range",
                               host, host[0] ? ", " : "", model, model[0] ? ", " : "", sweep->cpus,
                               sweep->cpus == 1 ? "" : "s", kernel, moment, sweep->repeats);
        shown = pi_text_ellipsize(line, SUBTITLE_MAX, FALSE);
        g_string_append_printf(s,
                               "set title '%s terms of the Leibniz series, cut into parts' "
                               "font ',17' offset 0,0.9 textcolor rgb '" COLOUR_TEXT "'\n"
                               "set label 1 '%s' at graph 0.5, graph 1.045 center font ',12' "
                               "textcolor rgb '" COLOUR_TEXT "'\n",
                               terms, shown);
}

/* A band where the number of parts does not matter, and a line behind which more only costs. */
static void append_knee(GString *s, const PiSweep *sweep) {
        double first = (double) pi_sweep_point(sweep, 0)->parts;
        double last = (double) pi_sweep_point(sweep, sweep->points->len - 1)->parts;
        g_autofree char *most = NULL;
        gboolean left;
        guint64 from, to;
        PiSweepKnee k;

        if (!pi_sweep_knee(sweep, &k))
                return;
        from = pi_sweep_point(sweep, k.enough)->parts;
        to = pi_sweep_point(sweep, k.most)->parts;
        if (to > from)
                g_string_append_printf(s,
                                       "set object 1 rectangle from %" G_GUINT64_FORMAT
                                       ", graph 0 to %" G_GUINT64_FORMAT ", graph 1 behind "
                                       "fillcolor rgb '" COLOUR_BAND "' fillstyle solid "
                                       "noborder\n",
                                       from, to);
        if (log((double) to / (double) from) > BAND_TEXT_SHARE * log(last / first))
                g_string_append_printf(s,
                                       "set label 2 'no clear difference' at %.0f, graph 0.965 "
                                       "center font ',12' textcolor rgb '" COLOUR_KNEE "'\n",
                                       sqrt((double) from * (double) to));
        if (k.most + 1 == sweep->points->len)
                return;
        most = pi_format_count(to);
        left = log((double) to / first) > 0.5 * log(last / first);
        g_string_append_printf(s,
                               "set arrow 1 from %" G_GUINT64_FORMAT ", graph 0 to "
                               "%" G_GUINT64_FORMAT ", graph 1 nohead linewidth 2 dashtype 2 "
                               "linecolor rgb '" COLOUR_KNEE "'\n"
                               "set label 3 'more than %s parts only cost' at %" G_GUINT64_FORMAT
                               ", graph 0.04 %s font ',12' textcolor rgb '" COLOUR_KNEE "'\n",
                               to, to, most, to, left ? "right offset -1,0" : "left offset 1,0");
}

static void append_axes(GString *s, const PiSweep *sweep, const Axis *axis) {
        double first = (double) pi_sweep_point(sweep, 0)->parts;
        double last = (double) pi_sweep_point(sweep, sweep->points->len - 1)->parts;
        double low = first / pow(last / first, 0.03) / 1.05;
        double high = last * pow(last / first, 0.03) * 1.05;

        g_string_append(s, "set logscale x\nset logscale y\nset xrange [");
        append_number(s, low);
        g_string_append(s, ":");
        append_number(s, high);
        g_string_append(s, "]\nset yrange [");
        /* A little wider than the outermost tics: what lies on the very edge is left out. */
        append_number(s, axis->low * 0.998);
        g_string_append(s, ":");
        append_number(s, axis->high * 1.002);
        g_string_append(s, "]\nset y2range [0:110]\nset y2tics (0, 20, 40, 60, 80, 100)\n");
        append_part_tics(s, sweep, low, high);
        append_time_tics(s, axis);
        g_string_append_printf(s,
                               "set xlabel 'parts (logarithmic)' textcolor rgb '" COLOUR_TEXT "'\n"
                               "set ylabel 'response time in %s (logarithmic)' "
                               "textcolor rgb '" COLOUR_RESPONSE "'\n"
                               "set y2label 'CPU use in %% of %u slot%s' "
                               "textcolor rgb '" COLOUR_CPU "'\n"
                               "set grid x y back linetype 1 linewidth 1 "
                               "linecolor rgb '" COLOUR_GRID "'\n"
                               "set border 11 linewidth 1.5 linecolor rgb '" COLOUR_TEXT "'\n"
                               "set tics textcolor rgb '" COLOUR_TEXT "'\n"
                               "set key below center horizontal textcolor rgb '" COLOUR_TEXT "'\n"
                               "set tmargin 4\nset bmargin 5.5\n",
                               axis->unit, sweep->slots, sweep->slots == 1 ? "" : "s");
}

/* Parts, median, least, most, CPU use in per cent. */
static void append_data(GString *s, const PiSweep *sweep, const Axis *axis) {
        g_string_append(s, "$points << END\n");
        for (guint i = 0; i < sweep->points->len; i++) {
                const PiSweepSeries *series = pi_sweep_point(sweep, i);
                PiSweepFigures f = pi_sweep_figures(sweep, series);
                const double values[] = { MAX(f.spread.median, 1) / axis->usec_per_unit,
                                          MAX(f.spread.min, 1) / axis->usec_per_unit,
                                          MAX(f.spread.max, 1) / axis->usec_per_unit,
                                          100 * f.utilization };

                g_string_append_printf(s, "%" G_GUINT64_FORMAT, series->parts);
                for (guint k = 0; k < G_N_ELEMENTS(values); k++) {
                        g_string_append_c(s, ' ');
                        append_number(s, values[k]);
                }
                g_string_append_c(s, '\n');
        }
        g_string_append(s, "END\n");
}

char *pi_plot_script(const PiSweep *sweep, PiPlotKind kind) {
        GString *s = g_string_new(NULL);
        Axis axis = time_axis(sweep);

        append_terminal(s, kind);
        append_data(s, sweep, &axis);
        append_titles(s, sweep);
        append_axes(s, sweep, &axis);
        append_knee(s, sweep);
        g_string_append(s, "plot $points using 1:5 axes x1y2 with linespoints linewidth 2.5 "
                           "dashtype 3 pointtype 5 pointsize 0.9 "
                           "linecolor rgb '" COLOUR_CPU "' title 'CPU use (right)', \\\n"
                           "$points using 1:2 with lines linewidth 3 "
                           "linecolor rgb '" COLOUR_RESPONSE "' notitle, \\\n"
                           "$points using 1:2:3:4 with yerrorbars linewidth 2 pointtype 7 "
                           "pointsize 1.1 linecolor rgb '" COLOUR_RESPONSE "' "
                           "title 'response time (left)'\n");
        return g_string_free(s, FALSE);
}
