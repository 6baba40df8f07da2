/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/reply.h"
#include "daemon/api/server-private.h"
#include "daemon/jobs/job-record.h"
#include "daemon/jobs/sweep-check.h"
#include "dbus/error.h"
#include "dbus/variant.h"

/* All that is asked of the store: the answer comes when its thread has it. */

static int ask_store(PiServer *server, sd_bus_message *call, uint64_t id, PiAsk **ret) {
        g_autoptr(GError) error = NULL;

        *ret = pi_ask_new(server->asks, call, server, id, &error);
        return *ret ? 1 : pi_reply_gerror(call, error);
}

/* A floating a{sv} of a record. */
typedef GVariant *(*Describe)(gconstpointer record);

static void reply_list(PiAsk *ask, const GPtrArray *records, const GError *error,
                       Describe describe) {
        const PiServer *server = ask->server;
        GVariantBuilder b;

        if (error) {
                (void) pi_reply_gerror(ask->call, error);
                return;
        }
        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < records->len; i++)
                g_variant_builder_add_value(&b, describe(records->pdata[i]));
        (void) pi_reply_variant(ask->call, g_variant_builder_end(&b));
        server->config.listed(server->config.userdata);
}

/* `absent`: what it is when there is no record of that number. */
static void reply_one(PiAsk *ask, const GPtrArray *records, const GError *error,
                      Describe describe, PiError absent) {
        g_autoptr(GError) none = NULL;

        if (!error && records->len == 0)
                none = g_error_new(PI_ERROR, absent, "There is no %s %" G_GUINT64_FORMAT,
                                   absent == PI_ERROR_NO_SUCH_JOB ? "job" : "run", ask->id);
        if (error || none)
                (void) pi_reply_gerror(ask->call, error ? error : none);
        else
                (void) pi_reply_variant(ask->call, describe(records->pdata[0]));
}

static GVariant *describe_entry(gconstpointer record) {
        return pi_job_record_to_variant(record, FALSE);
}

static GVariant *describe_job(gconstpointer record) {
        return pi_job_record_to_variant(record, TRUE);
}

static GVariant *describe_sweep(gconstpointer p) {
        const PiSweepRecord *record = p;
        GVariantDict d;

        g_variant_dict_init(&d, record->run);
        g_variant_dict_insert(&d, "id", "t", record->id);
        g_variant_dict_insert(&d, "owner", "u", record->owner);
        g_variant_dict_insert(&d, "time_usec", "t", record->time_usec);
        return g_variant_dict_end(&d);
}

static void history_listed(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        reply_list(ask, records, error, describe_entry);
}

int pi_method_list_history(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        uint32_t limit;
        PiAsk *ask;
        int r;

        r = pi_read_limit(call, PI_HISTORY_MAX, &limit, error);
        if (r < 0)
                return r;
        r = ask_store(server, call, 0, &ask);
        if (ask)
                pi_store_list_jobs(pi_jobs_store(server->jobs), limit, history_listed, ask);
        return r;
}

static void job_found(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        reply_one(ask, records, error, describe_job, PI_ERROR_NO_SUCH_JOB);
}

/* What is in memory is newer than what is in the store. */
int pi_method_describe_job(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        const PiJob *job;
        uint64_t id;
        PiAsk *ask;
        int r = sd_bus_message_read(call, "t", &id);

        if (r < 0)
                return r;
        job = pi_jobs_find(server->jobs, id);
        if (job) {
                g_autoptr(PiJobRecord) record = pi_job_to_record(job);
                return pi_reply_variant(call, pi_job_record_to_variant(record, TRUE));
        }
        r = ask_store(server, call, id, &ask);
        if (ask)
                pi_store_find_job(pi_jobs_store(server->jobs), id, job_found, ask);
        return r;
}

static void sweep_stored(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        if (error)
                (void) pi_reply_gerror(ask->call, error);
        else
                (void) sd_bus_reply_method_return(ask->call, "t",
                                                  ((PiSweepRecord *) records->pdata[0])->id);
}

static void record_sweep_for(sd_bus_message *call, uid_t user, gpointer userdata) {
        PiServer *server = userdata;
        g_autoptr(GVariant) run = NULL;
        g_autoptr(GError) error = NULL;
        PiAsk *ask;

        if (pi_variant_read(call, &run) < 0)
                g_set_error_literal(&error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "The run cannot be read: a value has a type no key has");
        else
                (void) pi_sweep_check(run, &error);
        if (error) {
                (void) pi_reply_gerror(call, error);
                return;
        }
        (void) ask_store(server, call, 0, &ask);
        if (ask)
                pi_store_put_sweep(pi_jobs_store(server->jobs), pi_sweep_record_new(user, run),
                                   sweep_stored, ask);
}

int pi_method_record_sweep(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;

        return pi_caller_identify(server->callers, call, record_sweep_for, server);
}

static void sweeps_listed(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        reply_list(ask, records, error, describe_sweep);
}

int pi_method_list_sweeps(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        uint32_t limit;
        PiAsk *ask;
        int r;

        r = pi_read_limit(call, PI_HISTORY_MAX, &limit, error);
        if (r < 0)
                return r;
        r = ask_store(server, call, 0, &ask);
        if (ask)
                pi_store_list_sweeps(pi_jobs_store(server->jobs), limit, sweeps_listed, ask);
        return r;
}

static void sweep_found(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(PiAsk) ask = userdata;

        reply_one(ask, records, error, describe_sweep, PI_ERROR_NO_SUCH_SWEEP);
}

int pi_method_describe_sweep(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PiServer *server = userdata;
        uint64_t id;
        PiAsk *ask;
        int r = sd_bus_message_read(call, "t", &id);

        if (r < 0)
                return r;
        r = ask_store(server, call, id, &ask);
        if (ask)
                pi_store_find_sweep(pi_jobs_store(server->jobs), id, sweep_found, ask);
        return r;
}
