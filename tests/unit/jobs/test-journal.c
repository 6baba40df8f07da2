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

/* Whose caller waits, or, with "", that goes on without it. */
static PiJob *job_in(PiJobState state, PiError code, const char *sender) {
        PiJob *job = made_job(3141, &pi_kernel_generic, 1000000, 8193, 1);

        g_free(job->sender);
        job->sender = g_strdup(sender);
        if (state != PI_JOB_QUEUED)
                pi_job_set_state(job, PI_JOB_RUNNING);
        if (state == PI_JOB_FAILED || state == PI_JOB_CANCELLED)
                g_set_error(&job->error, PI_ERROR, (int) code, "the reason, 100 %%s of it");
        if (state > PI_JOB_RUNNING)
                pi_job_set_state(job, state);
        return job;
}

static GLogLevelFlags level(void) {
        return g_array_index(records, Record, records->len - 1).level;
}

static void says(const char *text) {
        const char *message = field(records->len - 1, "MESSAGE");

        if (!strstr(message, text))
                g_error("\"%s\" is not in \"%s\"", text, message);
}

/* The last record is this event, of this priority of syslog's, and complete. */
static void assert_last(const char *event, const char *priority) {
        guint last = records->len - 1;

        g_assert_cmpstr(field(last, "MESSAGE_ID"), ==, event);
        g_assert_cmpstr(field(last, "PRIORITY"), ==, priority);
        g_assert_cmpstr(field(last, "GLIB_DOMAIN"), ==, G_LOG_DOMAIN);
}

static void assert_job(const char *state) {
        guint last = records->len - 1;

        g_assert_cmpstr(field(last, "JOB_ID"), ==, "3141");
        g_assert_cmpstr(field(last, "PI_STATE"), ==, state);
        g_assert_cmpstr(field(last, "PI_OWNER"), ==, "1000");
        g_assert_cmpstr(field(last, "PI_TERMS"), ==, "1000000");
        g_assert_cmpstr(field(last, "PI_PARTS"), ==, "8193");
        g_assert_cmpstr(field(last, "PI_KERNEL"), ==, "generic");
        g_assert_cmpstr(field(last, "PI_LABEL"), ==, "made");
}

/* What the listener writes of a job in this state: nothing, or one record. */
static void tell(PiJob *job, unsigned want) {
        g_array_set_size(records, 0);
        pi_journal_listener.state_changed(job, NULL);
        g_assert_cmpuint(records->len, ==, want);
        if (want > 0)
                assert_job(pi_job_state_to_string(job->state));
}

static void test_added(void) {
        g_autoptr(PiJob) attached = job_in(PI_JOB_QUEUED, 0, ":1.5");
        g_autoptr(PiJob) detached = job_in(PI_JOB_QUEUED, 0, "");
        g_autoptr(PiJob) running = job_in(PI_JOB_RUNNING, 0, "");

        g_array_set_size(records, 0);
        pi_journal_listener.added(attached, NULL);
        g_assert_cmpuint(records->len, ==, 0);
        pi_journal_listener.added(detached, NULL);
        g_assert_cmpuint(records->len, ==, 1);
        assert_last(PI_EVENT_JOB_QUEUED, "5");
        assert_job("queued");
        says("by user 1000: 1000000 terms");
        /* It need not wait: both are told. */
        pi_journal_listener.added(running, NULL);
        g_assert_cmpuint(records->len, ==, 3);
        g_assert_cmpstr(field(1, "MESSAGE_ID"), ==, PI_EVENT_JOB_QUEUED);
        assert_last(PI_EVENT_JOB_STARTED, "5");
}

static void test_started(void) {
        g_autoptr(PiJob) attached = job_in(PI_JOB_RUNNING, 0, ":1.5");
        g_autoptr(PiJob) detached = job_in(PI_JOB_RUNNING, 0, "");
        g_autoptr(PiJob) queued = job_in(PI_JOB_QUEUED, 0, "");

        tell(queued, 0);
        tell(attached, 1);
        assert_last(PI_EVENT_JOB_STARTED, "6");
        tell(detached, 1);
        assert_last(PI_EVENT_JOB_STARTED, "5");
        says("Job 3141 has started on 1 CPU slot");
        g_assert_cmpstr(field(0, "PI_SLOTS"), ==, "1");
        /* Jobs that take turns start over and over. */
        detached->active_nsec = SECOND;
        tell(detached, 1);
        assert_last(PI_EVENT_JOB_STARTED, "6");
        says("goes on");
}

static void test_done(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_DONE, 0, ":1.5");
        g_autoptr(PiJob) detached = job_in(PI_JOB_DONE, 0, "");

        job->active_nsec = SECOND - 1;
        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_INFO);
        assert_last(PI_EVENT_JOB_DONE, "6");
        says("Job 3141");
        says("1000000 terms");

        job->active_nsec = 12345 * SECOND / 1000;
        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_MESSAGE);
        assert_last(PI_EVENT_JOB_DONE, "5");
        says("12.345 s");

        detached->active_nsec = 1;
        tell(detached, 1);
        assert_last(PI_EVENT_JOB_DONE, "5");
}

static void test_failed(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_FAILED, PI_ERROR_VERIFICATION_FAILED, ":1.5");
        g_autoptr(PiJob) stopped = job_in(PI_JOB_FAILED, PI_ERROR_SHUTTING_DOWN, ":1.5");

        tell(job, 1);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_WARNING);
        assert_last(PI_EVENT_JOB_FAILED, "4");
        says("the reason, 100 %s of it");
        g_assert_cmpstr(field(0, "PI_ERROR"), ==, "org.picompute1.Error.VerificationFailed");
        tell(stopped, 1);
        assert_last(PI_EVENT_JOB_FAILED, "5");
}

static void test_cancelled(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_CANCELLED, PI_ERROR_CANCELLED, "");

        tell(job, 1);
        assert_last(PI_EVENT_JOB_CANCELLED, "5");
        says("the reason, 100 %s of it");
        g_assert_cmpstr(field(0, "PI_ERROR"), ==, "org.picompute1.Error.Cancelled");
}

static void test_resumed(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_QUEUED, 0, "");

        job->resumes = 2;
        job->resumed_terms = 250000;
        g_array_set_size(records, 0);
        /* Nobody submitted it again. */
        pi_journal_listener.added(job, NULL);
        g_assert_cmpuint(records->len, ==, 0);
        pi_journal_listener.resumed(job, FALSE, NULL);
        g_assert_cmpuint(records->len, ==, 1);
        assert_last(PI_EVENT_JOB_RESUMED, "5");
        assert_job("queued");
        says("250000 of 1000000 terms are done");
        g_assert_cmpstr(field(0, "PI_RESUMES"), ==, "2");
        g_assert_cmpstr(field(0, "PI_RESUMED_TERMS"), ==, "250000");
        pi_journal_listener.resumed(job, TRUE, NULL);
        assert_last(PI_EVENT_JOB_RESUMED, "5");
        says("begins again");
}

static void test_put_away(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_QUEUED, 0, "");

        g_array_set_size(records, 0);
        pi_journal_listener.suspended(job, NULL);
        assert_last(PI_EVENT_JOB_SUSPENDED, "5");
        assert_job("queued");
        pi_journal_listener.preempted(job, NULL);
        assert_last(PI_EVENT_JOB_PREEMPTED, "6");
        assert_job("queued");
        g_assert_cmpuint(records->len, ==, 2);
}

static void replace(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

static void test_lost(void) {
        g_autoptr(PiJobRecord) job = pi_job_record_new();

        job->id = 3141;
        job->owner = 1000;
        job->terms = 1000000;
        job->parts = 8193;
        replace(&job->state, "failed");
        replace(&job->kernel, "generic");
        replace(&job->label, "made");
        replace(&job->error_name, "org.picompute1.Error.NodeLost");
        replace(&job->error_message, "lost, 100 %s of it");
        g_array_set_size(records, 0);
        pi_journal_listener.lost(job, NULL);
        assert_last(PI_EVENT_JOB_LOST, "4");
        assert_job("failed");
        says("lost, 100 %s of it");
        g_assert_cmpstr(field(0, "PI_ERROR"), ==, "org.picompute1.Error.NodeLost");
}

static void test_store(void) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                                                      "no room, 100 %s full");

        g_array_set_size(records, 0);
        pi_journal_listener.store_changed(error, NULL);
        assert_last(PI_EVENT_STORE_DEGRADED, "3");
        says("without checkpoints");
        says("no room, 100 %s full");
        g_assert_cmpstr(field(0, "PI_ERROR"), ==, "org.picompute1.Error.StoreUnavailable");
        pi_journal_listener.store_changed(NULL, NULL);
        assert_last(PI_EVENT_STORE_RECOVERED, "5");
        pi_journal_listener.store_set_aside(error, NULL);
        assert_last(PI_EVENT_STORE_SET_ASIDE, "3");
        says("no room, 100 %s full");
        g_assert_cmpuint(records->len, ==, 3);
}

static void test_service(void) {
        g_array_set_size(records, 0);
        pi_journal_listener.settings_changed(FALSE, NULL);
        assert_last(PI_EVENT_RELOADED, "5");
        g_assert_null(strstr(field(0, "MESSAGE"), "restart"));
        pi_journal_listener.settings_changed(TRUE, NULL);
        says("[Service] and [Cluster] take a restart");
        pi_journal_listener.calibrated(NULL);
        assert_last(PI_EVENT_CALIBRATED, "5");
}

/* Jobs that fail at once, over and over, must not drown what matters. */
static void test_flood(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_FAILED, PI_ERROR_DEADLINE_EXCEEDED, ":1.5");
        g_autoptr(PiJob) kept = job_in(PI_JOB_QUEUED, 0, "");
        PiJournalBudget budget = {};
        gint64 begin = g_get_monotonic_time(), usec;
        guint n = 0;

        g_array_set_size(records, 0);
        for (guint i = 0; i < 3 * PI_JOURNAL_BURST; i++)
                pi_journal_listener.state_changed(job, &budget);
        usec = g_get_monotonic_time() - begin;
        for (guint i = 0; i < records->len; i++)
                n += g_array_index(records, Record, i).level == G_LOG_LEVEL_WARNING;
        g_assert_cmpuint(records->len, ==, 3 * PI_JOURNAL_BURST);
        g_assert_cmpuint(n, >=, PI_JOURNAL_BURST);
        g_assert_cmpuint(n, <=, PI_JOURNAL_BURST +
                                        (guint) (usec * PI_JOURNAL_PER_SECOND / 1000000) + 1);
        /* What is not told of single jobs over and over is told. */
        kept->resumes = 1;
        budget.left = 0;
        pi_journal_listener.resumed(kept, FALSE, &budget);
        g_assert_cmpint(level(), ==, G_LOG_LEVEL_MESSAGE);
}

static void test_events_differ(void) {
        static const char *const ids[] = {
                PI_EVENT_STARTED, PI_EVENT_JOB_QUEUED, PI_EVENT_JOB_STARTED, PI_EVENT_JOB_RESUMED,
                PI_EVENT_JOB_SUSPENDED, PI_EVENT_JOB_PREEMPTED, PI_EVENT_JOB_LOST,
                PI_EVENT_JOB_DONE, PI_EVENT_JOB_FAILED, PI_EVENT_JOB_CANCELLED,
                PI_EVENT_FAULT_TRANSIENT, PI_EVENT_FAULT_CORE, PI_EVENT_FAULT_NODE,
                PI_EVENT_FAULT_SOFTWARE, PI_EVENT_CORE_STILL_OUT, PI_EVENT_CORE_RESTORED,
                PI_EVENT_FAULT_INJECTED, PI_EVENT_WORKER_HUNG, PI_EVENT_STORE_DEGRADED,
                PI_EVENT_STORE_RECOVERED, PI_EVENT_STORE_SET_ASIDE, PI_EVENT_RELOADED,
                PI_EVENT_RELOAD_FAILED, PI_EVENT_CALIBRATED,
        };

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
        g_test_add_func("/journal/added", test_added);
        g_test_add_func("/journal/started", test_started);
        g_test_add_func("/journal/done", test_done);
        g_test_add_func("/journal/failed", test_failed);
        g_test_add_func("/journal/cancelled", test_cancelled);
        g_test_add_func("/journal/resumed", test_resumed);
        g_test_add_func("/journal/put-away", test_put_away);
        g_test_add_func("/journal/lost", test_lost);
        g_test_add_func("/journal/store", test_store);
        g_test_add_func("/journal/service", test_service);
        g_test_add_func("/journal/flood", test_flood);
        g_test_add_func("/journal/events-differ", test_events_differ);
        status = g_test_run();
        g_array_unref(records);
        return status;
}
