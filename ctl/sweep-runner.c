/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-runner.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "ctl/job.h"
#include "ctl/screen.h"
#include "ctl/signals.h"
#include "ctl/sweep-figures.h"
#include "ctl/sweep-plan.h"
#include "ctl/sweep-progress.h"
#include "ctl/wait.h"
#include "dbus/error.h"

#define REDRAW_MSEC 250

typedef struct Run {
        PiSweep *sweep;
        PiClient *client;
        const char *label;
        GVariant *rates;
        GArray *steps;
        guint index; /* of the step that runs */
        gint64 begin_usec, step_usec; /* monotonic */
        PiScreen screen;
        PiWait wait;
        guint timer;
} Run;

static const PiSweepStep *step_at(const Run *run, guint index) {
        return &g_array_index(run->steps, PiSweepStep, index);
}

/* Terms a second of one thread: as measured, else as calibrated; 0 if not known. */
static double rate_of(const Run *run, const char *kernel) {
        gsize n = run->rates ? g_variant_n_children(run->rates) : 0;

        for (guint i = 0; i < run->sweep->baselines->len; i++) {
                const PiSweepSeries *s = pi_sweep_baseline(run->sweep, i);

                if (strcmp(s->kernel, kernel) == 0 && pi_sweep_series_length(s) > 0)
                        return pi_sweep_figures(run->sweep, s).terms_per_second;
        }
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(run->rates, i);

                if (strcmp(pi_dict_string(row, "kernel"), kernel) == 0)
                        return pi_dict_double(row, "terms_per_second");
        }
        return 0;
}

/* Seconds that all steps from the one that runs on will take. */
static double time_left(const Run *run) {
        double left = 0;

        for (guint i = run->index; i < run->steps->len; i++) {
                const PiSweepStep *step = step_at(run, i);
                double one = pi_sweep_step_estimate(step, run->sweep->slots,
                                                    rate_of(run, step->kernel));

                if (!step->budgeted || (step->number - 1) * one * 1e6 < PI_SWEEP_BUDGET_USEC)
                        left += one;
        }
        return MAX(0, left - (double) (g_get_monotonic_time() - run->step_usec) / 1e6);
}

static void draw(Run *run) {
        PiSweepProgress progress = { .step = step_at(run, run->index),
                                     .repeats = run->sweep->repeats };
        g_autofree char *line = NULL;

        if (!pi_screen_is_wanted(&run->screen))
                return;
        progress.gone = (double) (g_get_monotonic_time() - run->begin_usec) / 1e6;
        progress.left = time_left(run);
        pi_screen_measure(&run->screen);
        line = pi_sweep_progress_text(&progress, run->screen.terminal.columns,
                                      run->screen.terminal.utf8);
        pi_screen_draw(&run->screen, line);
}

static gboolean on_redraw(gpointer userdata) {
        draw(userdata);
        return G_SOURCE_CONTINUE;
}

/* The arguments (ta{sv}) of the job, floating. */
static GVariant *make_call(const Run *run, const PiSweepStep *step) {
        GVariantDict dict;

        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, PI_OPTION_LABEL, "s", run->label);
        g_variant_dict_insert(&dict, PI_OPTION_KERNEL, "s", step->kernel);
        if (step->cpus > 0)
                g_variant_dict_insert(&dict, PI_OPTION_CPUS, "u", step->cpus);
        g_variant_dict_insert(&dict, PI_OPTION_SCOPE, "s", step->nodes > 1 ? "cluster" : "local");
        if (step->nodes > 1)
                g_variant_dict_insert_value(
                        &dict, PI_OPTION_NODES,
                        g_variant_new_strv((const char *const *) run->sweep->members,
                                           (gssize) step->nodes));
        if (step->parts > 0)
                g_variant_dict_insert(&dict, PI_OPTION_PARTS, "t", step->parts);
        return g_variant_new("(t@a{sv})", step->terms, g_variant_dict_end(&dict));
}

static void take_host(PiSweep *sweep, GVariant *report) {
        g_autoptr(GVariant) nodes = g_variant_lookup_value(report, PI_REPORT_NODES,
                                                           G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) node = NULL;

        if (sweep->host[0] || !nodes || g_variant_n_children(nodes) == 0)
                return;
        node = g_variant_get_child_value(nodes, 0);
        g_free(sweep->host);
        sweep->host = g_strdup(pi_dict_string(node, "name"));
}

/* A report without these figures is of a service that is none of ours. */
static gboolean take_reply(Run *run, const PiSweepStep *step, guint64 wall_usec, GError **error) {
        g_autoptr(GVariant) report = g_variant_get_child_value(run->wait.reply, 1);
        double utilization = pi_dict_double(report, PI_REPORT_CPU_UTILIZATION);

        if (!pi_dict_has(report, PI_REPORT_RESPONSE_USEC) || !isfinite(utilization)) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the service tells no response time; is it of another version? pictl "
                            "version tells");
                return FALSE;
        }
        take_host(run->sweep, report);
        if (step->series && step->nodes > 0)
                step->series->parts = pi_dict_u64(report, PI_REPORT_PARTS);
        if (step->series)
                pi_sweep_series_add(step->series, pi_dict_u64(report, PI_REPORT_RESPONSE_USEC),
                                    wall_usec, CLAMP(utilization, 0, 1));
        return TRUE;
}

/* FALSE when there is an error, or a signal. */
static gboolean do_step(Run *run, const PiSweepStep *step, GError **error) {
        guint64 wall_usec;

        run->step_usec = g_get_monotonic_time();
        draw(run);
        g_clear_pointer(&run->wait.reply, g_variant_unref);
        run->step_usec = g_get_monotonic_time();
        if (!pi_client_call_async(run->client, PI_OBJECT_PATH, &pi_method_compute_pi,
                                  make_call(run, step), pi_wait_answer, &run->wait, error))
                return FALSE;
        pi_wait_run(&run->wait);
        wall_usec = (guint64) (g_get_monotonic_time() - run->step_usec);
        if (run->wait.error) {
                g_propagate_error(error, g_steal_pointer(&run->wait.error));
                return FALSE;
        }
        if (run->wait.signal || !run->wait.reply)
                return FALSE;
        return take_reply(run, step, wall_usec, error);
}

static gboolean do_all(Run *run, GError **error) {
        for (run->index = 0; run->index < run->steps->len; run->index++) {
                const PiSweepStep *step = step_at(run, run->index);

                if (pi_sweep_step_is_wanted(step) && !do_step(run, step, error))
                        return FALSE;
        }
        return TRUE;
}

gboolean pi_sweep_measure(PiSweep *sweep, PiClient *client, const char *label, GVariant *rates,
                          int *ret_signal, GError **error) {
        g_autoptr(GRand) rand = g_rand_new();
        g_autoptr(GArray) steps = pi_sweep_plan(sweep, rand);
        Run run = { .sweep = sweep, .client = client, .label = label, .rates = rates,
                    .steps = steps, .begin_usec = g_get_monotonic_time() };
        gboolean all;

        sweep->begin_usec = (guint64) g_get_real_time();
        pi_screen_init(&run.screen, STDERR_FILENO);
        pi_wait_init(&run.wait);
        pi_client_attach(client);
        if (pi_screen_is_wanted(&run.screen))
                run.timer = g_timeout_add(REDRAW_MSEC, on_redraw, &run);
        all = do_all(&run, error);
        *ret_signal = run.wait.signal;
        g_clear_handle_id(&run.timer, g_source_remove);
        pi_screen_clear(&run.screen);
        /* The job that runs ends with the connection. */
        if (!all && run.wait.signal)
                pi_client_leave(client);
        pi_wait_clear(&run.wait);
        sweep->duration_usec = (guint64) (g_get_monotonic_time() - run.begin_usec);
        sweep->interrupted = !all;
        return all || run.wait.signal != 0;
}
