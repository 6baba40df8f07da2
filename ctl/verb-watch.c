/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/progress.h"
#include "ctl/report.h"
#include "ctl/signals.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"
#include "ctl/wait.h"
#include "dbus/names.h"

static const PiMethod wait_job = { PI_INTERFACE_JOB, "Wait", "(da{sv})" };

typedef struct Watch {
        PiInvocation *inv;
        PiProgress progress;
        guint64 id;
        gboolean lines; /* a line a state on stdout, for want of a terminal to draw on */
        char state[16]; /* the last one told of */
        GError *write_error;
        PiWait *wait;
} Watch;

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

static void update(Watch *w, GVariant *properties) {
        tell_state(w, properties);
        pi_progress_update(&w->progress, properties);
}

static void on_changed(const char *path, GVariant *body, gpointer userdata) {
        g_autoptr(GVariant) changed = g_variant_get_child_value(body, 1);
        update(userdata, changed);
}

/* Subscribes first, then asks, so that no change falls between the two. */
static gboolean begin(Watch *w, PiClient *client, const char *path, GError **error) {
        g_autoptr(GVariant) properties = NULL;

        if (!pi_client_subscribe(client, path, &pi_signal_job_changed, on_changed, w, error))
                return FALSE;
        properties = pi_client_get_all(client, path, PI_INTERFACE_JOB, error);
        if (!properties)
                return FALSE;
        update(w, properties);
        if (w->write_error) {
                g_propagate_error(error, g_steal_pointer(&w->write_error));
                return FALSE;
        }
        pi_client_attach(client);
        return pi_client_call_async(client, path, &wait_job, NULL, pi_wait_answer, w->wait, error);
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
        Watch w = { .inv = inv, .wait = &wait };
        int status = PI_VERB_ERROR;

        if (!client)
                return PI_VERB_ERROR;
        w.id = pi_job_id_of_path(path);
        pi_progress_init(&w.progress);
        w.lines = !(pi_progress_is_wanted(&w.progress) && inv->out.terminal.is_tty) &&
                  inv->out.json == PI_JSON_OFF;
        pi_wait_init(&wait);
        if (begin(&w, client, path, error)) {
                pi_wait_run(&wait);
                pi_progress_clear(&w.progress);
                status = finish(&w, error);
        }
        pi_progress_clear(&w.progress);
        g_clear_error(&w.write_error);
        return status;
}
