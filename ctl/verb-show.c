/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/journal-command.h"
#include "ctl/owner.h"
#include "ctl/report.h"
#include "ctl/signals.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* The most ListLeases gives at once. */
#define LEASES_MAX 1000

/* The most faults a job keeps. */
#define FAULTS_MAX 64

static const PiColumn columns[] = {
        { "PART", TRUE },  { "PARTS", TRUE },  { "FIRST TERM", TRUE },
        { "TERMS", TRUE }, { "STATE", FALSE }, { "TRIES", TRUE },
        { "CPU", TRUE },   { "START", TRUE },  { "TIME", TRUE },
};

static void take_u64(PiTable *table, GVariant *dict, const char *key) {
        char *text = pi_dict_has(dict, key)
                ? g_strdup_printf("%" G_GUINT64_FORMAT, pi_dict_u64(dict, key)) : g_strdup("-");
        pi_table_take(table, text, PI_STYLE_PLAIN);
}

static void take_usec(PiTable *table, GVariant *dict, const char *key) {
        char *text = pi_dict_has(dict, key) ? pi_format_usec(pi_dict_u64(dict, key))
                                            : g_strdup("-");
        pi_table_take(table, text, PI_STYLE_PLAIN);
}

static void add_lease(PiTable *table, GVariant *lease) {
        const char *state = pi_dict_string(lease, "state");

        take_u64(table, lease, "first_part");
        take_u64(table, lease, "parts");
        take_u64(table, lease, "first_term");
        take_u64(table, lease, "terms");
        pi_table_take(table, pi_text_escape(state, FALSE, 16), pi_style_of_state(state));
        take_u64(table, lease, "attempts");
        take_u64(table, lease, "cpu");
        take_usec(table, lease, "start_usec");
        take_usec(table, lease, "elapsed_usec");
}

/* `more`: there may be leases behind the last one listed. */
static void append_leases(PiOutput *out, GVariant *leases, guint64 id, gboolean more) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        gsize n = g_variant_n_children(leases);
        guint64 next = 0;

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) lease = g_variant_get_child_value(leases, i);

                add_lease(table, lease);
                next = pi_dict_u64(lease, "first_part") + pi_dict_u64(lease, "parts");
        }
        if (n > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (!out->legend)
                return;
        if (n == 0)
                pi_output_printf(
                        out,
                        "No leases: the job has not started, or they are not kept any more.\n");
        else if (more)
                pi_output_printf(out,
                                 "\n%" G_GSIZE_FORMAT " leases; pictl show %" G_GUINT64_FORMAT
                                 " --leases=%" G_GUINT64_FORMAT " shows those behind.\n",
                                 n, id, next);
        else
                pi_output_printf(out, "\n%" G_GSIZE_FORMAT " lease%s.\n", n, n == 1 ? "" : "s");
}

/* Whether the last lease of the list ends before the last part of the job. */
static gboolean has_more(PiClient *client, const char *path, GVariant *leases) {
        g_autoptr(GVariant) job = pi_job_get(client, path, NULL);
        gsize n = g_variant_n_children(leases);
        g_autoptr(GVariant) last = n > 0 ? g_variant_get_child_value(leases, n - 1) : NULL;

        return job && last &&
               pi_dict_u64(last, "first_part") + pi_dict_u64(last, "parts") <
                       pi_dict_u64(job, "Parts");
}

/* aa{sv}. A job that is only in the store has no leases any more. */
static GVariant *list_leases(PiClient *client, const char *path, guint64 first_part,
                             guint32 limit, GError **error) {
        g_autoptr(GError) gone = NULL;
        g_autoptr(GVariant) reply = NULL, stored = NULL;

        reply = pi_client_call(client, path, &pi_method_list_leases,
                               g_variant_new("(tu)", first_part, limit), &gone);
        if (reply)
                return g_variant_get_child_value(reply, 0);
        if (g_error_matches(gone, PI_ERROR, PI_ERROR_NO_SUCH_JOB))
                stored = pi_job_get(client, path, NULL);
        if (stored)
                return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
        g_propagate_error(error, g_steal_pointer(&gone));
        return NULL;
}

static int show_leases(PiInvocation *inv, PiClient *client, const char *path, GError **error) {
        const PiOptions *o = &inv->options;
        guint32 limit = o->lines > 0 ? (guint32) o->lines : LEASES_MAX;
        g_autoptr(GVariant) leases = list_leases(client, path, o->leases_from, limit, error);

        if (!leases)
                return PI_VERB_ERROR;
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(leases, inv->out.json, inv->out.text);
        else
                append_leases(&inv->out, leases, pi_job_id_of_path(path),
                              has_more(client, path, leases));
        return EXIT_SUCCESS;
}

static void append_text_row(PiOutput *out, GVariant *job, const char *key, const char *label) {
        g_autofree char *text = pi_text_escape(pi_dict_string(job, key), out->terminal.utf8, 0);

        if (text[0] != '\0')
                pi_report_row(out, label, "%s", text);
}

static void append_state(PiOutput *out, GVariant *job) {
        const char *state = pi_dict_string(job, "State");
        g_autofree char *shown = pi_text_escape(state, FALSE, 16);
        g_autofree char *percent = pi_format_percent(pi_dict_double(job, "Progress"));

        pi_output_printf(out, "  %-*s ", PI_REPORT_LABEL_WIDTH, "state");
        pi_output_style(out, pi_style_of_state(state), shown);
        if (pi_dict_has(job, "Progress"))
                pi_output_printf(out, ", %s of the terms summed", percent);
        pi_output_printf(out, "\n");
}

/* What it means for this job that the service cannot write its store. */
static void append_store(PiOutput *out, PiClient *client, GVariant *job) {
        g_autoptr(GVariant) manager = pi_client_get_all(client, PI_OBJECT_PATH,
                                                        PI_INTERFACE_MANAGER, NULL);
        g_autofree char *cause = NULL;
        gboolean final = pi_job_state_is_final(pi_dict_string(job, "State"));

        if (!manager || strcmp(pi_dict_string(manager, "StoreState"), "degraded") != 0)
                return;
        cause = pi_text_escape(pi_dict_string(manager, "StoreError"), out->terminal.utf8, 0);
        pi_output_printf(out, "  %-*s ", PI_REPORT_LABEL_WIDTH, "store");
        pi_output_style(out, PI_STYLE_BAD, "degraded");
        pi_output_printf(out, ": %s\n", cause);
        pi_report_row(out, "", "%s",
                      final ? "Until that is mended this report may be in memory only, and is lost "
                              "if the service ends."
                            : "Until that is mended the job has no checkpoints: what it computes "
                              "is lost if the service ends.");
        pi_report_row(out, "", "%s",
                      "The service tries again by itself; df -h and ls -la of the directory tell "
                      "what it lacks.");
}

static void append_resumes(PiOutput *out, GVariant *job) {
        guint64 n = pi_dict_u64(job, "Resumes");

        if (n > 0)
                pi_report_row(out, "resumed", "%" G_GUINT64_FORMAT " time%s, after a restart of "
                              "the service", n, n == 1 ? "" : "s");
}

static void append_journal(PiOutput *out, const PiOptions *options, GVariant *job) {
        g_autofree char *command = pi_journal_command(options, pi_dict_u64(job, "Id"),
                                                      pi_journal_has_user_manager());

        if (command && out->legend)
                pi_output_printf(out, "\n  %-*s %s\n", PI_REPORT_LABEL_WIDTH, "journal", command);
}

static void append_engine_state(PiOutput *out, GVariant *job) {
        g_autofree char *state = pi_text_escape(pi_dict_string(job, "EngineState"), FALSE, 0);
        g_autofree char *detail = pi_text_escape(pi_dict_string(job, "EngineDetail"), FALSE, 0);

        pi_report_row(out, "engine state", "%s%s%s", state, detail[0] ? ": " : "", detail);
}

static void append_request(PiOutput *out, GVariant *job) {
        g_autofree char *terms = pi_format_grouped(pi_dict_u64(job, "Terms"));
        g_autofree char *parts = pi_format_grouped(pi_dict_u64(job, "Parts"));
        g_autofree char *deadline = pi_format_usec(pi_dict_u64(job, "DeadlineUsec"));
        gint32 priority = 0;

        pi_report_row(out, "terms", "%s", terms);
        pi_report_row(out, "parts", "%s", parts);
        if (pi_dict_has(job, "Cpus"))
                pi_report_row(out, "CPU slots", "%" G_GUINT64_FORMAT, pi_dict_u64(job, "Cpus"));
        if (g_variant_lookup(job, "Priority", "i", &priority) && priority != 0)
                pi_report_row(out, "priority", "%d", priority);
        append_text_row(out, job, "Kernel", "kernel");
        append_text_row(out, job, "Engine", "engine");
        if (pi_dict_string(job, "EngineState")[0] != '\0')
                append_engine_state(out, job);
        append_text_row(out, job, "Scope", "scope");
        if (pi_dict_u64(job, "DeadlineUsec") > 0)
                pi_report_row(out, "deadline", "%s after it was asked for", deadline);
}

static void append_times(PiOutput *out, GVariant *job) {
        static const struct {
                const char *key, *label;
        } moments[] = { { "CreatedUsec", "asked for" },
                        { "StartedUsec", "started" },
                        { "FinishedUsec", "finished" } };

        for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
                g_autofree char *text = pi_format_moment(pi_dict_u64(job, moments[i].key));
                pi_report_row(out, moments[i].label, "%s", text);
        }
}

/* The CPU that had the parts right in the end, if the service still knows. */
static guint32 right_cpu(PiClient *client, const char *path, GVariant *fault) {
        g_autoptr(GVariant) reply = pi_client_call(
                client, path, &pi_method_list_leases,
                g_variant_new("(tu)", pi_dict_u64(fault, "first_part"), 1), NULL);
        g_autoptr(GVariant) leases = reply ? g_variant_get_child_value(reply, 0) : NULL;
        g_autoptr(GVariant) lease = NULL;

        if (!leases || g_variant_n_children(leases) == 0)
                return PI_VERDICT_NO_CPU;
        lease = g_variant_get_child_value(leases, 0);
        if (strcmp(pi_dict_string(lease, "state"), "verified") != 0 ||
            pi_dict_u64(lease, "cpu") == pi_dict_u64(fault, "cpu"))
                return PI_VERDICT_NO_CPU;
        return (guint32) pi_dict_u64(lease, "cpu");
}

static void append_verdict(PiOutput *out, PiClient *client, const char *path, GVariant *job) {
        const GVariantType *list = G_VARIANT_TYPE("aa{sv}");
        g_autoptr(GVariant) faults = g_variant_lookup_value(job, "Faults", list);
        const char *verdict = pi_dict_string(job, "Verdict");
        g_autofree char *shown = pi_text_escape(verdict, FALSE, 16);

        if (verdict[0] == '\0')
                return;
        pi_output_printf(out, "  %-*s ", PI_REPORT_LABEL_WIDTH, "verdict");
        pi_output_style(out, pi_style_of_state(verdict), shown);
        pi_output_printf(out, "\n");
        for (gsize i = 0; faults && i < MIN(g_variant_n_children(faults), FAULTS_MAX); i++) {
                g_autoptr(GVariant) fault = g_variant_get_child_value(faults, i);
                g_autofree char *text = pi_fault_sentence(fault, right_cpu(client, path, fault));

                pi_report_row(out, i == 0 ? "faults" : "", "%s", text);
        }
}

static void append_job(PiInvocation *inv, PiClient *client, const char *path, GVariant *job) {
        PiOutput *out = &inv->out;
        g_autoptr(PiOwners) owners = pi_owners_new(pi_client_is_local(client));
        g_autoptr(GVariant) report = g_variant_lookup_value(job, "Report", G_VARIANT_TYPE_VARDICT);
        guint32 owner = (guint32) pi_dict_u64(job, "Owner");
        g_autofree char *sender = pi_text_escape(pi_dict_string(job, "Sender"), FALSE, 0);
        g_autofree char *title = g_strdup_printf("Job %" G_GUINT64_FORMAT, pi_dict_u64(job, "Id"));

        pi_output_style(out, PI_STYLE_STRONG, title);
        pi_output_printf(out, "\n");
        append_text_row(out, job, "Label", "label");
        append_state(out, job);
        append_store(out, client, job);
        append_text_row(out, job, "ErrorMessage", "error");
        append_text_row(out, job, "ErrorName", "error name");
        append_verdict(out, client, path, job);
        pi_report_row(out, "owner", "%s (uid %u)", pi_owners_name(owners, owner), owner);
        if (sender[0] != '\0' && !pi_job_state_is_final(pi_dict_string(job, "State")))
                pi_report_row(out, "ends with", "its caller, %s on the bus", sender);
        append_request(out, job);
        append_times(out, job);
        append_resumes(out, job);
        if (report && g_variant_n_children(report) > 0) {
                pi_output_printf(out, "\n");
                pi_report_append(out, pi_dict_double(job, "Pi"), report);
        }
        append_journal(out, &inv->options, job);
}

int pi_verb_show(PiInvocation *inv, GError **error) {
        g_autofree char *path = pi_job_path_parse(inv->args[0], error);
        g_autoptr(PiClient) client = path ? pi_client_new(&inv->options, error) : NULL;
        g_autoptr(GVariant) job = NULL;

        if (!client)
                return PI_VERB_ERROR;
        if (pi_invocation_has(inv, LEASES))
                return show_leases(inv, client, path, error);
        job = pi_job_get(client, path, error);
        if (!job)
                return PI_VERB_ERROR;
        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(job, inv->out.json, inv->out.text);
        else
                append_job(inv, client, path, job);
        return EXIT_SUCCESS;
}
