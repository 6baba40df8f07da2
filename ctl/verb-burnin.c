/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/burnin-view.h"
#include "ctl/burnin.h"
#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/screen.h"
#include "ctl/signals.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "ctl/wait.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define LABEL "burnin"
#define DURATION_DEFAULT_USEC (60 * G_USEC_PER_SEC)
#define TICK_MSEC 1000
#define FAULTS_MAX 1000

/* A service that cannot end a job in this time is broken. */
#define END_MSEC 10000

/* The jobs are calls of ComputePi, which end with their caller: however pictl ends, none is left
 * behind. */
typedef struct Run {
        PiInvocation *inv;
        PiClient *client;
        PiBurnin *burnin;
        PiBurninFacts facts;
        PiScreen screen;
        PiWait wait; /* its error is what ended the burn-in before its time */
        GVariant *call; /* the arguments of ComputePi */
        GVariant *metrics; /* read, to be taken with the faults read next */
        gint64 begin_usec, end_usec; /* monotonic; 0 until they have come */
        guint64 elapsed_usec; /* when `metrics` was read */
        guint64 first_job;
        gboolean calling; /* a job is not answered yet */
        gboolean queued; /* the first job waits, and that was told */
        gboolean rebase; /* the next figures are those of the beginning */
        gboolean asking, ask_again;
        guint tick, end_timer, next_timer; /* sources, 0 when not set */
} Run;

static gboolean start_job(Run *run);

/* Keeps the first error and ends the loop: the service cannot be relied on any more. */
static void give_up(Run *run, const GError *error) {
        if (!run->wait.error)
                run->wait.error = g_error_copy(error);
        g_main_loop_quit(run->wait.loop);
}

static gboolean call(Run *run, const char *path, const PiMethod *method, GVariant *arguments,
                     PiReplyFunc callback) {
        g_autoptr(GError) error = NULL;

        if (pi_client_call_async(run->client, path, method, arguments, callback, run, &error))
                return TRUE;
        give_up(run, error);
        return FALSE;
}

static void draw(Run *run) {
        g_autofree char *frame = NULL;

        if (!pi_screen_is_wanted(&run->screen) || run->begin_usec == 0)
                return;
        pi_screen_measure(&run->screen);
        frame = pi_burnin_frame(run->burnin, &run->facts, &run->screen.terminal);
        pi_screen_draw(&run->screen, frame);
}

static void end(Run *run);

static gboolean on_end_of_time(gpointer userdata) {
        Run *run = userdata;

        run->end_timer = 0;
        end(run);
        return G_SOURCE_REMOVE;
}

static void ask(Run *run);

static gboolean on_tick(gpointer userdata) {
        Run *run = userdata;

        if (!run->asking)
                ask(run);
        return G_SOURCE_CONTINUE;
}

/* The clock runs from `begin_usec` on. */
static void begin(Run *run, gint64 begin_usec) {
        gint64 gone_usec = g_get_monotonic_time() - begin_usec;
        gint64 left_usec = MAX(0, (gint64) run->facts.wanted_usec - gone_usec);

        run->begin_usec = begin_usec;
        run->facts.start_usec = (guint64) (g_get_real_time() - gone_usec);
        run->end_timer = g_timeout_add((guint) (left_usec / 1000), on_end_of_time, run);
        run->tick = g_timeout_add(TICK_MSEC, on_tick, run);
}

static void on_faults(GVariant *reply, const GError *error, gpointer userdata) {
        Run *run = userdata;
        g_autoptr(GVariant) faults = reply ? g_variant_get_child_value(reply, 0) : NULL;
        g_autoptr(GVariant) cores = NULL;

        run->asking = FALSE;
        if (!faults) {
                give_up(run, error);
                return;
        }
        cores = g_variant_lookup_value(run->metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        if (cores && run->rebase) {
                run->rebase = FALSE;
                pi_burnin_begin(run->burnin, cores);
                begin(run, g_get_monotonic_time());
        } else if (cores)
                pi_burnin_update(run->burnin, cores, run->elapsed_usec);
        pi_burnin_take_faults(run->burnin, faults, run->first_job);
        if (run->ask_again) {
                run->ask_again = FALSE;
                ask(run);
        } else if (run->end_usec > 0 && !run->calling)
                g_main_loop_quit(run->wait.loop);
        else
                draw(run);
}

static void on_metrics(GVariant *reply, const GError *error, gpointer userdata) {
        Run *run = userdata;

        if (!reply) {
                run->asking = FALSE;
                give_up(run, error);
                return;
        }
        g_clear_pointer(&run->metrics, g_variant_unref);
        run->metrics = g_variant_get_child_value(reply, 0);
        run->elapsed_usec = (guint64) ((run->end_usec ?: g_get_monotonic_time()) - run->begin_usec);
        if (!call(run, PI_OBJECT_PATH, &pi_method_list_faults, g_variant_new("(u)", FAULTS_MAX),
                  on_faults))
                run->asking = FALSE;
}

/* Has the figures read, once more if they are being read already. */
static void ask(Run *run) {
        if (run->asking)
                run->ask_again = TRUE;
        else
                run->asking = call(run, PI_OBJECT_PATH, &pi_method_get_metrics, NULL, on_metrics);
}

static void take_state(Run *run, GVariant *properties) {
        const char *state = pi_dict_string(properties, "State");
        g_autofree char *message = NULL;

        if (run->begin_usec > 0 || run->rebase)
                return;
        if (strcmp(state, "queued") == 0 && !run->queued) {
                run->queued = TRUE;
                message = g_strdup_printf("job %" G_GUINT64_FORMAT " of the burn-in waits behind "
                                          "other jobs; the clock starts when it runs",
                                          run->facts.job);
                pi_complain(message);
        } else if (strcmp(state, "running") == 0) {
                run->rebase = TRUE;
                ask(run);
        }
}

static void on_changed(const char *path, GVariant *body, gpointer userdata) {
        g_autoptr(GVariant) changed = g_variant_get_child_value(body, 1);
        take_state(userdata, changed);
}

static void on_properties(GVariant *reply, const GError *error, gpointer userdata) {
        g_autoptr(GVariant) properties = reply ? g_variant_get_child_value(reply, 0) : NULL;

        if (properties)
                take_state(userdata, properties);
}

/* Whatever the answer: that of ComputePi comes as well, and tells. */
static void on_cancelled(GVariant *reply, const GError *error, gpointer userdata) {
}

static void cancel_job(Run *run) {
        g_autofree char *path = g_strdup_printf(PI_JOB_PATH_PREFIX "/%" G_GUINT64_FORMAT,
                                                run->facts.job);

        call(run, path, &pi_method_cancel, NULL, on_cancelled);
}

/* The first job: if it runs at once the clock began with the call, and the figures read before it
 * are those of the beginning. */
static void take_first(Run *run, const char *path, GVariant *properties) {
        run->first_job = run->facts.job;
        if (strcmp(pi_dict_string(properties, "State"), "running") == 0) {
                begin(run, run->begin_usec);
                return;
        }
        run->begin_usec = 0;
        take_state(run, properties);
        /* What changed before the bus knew of the subscription is asked for after it. */
        if (pi_client_subscribe(run->client, path, &pi_signal_job_changed, on_changed, run, NULL))
                call(run, path, &pi_method_get_all, g_variant_new("(s)", PI_INTERFACE_JOB),
                     on_properties);
}

static void on_added(const char *manager, GVariant *body, gpointer userdata) {
        Run *run = userdata;
        const char *name = pi_client_unique_name(run->client), *path;
        g_autoptr(GVariant) interfaces = NULL, properties = NULL;

        g_variant_get(body, "(&o@a{sa{sv}})", &path, &interfaces);
        properties = g_variant_lookup_value(interfaces, PI_INTERFACE_JOB, G_VARIANT_TYPE_VARDICT);
        if (!properties || run->facts.job > 0 ||
            strcmp(pi_dict_string(properties, "Sender"), name) != 0)
                return;
        run->facts.job = pi_job_id_of_path(path);
        if (run->first_job == 0)
                take_first(run, path, properties);
        if (run->end_usec > 0)
                cancel_job(run);
}

static gboolean on_next(gpointer userdata) {
        Run *run = userdata;

        run->next_timer = 0;
        start_job(run);
        return G_SOURCE_REMOVE;
}

/* A job has ended: by us, done, failed verification, or by something that ends the burn-in. */
static void on_result(GVariant *reply, const GError *error, gpointer userdata) {
        Run *run = userdata;
        gboolean failed = error && g_error_matches(error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED);

        run->calling = FALSE;
        run->facts.job = 0;
        /* It ended before anyone saw it run: the next one starts the clock. */
        if (run->begin_usec == 0 && !run->rebase)
                run->first_job = 0;
        if (reply || failed)
                pi_burnin_job_ended(run->burnin, !failed);
        if (run->end_usec > 0)
                ask(run);
        else if (failed) /* not at once: it may fail as fast again */
                run->next_timer = g_timeout_add(TICK_MSEC, on_next, run);
        else if (reply)
                start_job(run);
        else
                give_up(run, error);
}

static gboolean start_job(Run *run) {
        if (run->first_job == 0)
                run->begin_usec = g_get_monotonic_time();
        run->calling = call(run, PI_OBJECT_PATH, &pi_method_compute_pi, run->call, on_result);
        return run->calling;
}

static gboolean on_end_too_late(gpointer userdata) {
        Run *run = userdata;
        g_autoptr(GError) error = g_error_new(
                PI_ERROR, PI_ERROR_FAILED,
                "the service did not end the job of the burn-in within %d s; see: journalctl -u "
                "pi-computed", END_MSEC / 1000);

        run->end_timer = 0;
        give_up(run, error);
        return G_SOURCE_REMOVE;
}

/* The time is over: the job is cancelled, and when it has ended the figures are read once more. */
static void end(Run *run) {
        run->end_usec = g_get_monotonic_time();
        g_clear_handle_id(&run->tick, g_source_remove);
        g_clear_handle_id(&run->next_timer, g_source_remove);
        g_clear_handle_id(&run->end_timer, g_source_remove);
        run->end_timer = g_timeout_add(END_MSEC, on_end_too_late, run);
        if (!run->calling)
                ask(run);
        else if (run->facts.job > 0)
                cancel_job(run);
}

/* The arguments (ta{sv}) of a job, not floating. */
static GVariant *make_call(const PiInvocation *inv, guint64 terms) {
        const PiOptions *o = &inv->options;
        GVariantDict dict;

        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, PI_OPTION_LABEL, "s", LABEL);
        /* It is this machine that is judged. */
        g_variant_dict_insert(&dict, PI_OPTION_SCOPE, "s", "local");
        g_variant_dict_insert(&dict, PI_OPTION_PARTS, "t", (guint64) PI_BURNIN_PARTS);
        if (o->cpus > 0)
                g_variant_dict_insert(&dict, PI_OPTION_CPUS, "u", (guint32) o->cpus);
        if (o->kernel)
                g_variant_dict_insert(&dict, PI_OPTION_KERNEL, "s", o->kernel);
        return g_variant_ref_sink(g_variant_new("(t@a{sv})", terms, g_variant_dict_end(&dict)));
}

/* Of one thread with the kernel, as measured when the service started. */
static double rate_of(GVariant *metrics, const char *kernel) {
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, "baselines",
                                                          G_VARIANT_TYPE("aa{sv}"));

        for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) baseline = g_variant_get_child_value(list, i);

                if (strcmp(pi_dict_string(baseline, "kernel"), kernel) == 0)
                        return pi_dict_double(baseline, "terms_per_second");
        }
        return pi_dict_double(metrics, "baseline_terms_per_second");
}

/* Figures are read before the first job is asked for: none of its work is missed. */
static gboolean prepare(Run *run, GVariant **service, GError **error) {
        const char *kernel = run->inv->options.kernel;
        g_autoptr(GVariant) reply = NULL, metrics = NULL, cores = NULL;
        guint64 terms;

        *service = pi_client_get_all(run->client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, error);
        if (!*service)
                return FALSE;
        reply = pi_client_call(run->client, PI_OBJECT_PATH, &pi_method_get_metrics, NULL, error);
        if (!reply)
                return FALSE;
        metrics = g_variant_get_child_value(reply, 0);
        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        if (!cores) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the service tells nothing of its cores; is it of another version? "
                            "pictl version tells");
                return FALSE;
        }
        pi_burnin_begin(run->burnin, cores);
        terms = pi_burnin_job_terms(
                rate_of(metrics, kernel ? kernel : pi_dict_string(*service, "Kernel")),
                run->facts.wanted_usec, pi_dict_u64(*service, "MaxTerms"));
        run->call = make_call(run->inv, terms);
        return pi_client_subscribe(run->client, PI_OBJECT_PATH, &pi_signal_added, on_added, run,
                                   error);
}

/* Until the time is over or cannot be had. Ctrl-C ends the time; once more, the waiting. */
static void run_loop(Run *run) {
        pi_client_attach(run->client);
        run->begin_usec = g_get_monotonic_time();
        if (start_job(run))
                pi_wait_run(&run->wait);
        if (run->wait.signal && !run->wait.error && run->first_job > 0 && run->begin_usec > 0 &&
            run->end_usec == 0) {
                run->facts.interrupted = TRUE;
                end(run);
                pi_wait_run(&run->wait);
        }
        run->facts.interrupted |= run->wait.error != NULL;
        pi_screen_clear(&run->screen);
        pi_client_leave(run->client);
}

static int report(Run *run, GError **error) {
        PiInvocation *inv = run->inv;
        gboolean pass = pi_burnin_summary(run->burnin).pass;

        if (run->first_job == 0 || run->begin_usec == 0) { /* nothing ran */
                if (run->wait.error) {
                        g_propagate_error(error, g_steal_pointer(&run->wait.error));
                        return PI_VERB_ERROR;
                }
                pi_complain("interrupted before the burn-in began: its job is cancelled");
                return 128 + run->wait.signal;
        }
        if (inv->out.json != PI_JSON_OFF)
                pi_burnin_append_json(&inv->out, run->burnin, &run->facts);
        else
                pi_burnin_append(&inv->out, run->burnin, &run->facts);
        if (run->wait.error && pass) {
                g_propagate_error(error, g_steal_pointer(&run->wait.error));
                return PI_VERB_ERROR;
        }
        if (run->wait.error)
                pi_complain(run->wait.error->message);
        return pass ? EXIT_SUCCESS : pi_error_exit_status(PI_ERROR_VERIFICATION_FAILED);
}

static void run_clear(Run *run) {
        g_clear_handle_id(&run->tick, g_source_remove);
        g_clear_handle_id(&run->end_timer, g_source_remove);
        g_clear_handle_id(&run->next_timer, g_source_remove);
        pi_screen_clear(&run->screen);
        pi_wait_clear(&run->wait);
        g_clear_pointer(&run->client, pi_client_free);
        g_clear_pointer(&run->call, g_variant_unref);
        g_clear_pointer(&run->metrics, g_variant_unref);
        g_clear_pointer(&run->burnin, pi_burnin_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

int pi_verb_burnin(PiInvocation *inv, GError **error) {
        const PiOptions *o = &inv->options;
        g_autoptr(GVariant) service = NULL;
        g_autofree char *node = NULL, *kernel = NULL;
        g_auto(Run) run = { .inv = inv };

        run.client = pi_client_new(o, error);
        if (!run.client)
                return PI_VERB_ERROR;
        run.burnin = pi_burnin_new(o->cpus);
        run.facts.wanted_usec = o->duration_usec ?: DURATION_DEFAULT_USEC;
        pi_screen_init(&run.screen, STDERR_FILENO);
        pi_wait_init(&run.wait);
        if (!prepare(&run, &service, error))
                return PI_VERB_ERROR;
        node = pi_text_escape(pi_dict_string(service, "NodeId"), FALSE, 64);
        kernel = pi_text_escape(o->kernel ?: pi_dict_string(service, "Kernel"), FALSE, 64);
        run.facts.node = node;
        run.facts.kernel = kernel;
        run_loop(&run);
        return report(&run, error);
}
