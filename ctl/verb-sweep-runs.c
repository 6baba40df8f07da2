/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/format.h"
#include "ctl/plot.h"
#include "ctl/quantity.h"
#include "ctl/sweep-figures.h"
#include "ctl/sweep-view.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verb-sweep.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define LINES_DEFAULT 20

static const PiMethod list_sweeps = { PI_INTERFACE_MANAGER, "ListSweeps", "(aa{sv})" };
static const PiMethod describe_sweep = { PI_INTERFACE_MANAGER, "DescribeSweep", "(a{sv})" };

static const PiQuantityRange range_run = {
        "number of a run", 1, G_MAXINT64, "3 (pictl sweep history lists them)",
};

static const PiColumn columns[] = {
        { "RUN", TRUE },     { "MEASURED", FALSE }, { "TERMS", TRUE },  { "POINTS", TRUE },
        { "WORKERS", TRUE }, { "KERNEL", FALSE },   { "BEST", TRUE },   { "PARTS", TRUE },
        { "HOST", FALSE },   { "LABEL", FALSE },
};

PiSweep *pi_sweep_fetch(PiClient *client, guint64 id, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH, &describe_sweep,
                                                   g_variant_new("(t)", id), error);
        g_autoptr(GVariant) run = reply ? g_variant_get_child_value(reply, 0) : NULL;

        return run ? pi_sweep_from_variant(run, error) : NULL;
}

static gboolean wants_csv(const PiInvocation *inv) {
        return inv->options.format && strcmp(inv->options.format, "csv") == 0;
}

/* The chart is one of parts. */
static gboolean check_plot(const PiInvocation *inv, gboolean over_nodes, GError **error) {
        if (!inv->options.plot || !over_nodes)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--plot draws sweeps over the number of parts only; --format=csv gives "
                            "the figures of one over nodes to other programs");
        return FALSE;
}

gboolean pi_sweep_check_output(const PiInvocation *inv, GError **error) {
        const PiOptions *o = &inv->options;
        g_autofree char *quoted = NULL;

        if (o->format && !wants_csv(inv) && strcmp(o->format, "text") != 0) {
                quoted = pi_text_quote(o->format, 64);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is no format of a sweep: --format takes text or csv", quoted);
                return FALSE;
        }
        if (o->format && o->json != PI_JSON_OFF) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "only one of --format and --json can be given");
                return FALSE;
        }
        return check_plot(inv, o->nodes != NULL, error) &&
               (!o->plot || pi_plot_check(o->plot, error));
}

static void append(PiInvocation *inv, const PiSweep *sweep, const PiSweep *then) {
        PiOutput *out = &inv->out;

        if (wants_csv(inv) && then)
                pi_sweep_append_comparison_csv(out->text, sweep, then);
        else if (wants_csv(inv))
                pi_sweep_append_csv(out->text, sweep);
        else if (out->json != PI_JSON_OFF && then)
                pi_sweep_append_comparison_json(out, sweep, then);
        else if (out->json != PI_JSON_OFF)
                pi_sweep_append_json(out, sweep);
        else {
                pi_sweep_append(out, sweep);
                if (then) {
                        pi_output_printf(out, "\n");
                        pi_sweep_append_comparison(out, sweep, then);
                }
        }
}

gboolean pi_sweep_output(PiInvocation *inv, const PiSweep *sweep, const PiSweep *then,
                         GError **error) {
        PiOutput *out = &inv->out;
        g_autofree char *file = NULL;

        append(inv, sweep, then);
        if (!inv->options.plot || sweep->interrupted)
                return TRUE;
        if (!pi_plot_write(inv->options.plot, sweep, error))
                return FALSE;
        if (out->legend && out->json == PI_JSON_OFF && !wants_csv(inv)) {
                file = pi_text_escape(inv->options.plot, out->terminal.utf8, 0);
                pi_output_printf(out, "The chart is in %s.\n", file);
        }
        return TRUE;
}

/* Options that only go with a measurement, or only with a list. */
static gboolean check_options(const PiInvocation *inv, guint64 allowed, GError **error) {
        guint64 alien = inv->options.given & ~(PI_OPTS_COMMON | allowed);

        if (alien == 0)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "option --%s does not go with pictl sweep %s; see pictl sweep --help",
                    pi_option_info((PiOptionId) __builtin_ctzll(alien))->name, inv->args[0]);
        return FALSE;
}

static gboolean check_arguments(const PiInvocation *inv, guint n, GError **error) {
        g_autofree char *quoted = NULL;

        if (inv->n_args == n)
                return TRUE;
        if (inv->n_args < n)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "the number of a run is missing: pictl sweep show RUN; pictl sweep "
                            "history lists them");
        else {
                quoted = pi_text_quote(inv->args[n], 64);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is one argument too many; see pictl sweep --help", quoted);
        }
        return FALSE;
}

int pi_sweep_show(PiInvocation *inv, GError **error) {
        g_autoptr(PiSweep) sweep = NULL, then = NULL;
        g_autoptr(PiClient) client = NULL;
        guint64 id;

        if (!check_arguments(inv, 2, error) ||
            !check_options(inv, PI_OPT(PLOT) | PI_OPT(COMPARE) | PI_OPT(FORMAT), error) ||
            !pi_quantity_parse(inv->args[1], &range_run, &id, error) ||
            !pi_sweep_check_output(inv, error))
                return PI_VERB_ERROR;
        client = pi_client_new(&inv->options, error);
        sweep = client ? pi_sweep_fetch(client, id, error) : NULL;
        if (!sweep || !check_plot(inv, pi_sweep_is_over_nodes(sweep), error))
                return PI_VERB_ERROR;
        if (inv->options.compare > 0) {
                then = pi_sweep_fetch(client, inv->options.compare, error);
                if (!then || !pi_sweep_can_compare(sweep->terms, pi_sweep_is_over_nodes(sweep),
                                                   then, error))
                        return PI_VERB_ERROR;
        }
        return pi_sweep_output(inv, sweep, then, error) ? EXIT_SUCCESS : PI_VERB_ERROR;
}

static void add_row(PiTable *table, const PiSweep *sweep, gboolean utf8) {
        g_autofree char *moment = pi_format_moment(sweep->begin_usec);
        const PiSweepSeries *best;
        PiSweepKnee knee;
        double median;

        if (pi_sweep_knee(sweep, &knee))
                best = pi_sweep_point(sweep, knee.best);
        else
                best = pi_sweep_point(sweep, sweep->points->len - 1);
        median = pi_sweep_spread(best->response_usec).median;
        pi_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, sweep->id), PI_STYLE_PLAIN);
        /* Up to the minute. */
        pi_table_take(table, g_strndup(moment, strlen("2024-05-01 12:34")), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_count(sweep->terms), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup_printf("%u", sweep->points->len), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup_printf("%u", sweep->cpus), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(sweep->kernel, FALSE, 16), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_usec((guint64) llround(median)), PI_STYLE_PLAIN);
        pi_table_take(table,
                      best->nodes > 0 ? g_strdup_printf("%u nodes", best->nodes)
                                      : pi_format_count(best->parts), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(sweep->host, utf8, 24), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(sweep->label, utf8, 0), PI_STYLE_PLAIN);
}

static void append_table(PiOutput *out, GVariant *runs) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        gsize n = g_variant_n_children(runs);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) run = g_variant_get_child_value(runs, i);
                g_autoptr(PiSweep) sweep = pi_sweep_from_variant(run, NULL);

                if (sweep)
                        add_row(table, sweep, out->terminal.utf8);
        }
        if (pi_table_n_rows(table) > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend && pi_table_n_rows(table) > 0)
                pi_output_printf(out, "\nBEST: the shortest median, with PARTS. pictl sweep show "
                                      "RUN tells all of a run.\n");
        else if (out->legend)
                pi_output_printf(out, "No run is stored yet; pictl sweep makes one.\n");
}

int pi_sweep_history(PiInvocation *inv, GError **error) {
        guint32 limit = (guint32) (inv->options.lines > 0 ? inv->options.lines : LINES_DEFAULT);
        g_autoptr(PiClient) client = NULL;
        g_autoptr(GVariant) reply = NULL, runs = NULL;

        if (!check_arguments(inv, 1, error) || !check_options(inv, PI_OPT(LINES), error))
                return PI_VERB_ERROR;
        client = pi_client_new(&inv->options, error);
        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &list_sweeps,
                                       g_variant_new("(u)", limit), error);
        if (!reply)
                return PI_VERB_ERROR;
        runs = g_variant_get_child_value(reply, 0);
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(runs, inv->out.json, inv->out.text);
        else
                append_table(&inv->out, runs);
        return EXIT_SUCCESS;
}
