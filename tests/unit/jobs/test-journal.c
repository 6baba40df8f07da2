/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/journal.h"

#include <string.h>

#include "daemon/events.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

#define SECOND UINT64_C(1000000000)

typedef struct Record {
        GLogLevelFlags level;
        GHashTable *fields;
} Record;

/* Written by the log writer, which GLib keeps for the life of the process. */
static GArray *records;

static void clear_record(gpointer p) {
        g_hash_table_unref(((Record *) p)->fields);
}

static GLogWriterOutput capture(GLogLevelFlags level, const GLogField *fields, gsize n,
                                gpointer userdata) {
        Record r = { level, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };

        for (gsize i = 0; i < n; i++)
                g_hash_table_insert(r.fields, g_strdup(fields[i].key),
                                    fields[i].length < 0
                                            ? g_strdup(fields[i].value)
                                            : g_strndup(fields[i].value, (gsize) fields[i].length));
        g_array_append_val(records, r);
        return G_LOG_WRITER_HANDLED;
}

static const char *field(guint index, const char *key) {
        return g_hash_table_lookup(g_array_index(records, Record, index).fields, key);
}

static PiJob *job_in(PiJobState state, PiError code) {
        PiJob *job = made_job(3141, &pi_kernel_generic, 1000000, 8193, 1);

        if (state != PI_JOB_QUEUED)
                pi_job_set_state(job, PI_JOB_RUNNING);
        if (state == PI_JOB_FAILED || state == PI_JOB_CANCELLED)
                g_set_error(&job->error, PI_ERROR, (int) code, "the reason, 100 %%s of it");
        if (state > PI_JOB_RUNNING)
                pi_job_set_state(job, state);
        return job;
}

/* What the listener writes of a job in this state: nothing, or one record. */
static void tell(PiJob *job, unsigned want) {
        g_array_set_size(records, 0);
        pi_journal_listener.state_changed(job, NULL);
        g_assert_cmpuint(records->len, ==, want);
        if (want == 0)
                return;
        g_assert_cmpstr(field(0, "JOB_ID"), ==, "3141");
        g_assert_cmpstr(field(0, "GLIB_DOMAIN"), ==, G_LOG_DOMAIN);
        g_assert_cmpuint(strlen(field(0, "MESSAGE_ID")), ==, 32);
}

static GLogLevelFlags level(void) {
        return g_array_index(records, Record, 0).level;
}

static void test_quiet(void) {
        g_autoptr(PiJob) queued = job_in(PI_JOB_QUEUED, 0), running = job_in(PI_JOB_RUNNING, 0);

        tell(queued, 0);
        tell(running, 0);
}

static void test_done(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_DONE, 0);

        job->finished_nsec = job->started_nsec + SECOND - 1;
        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_INFO);
        g_assert_cmpstr(field(0, "MESSAGE_ID"), ==, PI_EVENT_JOB_DONE);
        g_assert_nonnull(strstr(field(0, "MESSAGE"), "Job 3141"));
        g_assert_nonnull(strstr(field(0, "MESSAGE"), "1000000 terms"));

        job->finished_nsec = job->started_nsec + 12345 * SECOND / 1000;
        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_MESSAGE);
        g_assert_cmpstr(field(0, "MESSAGE_ID"), ==, PI_EVENT_JOB_DONE);
        g_assert_nonnull(strstr(field(0, "MESSAGE"), "12.345 s"));
}

static void test_failed(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_FAILED, PI_ERROR_VERIFICATION_FAILED);

        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_WARNING);
        g_assert_cmpstr(field(0, "MESSAGE_ID"), ==, PI_EVENT_JOB_FAILED);
        g_assert_nonnull(strstr(field(0, "MESSAGE"), "the reason, 100 %s of it"));
}

static void test_cancelled(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_CANCELLED, PI_ERROR_CANCELLED);

        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_MESSAGE);
        g_assert_cmpstr(field(0, "MESSAGE_ID"), ==, PI_EVENT_JOB_CANCELLED);
        g_assert_nonnull(strstr(field(0, "MESSAGE"), "the reason, 100 %s of it"));
}

static void test_events_differ(void) {
        static const char *const ids[] = { PI_EVENT_STARTED, PI_EVENT_JOB_DONE, PI_EVENT_JOB_FAILED,
                                           PI_EVENT_JOB_CANCELLED, PI_EVENT_FAULT_TRANSIENT,
                                           PI_EVENT_FAULT_CORE, PI_EVENT_FAULT_NODE,
                                           PI_EVENT_FAULT_SOFTWARE, PI_EVENT_CORE_STILL_OUT,
                                           PI_EVENT_CORE_RESTORED, PI_EVENT_RECORD_TROUBLE,
                                           PI_EVENT_FAULT_INJECTED, PI_EVENT_WORKER_HUNG };

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
                g_assert_cmpuint(strspn(ids[i], "0123456789abcdef"), ==, 32);
                g_assert_cmpuint(strlen(ids[i]), ==, 32);
                for (size_t j = 0; j < i; j++)
                        g_assert_cmpstr(ids[i], !=, ids[j]);
        }
}

int main(int argc, char **argv) {
        int status;

        g_test_init(&argc, &argv, NULL);
        records = g_array_new(FALSE, FALSE, sizeof(Record));
        g_array_set_clear_func(records, clear_record);
        g_log_set_writer_func(capture, NULL, NULL);
        g_test_add_func("/journal/quiet", test_quiet);
        g_test_add_func("/journal/done", test_done);
        g_test_add_func("/journal/failed", test_failed);
        g_test_add_func("/journal/cancelled", test_cancelled);
        g_test_add_func("/journal/events-differ", test_events_differ);
        status = g_test_run();
        g_array_unref(records);
        return status;
}
