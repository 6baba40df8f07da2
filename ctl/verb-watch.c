/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/client-error.h"
#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/progress.h"
#include "ctl/report.h"
#include "ctl/signals.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"
#include "ctl/wait.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* How long a service that ended may take to come back: systemd starts it after some seconds. */
#define RETURN_SEC 30
#define RETRY_MSEC 250

/* Whoever only watches must not start a service that somebody has stopped. */
static const PiMethod wait_job = { PI_INTERFACE_JOB, "Wait", "(da{sv})", .passive = TRUE };
static const PiMethod look_again = { "org.freedesktop.DBus.Properties", "GetAll", "(a{sv})",
                                     .passive = TRUE };

typedef struct Watch {
        PiInvocation *inv;
        PiClient *client;
        const char *path;
        PiProgress progress;
        guint64 id;
        gboolean detached; /* the job goes on when the service comes back */
        gboolean lines;    /* a line a state on stdout, for want of a terminal to draw on */
        char state[16];    /* the last one told of */
        GError *write_error;
        PiWait *wait;
        gint64 gone_usec; /* monotonic, since when the service is gone; 0: it is there */
        guint retry;      /* source id, 0 for none */
} Watch;

static void ask_again_later(Watch *w);

static void tell_state(Watch *w, GVariant *properties) {
        const char *state = pi_dict_string(properties, "State");
        g_autofree char *shown = pi_text_escape(state, FALSE, sizeof(w->state) - 1);

        if (!w->lines || state[0] == '\0' || strcmp(shown, w->state) == 0)
                return;
        g_strlcpy(w->state, shown, sizeof(w->state));
        pi_output_printf(&w->inv->out, "job %" G_GUINT64_FORMAT " %s\n", w->id, shown);
        if (!w->write_error && !pi_output_flush(&w->inv->out, &w->write_error))
                g_main_loop_quit(w->wait->loop);
}

/* Of the site's engine, where one has the job. */
static void tell_engine(Watch *w, GVariant *properties) {
        g_autofree char *state = pi_text_escape(pi_dict_string(properties, "EngineState"), FALSE,
                                                16);
        g_autofree char *detail = pi_text_escape(pi_dict_string(properties, "EngineDetail"), FALSE,
                                                 0);

        if (!w->lines || state[0] == '\0')
                return;
        pi_output_printf(&w->inv->out, "job %" G_GUINT64_FORMAT " engine %s%s%s\n", w->id, state,
                         detail[0] ? ": " : "", detail);
        if (!w->write_error && !pi_output_flush(&w->inv->out, &w->write_error))
                g_main_loop_quit(w->wait->loop);
}

static void update(Watch *w, GVariant *properties) {
        tell_state(w, properties);
        tell_engine(w, properties);
        pi_progress_update(&w->progress, properties);
}

static void on_changed(const char *path, GVariant *body, gpointer userdata) {
        g_autoptr(GVariant) changed = g_variant_get_child_value(body, 1);
        update(userdata, changed);
}

static void complain(Watch *w, char *message) {
        pi_progress_clear(&w->progress);
        pi_complain(message);
        g_free(message);
}

/* The end of a job as its properties tell it, in the form in which Wait does. */
static void take_end(Watch *w, GVariant *properties) {
        g_autoptr(GVariant) report = g_variant_lookup_value(properties, "Report",
                                                            G_VARIANT_TYPE_VARDICT);
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(GError) error = NULL;

        if (report && strcmp(pi_dict_string(properties, "State"), "done") == 0)
                reply = g_variant_ref_sink(g_variant_new(
                        "(d@a{sv})", pi_dict_double(properties, "Pi"), report));
        else
                pi_client_error_from_name(&error, pi_dict_string(properties, "ErrorName"),
                                          pi_dict_string(properties, "ErrorMessage"));
        pi_wait_answer(reply, error, w->wait);
}

static gboolean is_end_of_service(const Watch *w, const GError *error) {
        gboolean runs = TRUE;

        if (!pi_client_is_connected(w->client))
                return FALSE;
        if (g_error_matches(error, PI_ERROR, PI_ERROR_NODE_LOST) ||
            g_error_matches(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN))
                return TRUE;
        /* It had ended before it was asked. */
        return pi_client_service_runs(w->client, &runs, NULL) && !runs;
}

/* The service ended, or is about to. */
static void on_lost(Watch *w, const GError *error) {
        g_autoptr(GError) lost = NULL;

        if (!w->detached) {
                if (!g_error_matches(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN))
                        pi_client_error_job_lost(&lost, w->id);
                pi_wait_answer(NULL, lost ? lost : error, w->wait);
                return;
        }
        if (w->gone_usec == 0) {
                w->gone_usec = g_get_monotonic_time();
                complain(w, g_strdup_printf("the service ended; job %" G_GUINT64_FORMAT " goes on "
                                            "when it is back: waiting up to %d s for that",
                                            w->id, RETURN_SEC));
        }
        ask_again_later(w);
}

static void on_result(GVariant *reply, const GError *error, gpointer userdata) {
        Watch *w = userdata;

        if (error && is_end_of_service(w, error))
                on_lost(w, error);
        else
                pi_wait_answer(reply, error, w->wait);
}

static gboolean wait_for_result(Watch *w, GError **error) {
        return pi_client_call_async(w->client, w->path, &wait_job, NULL, on_result, w, error);
}

/* Ends the watching with what could not be sent. */
static void give_up(Watch *w, GError *error) {
        pi_wait_answer(NULL, error, w->wait);
        g_error_free(error);
}

/* The job has no object any more: it ended in the moment in which the service did. */
static void on_described(GVariant *reply, const GError *error, gpointer userdata) {
        Watch *w = userdata;
        g_autoptr(GVariant) entry = NULL, properties = NULL;

        if (error) {
                pi_wait_answer(NULL, error, w->wait);
                return;
        }
        entry = g_variant_get_child_value(reply, 0);
        properties = pi_job_properties_of_entry(entry);
        if (!pi_job_state_is_final(pi_dict_string(properties, "State"))) {
                ask_again_later(w);
                return;
        }
        update(w, properties);
        take_end(w, properties);
}

static void on_back(Watch *w, GVariant *properties) {
        GError *error = NULL;

        complain(w, g_strdup_printf("the service is back; job %" G_GUINT64_FORMAT " goes on",
                                    w->id));
        w->gone_usec = 0;
        /* The rate of before would count the time that nobody computed. */
        pi_progress_init(&w->progress);
        update(w, properties);
        if (!wait_for_result(w, &error))
                give_up(w, error);
}

static void on_looked_again(GVariant *reply, const GError *error, gpointer userdata) {
        Watch *w = userdata;
        g_autoptr(GVariant) properties = reply ? g_variant_get_child_value(reply, 0) : NULL;
        GError *failed = NULL;

        if (properties)
                on_back(w, properties);
        else if (!pi_client_is_connected(w->client))
                pi_wait_answer(NULL, error, w->wait);
        else if (!g_error_matches(error, PI_ERROR, PI_ERROR_NO_SUCH_JOB))
                ask_again_later(w);
        else if (!pi_client_call_async(w->client, PI_OBJECT_PATH, &pi_method_describe_job,
                                       g_variant_new("(t)", w->id), on_described, w, &failed))
                give_up(w, failed);
}

static gboolean ask_again(gpointer userdata) {
        Watch *w = userdata;
        GError *error = NULL;

        w->retry = 0;
        if (g_get_monotonic_time() - w->gone_usec > RETURN_SEC * G_USEC_PER_SEC)
                give_up(w, g_error_new(PI_ERROR, PI_ERROR_NODE_LOST,
                                       "the service did not come back within %d s; job %"
                                       G_GUINT64_FORMAT " goes on when it is started again: "
                                       "systemctl %sstart pi-computed, then pictl watch %"
                                       G_GUINT64_FORMAT, RETURN_SEC, w->id,
                                       w->inv->options.bus == PI_BUS_USER ? "--user " : "", w->id));
        else if (!pi_client_call_async(w->client, w->path, &look_again,
                                       g_variant_new("(s)", PI_INTERFACE_JOB), on_looked_again, w,
                                       &error))
                give_up(w, error);
        return G_SOURCE_REMOVE;
}

static void ask_again_later(Watch *w) {
        if (w->retry == 0)
                w->retry = g_timeout_add(RETRY_MSEC, ask_again, w);
}

/* Subscribes first, then asks, so that no change falls between the two. */
static gboolean begin(Watch *w, GError **error) {
        g_autoptr(GVariant) properties = NULL;

        if (!pi_client_subscribe(w->client, w->path, &pi_signal_job_changed, on_changed, w, error))
                return FALSE;
        properties = pi_job_get(w->client, w->path, error);
        if (!properties)
                return FALSE;
        w->detached = pi_dict_string(properties, "Sender")[0] == '\0';
        update(w, properties);
        if (w->write_error) {
                g_propagate_error(error, g_steal_pointer(&w->write_error));
                return FALSE;
        }
        if (pi_job_state_is_final(pi_dict_string(properties, "State"))) {
                take_end(w, properties);
                return TRUE;
        }
        pi_client_attach(w->client);
        return wait_for_result(w, error);
}

static int interrupted(const Watch *w) {
        g_autofree char *message = g_strdup_printf("interrupted: job %" G_GUINT64_FORMAT
                                                   " goes on; pictl cancel %" G_GUINT64_FORMAT
                                                   " ends it",
                                                   w->id, w->id);

        pi_complain(message);
        return 128 + w->wait->signal;
}

static int finish(Watch *w, GError **error) {
        PiOutput *out = &w->inv->out;
        g_autoptr(GVariant) report = NULL;
        g_autofree char *note = NULL;
        double pi;

        if (w->write_error || w->wait->error) {
                GError **first = w->write_error ? &w->write_error : &w->wait->error;
                g_propagate_error(error, g_steal_pointer(first));
                return PI_VERB_ERROR;
        }
        if (!w->wait->reply)
                return interrupted(w);
        g_variant_get(w->wait->reply, "(d@a{sv})", &pi, &report);
        if (out->json != PI_JSON_OFF)
                pi_report_append_json(out, pi, report);
        else
                pi_report_append(out, pi, report);
        note = pi_verdict_note(report);
        if (note)
                pi_complain(note);
        return pi_verdict_exit_status(report);
}

int pi_verb_watch(PiInvocation *inv, GError **error) {
        g_autofree char *path = pi_job_path_parse(inv->args[0], error);
        g_autoptr(PiClient) client = path ? pi_client_new(&inv->options, error) : NULL;
        g_auto(PiWait) wait = {};
        Watch w = { .inv = inv, .client = client, .path = path, .wait = &wait };
        int status = PI_VERB_ERROR;

        if (!client)
                return PI_VERB_ERROR;
        w.id = pi_job_id_of_path(path);
        pi_progress_init(&w.progress);
        w.lines = !(pi_progress_is_wanted(&w.progress) && inv->out.terminal.is_tty) &&
                  inv->out.json == PI_JSON_OFF;
        pi_wait_init(&wait);
        if (begin(&w, error)) {
                pi_wait_run(&wait);
                pi_progress_clear(&w.progress);
                status = finish(&w, error);
        }
        g_clear_handle_id(&w.retry, g_source_remove);
        pi_progress_clear(&w.progress);
        g_clear_error(&w.write_error);
        return status;
}
