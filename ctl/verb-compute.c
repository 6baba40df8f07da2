/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client-error.h"
#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/progress.h"
#include "ctl/quantity.h"
#include "ctl/report.h"
#include "ctl/signals.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"
#include "ctl/wait.h"
#include "dbus/error.h"
#include "dbus/names.h"

static const PiMethod submit_job = { PI_INTERFACE_MANAGER, "SubmitJob", "(o)" };

static void add_string(GVariantDict *dict, const char *key, const char *value) {
        if (value)
                g_variant_dict_insert(dict, key, "s", value);
}

/* The arguments (ta{sv}) of ComputePi and SubmitJob, floating. */
static GVariant *make_arguments(const PiInvocation *inv, GError **error) {
        const PiOptions *o = &inv->options;
        GVariant *nodes = NULL;
        GVariantDict dict;
        guint64 terms;

        if (!pi_quantity_parse(inv->args[0], &pi_quantity_terms, &terms, error))
                return NULL;
        if (o->nodes) {
                nodes = pi_nodes_parse(o->nodes, error);
                if (!nodes)
                        return NULL;
        }
        g_variant_dict_init(&dict, NULL);
        if (o->parts > 0)
                g_variant_dict_insert(&dict, PI_OPTION_PARTS, "t", o->parts);
        if (o->cpus > 0)
                g_variant_dict_insert(&dict, PI_OPTION_CPUS, "u", (guint32) o->cpus);
        if (o->timeout_usec > 0)
                g_variant_dict_insert(&dict, PI_OPTION_DEADLINE_USEC, "t", o->timeout_usec);
        if (pi_invocation_has(inv, PRIORITY))
                g_variant_dict_insert(&dict, PI_OPTION_PRIORITY, "i", o->priority);
        if (nodes)
                g_variant_dict_insert_value(&dict, PI_OPTION_NODES, nodes);
        add_string(&dict, PI_OPTION_SCOPE, o->scope);
        add_string(&dict, PI_OPTION_ENGINE, o->engine);
        add_string(&dict, PI_OPTION_KERNEL, o->kernel);
        add_string(&dict, PI_OPTION_LABEL, o->label);
        return g_variant_new("(t@a{sv})", terms, g_variant_dict_end(&dict));
}

static void append_submitted(PiOutput *out, const char *path) {
        guint64 id = pi_job_id_of_path(path);
        g_autoptr(GVariant) value = NULL;

        if (out->json != PI_JSON_OFF) {
                value = g_variant_ref_sink(
                        g_variant_new_parsed("{'id': <%t>, 'job': <%o>}", id, path));
                pi_json_append(value, out->json, out->text);
        } else if (out->legend)
                pi_output_printf(out,
                                 "Job %" G_GUINT64_FORMAT
                                 " is queued; pictl watch %" G_GUINT64_FORMAT
                                 " follows it, pictl cancel %" G_GUINT64_FORMAT " ends it.\n",
                                 id, id, id);
        else
                pi_output_printf(out, "%" G_GUINT64_FORMAT "\n", id);
}

/* When the service ended in the middle of the call, the job may have been stored or not. */
static void tell_unknown(GError **error) {
        if (!error || !g_error_matches(*error, PI_ERROR, PI_ERROR_NODE_LOST))
                return;
        g_clear_error(error);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_NODE_LOST,
                            "the service ended before it said whether the job is queued: look at "
                            "pictl jobs before you ask again");
}

/* Who submits a job relies on its being kept. */
static void tell_store(PiClient *client) {
        g_autoptr(GVariant) manager =
                pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, NULL);
        g_autofree char *why = NULL, *text = NULL;

        if (!manager || strcmp(pi_dict_string(manager, "StoreState"), "degraded") != 0)
                return;
        why = pi_text_escape(pi_dict_string(manager, "StoreError"), FALSE, 0);
        text = g_strdup_printf("the job is lost if the service ends before it is done: %s", why);
        pi_complain(text);
}

int pi_verb_submit(PiInvocation *inv, GError **error) {
        GVariant *arguments = make_arguments(inv, error);
        g_autoptr(PiClient) client = NULL;
        g_autoptr(GVariant) reply = NULL;
        const char *path;

        if (!arguments)
                return PI_VERB_ERROR;
        arguments = g_variant_ref_sink(arguments);
        client = pi_client_new(&inv->options, error);
        if (client)
                reply = pi_client_call(client, PI_OBJECT_PATH, &submit_job, arguments, error);
        g_variant_unref(arguments);
        if (!reply) {
                tell_unknown(error);
                return PI_VERB_ERROR;
        }
        g_variant_get(reply, "(&o)", &path);
        append_submitted(&inv->out, path);
        tell_store(client);
        return EXIT_SUCCESS;
}

/* Follows the job that our own call of ComputePi makes. */
typedef struct Computation {
        PiClient *client;
        PiProgress progress;
        guint64 id; /* 0 until it is known */
} Computation;

static void on_changed(const char *path, GVariant *body, gpointer userdata) {
        Computation *c = userdata;
        g_autoptr(GVariant) changed = g_variant_get_child_value(body, 1);

        pi_progress_update(&c->progress, changed);
}

static void on_properties(GVariant *reply, const GError *error, gpointer userdata) {
        Computation *c = userdata;
        g_autoptr(GVariant) properties = reply ? g_variant_get_child_value(reply, 0) : NULL;

        if (properties)
                pi_progress_update(&c->progress, properties);
}

/* A new job: ours if it was made for our connection. Its number is wanted also where nothing is
 * drawn: if the service is lost, it is all there is to ask about. The line is an extra: if it
 * cannot be had, the computation goes on without it. */
static void on_added(const char *path, GVariant *body, gpointer userdata) {
        Computation *c = userdata;
        const char *name = pi_client_unique_name(c->client), *job;
        g_autoptr(GVariant) interfaces = NULL, properties = NULL;

        g_variant_get(body, "(&o@a{sa{sv}})", &job, &interfaces);
        properties = g_variant_lookup_value(interfaces, PI_INTERFACE_JOB, G_VARIANT_TYPE_VARDICT);
        if (!properties || c->id > 0 || strcmp(pi_dict_string(properties, "Sender"), name) != 0)
                return;
        c->id = pi_job_id_of_path(job);
        if (!pi_progress_is_wanted(&c->progress))
                return;
        pi_progress_update(&c->progress, properties);
        /* What changed before the bus knew of the subscription is asked for after it. */
        if (pi_client_subscribe(c->client, job, &pi_signal_job_changed, on_changed, c, NULL))
                (void) pi_client_call_async(c->client, job, &pi_method_get_all,
                                            g_variant_new("(s)", PI_INTERFACE_JOB), on_properties,
                                            c, NULL);
}

/* The job of ComputePi ends with its caller: leaving the bus is how to cancel it. */
static int interrupted(Computation *c, int signal) {
        g_autofree char *message = NULL;

        pi_client_leave(c->client);
        message = c->id > 0 ? g_strdup_printf("interrupted: job %" G_GUINT64_FORMAT " is cancelled",
                                              c->id)
                            : g_strdup("interrupted: the job is cancelled");
        pi_complain(message);
        return 128 + signal;
}

static int finish(PiInvocation *inv, Computation *c, PiWait *wait, GError **error) {
        g_autoptr(GVariant) report = NULL;
        g_autofree char *note = NULL;
        double pi;

        if (g_error_matches(wait->error, PI_ERROR, PI_ERROR_NODE_LOST)) {
                pi_client_error_job_lost(error, c->id);
                return PI_VERB_ERROR;
        }
        if (wait->error) {
                g_propagate_error(error, g_steal_pointer(&wait->error));
                return PI_VERB_ERROR;
        }
        if (!wait->reply)
                return interrupted(c, wait->signal);
        g_variant_get(wait->reply, "(d@a{sv})", &pi, &report);
        if (inv->out.json != PI_JSON_OFF)
                pi_report_append_json(&inv->out, pi, report);
        else
                pi_report_append(&inv->out, pi, report);
        note = pi_verdict_note(report);
        if (note)
                pi_complain(note);
        return pi_verdict_exit_status(report);
}

static int compute(PiInvocation *inv, GVariant *arguments, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_auto(PiWait) wait = {};
        Computation c = { .client = client };
        gboolean good;

        if (!client)
                return PI_VERB_ERROR;
        pi_progress_init(&c.progress);
        good = pi_client_subscribe(client, PI_OBJECT_PATH, &pi_signal_added, on_added, &c, error);
        pi_wait_init(&wait);
        pi_client_attach(client);
        good = good && pi_client_call_async(client, PI_OBJECT_PATH, &pi_method_compute_pi,
                                            arguments, pi_wait_answer, &wait, error);
        if (good)
                pi_wait_run(&wait);
        pi_progress_clear(&c.progress);
        return good ? finish(inv, &c, &wait, error) : PI_VERB_ERROR;
}

int pi_verb_compute(PiInvocation *inv, GError **error) {
        g_autoptr(GVariant) arguments = NULL;

        if (pi_invocation_has(inv, DETACH))
                return pi_verb_submit(inv, error);
        arguments = make_arguments(inv, error);
        if (!arguments)
                return PI_VERB_ERROR;
        g_variant_ref_sink(arguments);
        return compute(inv, arguments, error);
}
