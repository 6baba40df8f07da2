/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/owner.h"
#include "ctl/signals.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/names.h"

static const PiColumn columns[] = {
        { "ID", TRUE },    { "STATE", FALSE }, { "PROGRESS", TRUE }, { "TERMS", TRUE },
        { "PARTS", TRUE }, { "CPUS", TRUE },   { "KERNEL", FALSE },  { "OWNER", FALSE },
        { "TIME", TRUE },  { "LABEL", FALSE },
};

static int compare_ids(gconstpointer a, gconstpointer b) {
        guint64 x = pi_dict_u64(*(GVariant *const *) a, "Id"),
                y = pi_dict_u64(*(GVariant *const *) b, "Id");
        return (x > y) - (x < y);
}

/* The properties of every job, an array of a{sv} ordered by number. */
static GPtrArray *list_jobs(PiClient *client, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH,
                                                   &pi_method_managed_objects, NULL, error);
        g_autoptr(GVariant) objects = reply ? g_variant_get_child_value(reply, 0) : NULL;
        GPtrArray *jobs;

        if (!objects)
                return NULL;
        jobs = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);
        for (gsize i = 0; i < g_variant_n_children(objects); i++) {
                g_autoptr(GVariant) object = g_variant_get_child_value(objects, i);
                g_autoptr(GVariant) interfaces = g_variant_get_child_value(object, 1);
                GVariant *job = g_variant_lookup_value(interfaces, PI_INTERFACE_JOB,
                                                       G_VARIANT_TYPE_VARDICT);

                if (job)
                        g_ptr_array_add(jobs, job);
        }
        g_ptr_array_sort(jobs, compare_ids);
        return jobs;
}

/* How long it has waited, has run so far, or ran. The clock is the service's: on another machine it
 * may be ahead of ours. */
static char *time_text(GVariant *job) {
        guint64 now = (guint64) g_get_real_time(), begin = pi_dict_u64(job, "StartedUsec"),
                end = pi_dict_u64(job, "FinishedUsec");

        if (begin == 0)
                begin = pi_dict_u64(job, "CreatedUsec");
        if (end == 0)
                end = now;
        return pi_format_usec(end > begin ? end - begin : 0);
}

static void add_row(PiTable *table, GVariant *job, PiOwners *owners, gboolean utf8) {
        const char *state = pi_dict_string(job, "State");
        const char *owner = pi_owners_name(owners, (guint32) pi_dict_u64(job, "Owner"));

        pi_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, pi_dict_u64(job, "Id")),
                      PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(state, FALSE, 16), pi_style_of_state(state));
        pi_table_take(table, pi_format_percent(pi_dict_double(job, "Progress")), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_count(pi_dict_u64(job, "Terms")), PI_STYLE_PLAIN);
        pi_table_take(table, pi_format_count(pi_dict_u64(job, "Parts")), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, pi_dict_u64(job, "Cpus")),
                      PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(pi_dict_string(job, "Kernel"), FALSE, 16),
                      PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup(owner), PI_STYLE_PLAIN);
        pi_table_take(table, time_text(job), PI_STYLE_PLAIN);
        pi_table_take(table, pi_text_escape(pi_dict_string(job, "Label"), utf8, 0), PI_STYLE_PLAIN);
}

static void append_json(PiOutput *out, const GPtrArray *jobs) {
        g_autoptr(GVariant) array = g_variant_ref_sink(g_variant_new_array(
                G_VARIANT_TYPE_VARDICT, (GVariant *const *) jobs->pdata, jobs->len));

        pi_json_append(array, out->json, out->text);
}

static void append_table(PiOutput *out, const GPtrArray *jobs, gboolean local) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));
        g_autoptr(PiOwners) owners = pi_owners_new(local);

        for (guint i = 0; i < jobs->len; i++)
                add_row(table, jobs->pdata[i], owners, out->terminal.utf8);
        if (jobs->len > 0)
                pi_table_render(table, &out->terminal, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out, jobs->len == 0 ? "No jobs. pictl submit makes one.\n"
                                 : jobs->len == 1    ? "\n%u job.\n"
                                                     : "\n%u jobs.\n", jobs->len);
}

int pi_verb_jobs(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autoptr(GPtrArray) jobs = client ? list_jobs(client, error) : NULL;

        if (!jobs)
                return PI_VERB_ERROR;
        if (inv->out.json != PI_JSON_OFF)
                append_json(&inv->out, jobs);
        else
                append_table(&inv->out, jobs, pi_client_is_local(client));
        return EXIT_SUCCESS;
}
