/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/fault-journal.h"

#include <string.h>

#include "daemon/events.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

/* Written by the log writer, which GLib keeps for the life of the process: a dictionary of the
 * fields for each record. */
static GPtrArray *records;

static GLogWriterOutput capture(GLogLevelFlags level, const GLogField *fields, gsize n,
                                gpointer userdata) {
        GHashTable *record = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        for (gsize i = 0; i < n; i++) {
                g_assert_cmpint(fields[i].length, ==, -1);
                /* No field twice. */
                g_assert_true(g_hash_table_insert(record, g_strdup(fields[i].key),
                                                  g_strdup(fields[i].value)));
        }
        g_ptr_array_add(records, record);
        return G_LOG_WRITER_HANDLED;
}

static const char *field(guint index, const char *key) {
        g_assert_cmpuint(index, <, records->len);
        return g_hash_table_lookup(records->pdata[index], key);
}

static void says(guint index, const char *words) {
        g_auto(GStrv) word = g_strsplit(words, "|", -1);

        g_test_message("%s", field(index, "MESSAGE"));
        for (char **w = word; *w; w++)
                g_assert_nonnull(strstr(field(index, "MESSAGE"), *w));
}

static const PiFaultRow pattern = {
        .job = 3141, .node = "0", .cpu = 17, .topology = { TRUE, 1, TRUE, 8 },
        .kernel = "generic", .first_part = 10, .parts = 3, .first_term = 4096, .terms = 1024,
        .residual = -0.5, .attempts = 1,
};

static PiFaultRow row_of(PiVerdict verdict, uint32_t cpu) {
        PiFaultRow row = pattern;

        row.verdict = verdict;
        row.cpu = cpu;
        return row;
}

/* What the listener writes of a verdict. */
static void tell(const PiFaultRow *rows, guint n, guint kept, guint want) {
        g_autoptr(PiJob) job = made_job(3141, &pi_kernel_generic, 1000000, 100, 1);

        job->faults = pi_fault_list_new(PI_FAULTS_PER_JOB);
        for (guint i = 0; i < kept; i++)
                pi_fault_list_add(job->faults, &rows[0]);
        g_ptr_array_set_size(records, 0);
        pi_fault_journal_listener.judged(job, rows, n, NULL);
        g_assert_cmpuint(records->len, ==, want);
        for (guint i = 0; i < want; i++) {
                g_assert_cmpstr(field(i, "JOB_ID"), ==, "3141");
                g_assert_cmpstr(field(i, "GLIB_DOMAIN"), ==, G_LOG_DOMAIN);
                g_assert_cmpstr(field(i, "PI_VERDICT"), ==, pi_verdict_to_string(rows[0].verdict));
                g_assert_cmpstr(field(i, "PI_PACKAGE"), ==, "1");
                g_assert_cmpstr(field(i, "PI_CORE"), ==, "8");
                g_assert_cmpstr(field(i, "PI_KERNEL"), ==, "generic");
                g_assert_cmpstr(field(i, "PI_FIRST_PART"), ==, "10");
                g_assert_cmpstr(field(i, "PI_PARTS"), ==, "3");
                g_assert_cmpstr(field(i, "PI_FIRST_TERM"), ==, "4096");
                g_assert_cmpstr(field(i, "PI_TERMS"), ==, "1024");
                g_assert_cmpstr(field(i, "PI_RESIDUAL"), ==, "-0.5");
                says(i, "Job 3141: terms 4096 to 5119 (parts 10 to 12)");
        }
}

static void assert_record(guint index, const char *event, const char *priority, const char *cpu) {
        g_assert_cmpstr(field(index, "MESSAGE_ID"), ==, event);
        g_assert_cmpstr(field(index, "PRIORITY"), ==, priority);
        g_assert_cmpstr(field(index, "PI_CPU"), ==, cpu);
}

static void test_transient(void) {
        PiFaultRow row = row_of(PI_VERDICT_TRANSIENT, 17);

        tell(&row, 1, 1, 1);
        assert_record(0, PI_EVENT_FAULT_TRANSIENT, "4", "17");
        says(0, "on CPU 17|right when summed again");
        g_assert_null(strstr(field(0, "MESSAGE"), "further ones"));
        tell(&row, 1, PI_FAULTS_PER_JOB, 1);
        says(0, "further ones of this job are only counted");
        row.undecided = TRUE;
        tell(&row, 1, 1, 1);
        assert_record(0, PI_EVENT_FAULT_TRANSIENT, "4", "17");
        says(0, "twice on CPU 17|the job ended before");
}

/* One record for each core that goes. */
static void test_core(void) {
        PiFaultRow rows[] = { row_of(PI_VERDICT_CORE, 17), row_of(PI_VERDICT_CORE, 18) };

        rows[0].taken_out = TRUE;
        tell(rows, 2, 2, 2);
        assert_record(0, PI_EVENT_FAULT_CORE, "2", "17");
        says(0, "twice on CPU 17|CPU 17 is out of service|pictl restore 17");
        assert_record(1, PI_EVENT_FAULT_CORE, "2", "18");
        says(1, "CPU 18 stays in service|last one");
}

/* One record for all the cores that tried. */
static void test_hopeless(void) {
        PiFaultRow nodes[] = { row_of(PI_VERDICT_NODE, 17), row_of(PI_VERDICT_NODE, 18) };
        PiFaultRow alike[] = { row_of(PI_VERDICT_SOFTWARE, 17), row_of(PI_VERDICT_SOFTWARE, 18) };

        tell(nodes, 2, 2, 1);
        assert_record(0, PI_EVENT_FAULT_NODE, "2", "17");
        says(0, "CPU 17, 18|not to be trusted");
        tell(alike, 2, 2, 1);
        assert_record(0, PI_EVENT_FAULT_SOFTWARE, "3", "17");
        says(0, "CPUs 17, 18|same bits|kernel generic");
}

/* A machine that does not tell where its cores are. */
static void test_no_topology(void) {
        g_autoptr(PiJob) job = made_job(3141, &pi_kernel_generic, 1000000, 100, 1);
        PiFaultRow row = row_of(PI_VERDICT_CORE, 17);

        row.topology = (PiTopology) {};
        job->faults = pi_fault_list_new(PI_FAULTS_PER_JOB);
        g_ptr_array_set_size(records, 0);
        pi_fault_journal_listener.judged(job, &row, 1, NULL);
        g_assert_null(field(0, "PI_PACKAGE"));
        g_assert_null(field(0, "PI_CORE"));
}

static void test_news(void) {
        static const struct {
                PiCoreNews news;
                const char *event, *priority, *words;
        } cases[] = {
                { PI_CORE_NEWS_STILL_OUT, PI_EVENT_CORE_STILL_OUT, "4",
                  "CPU 70000|on record|stays out|pictl restore 70000" },
                { PI_CORE_NEWS_STILL_LAST, PI_EVENT_CORE_STILL_OUT, "4", "CPU 70000|last one" },
                { PI_CORE_NEWS_RESTORED, PI_EVENT_CORE_RESTORED, "5", "CPU 70000|back in service" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_ptr_array_set_size(records, 0);
                pi_fault_journal_listener.core_news(70000, cases[i].news, NULL);
                g_assert_cmpuint(records->len, ==, 1);
                assert_record(0, cases[i].event, cases[i].priority, "70000");
                says(0, cases[i].words);
        }
}

static void test_injected(void) {
        static const struct {
                PiFaultOrder order;
                const char *words;
        } cases[] = {
                { { .kind = PI_FAULT_FLIP, .bit = 40, .count = 3 }, "bit 40|next 3 sums|CPU 5" },
                { { .kind = PI_FAULT_FLIP, .bit = 41 }, "bit 41|all sums|CPU 5" },
                { { .kind = PI_FAULT_SLOW, .factor = 2.5 }, "CPU 5|2.5 times" },
                { { .kind = PI_FAULT_HANG }, "CPU 5|hangs" },
                { { .kind = PI_FAULT_LIE }, "CPU 5|other nodes|wrong" },
                { { .kind = PI_FAULT_NONE }, "Nothing|CPU 5" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_ptr_array_set_size(records, 0);
                pi_fault_journal_listener.fault_injected(5, &cases[i].order, NULL);
                g_assert_cmpuint(records->len, ==, 1);
                assert_record(0, PI_EVENT_FAULT_INJECTED, "5", "5");
                says(0, cases[i].words);
        }
}

static void test_hung(void) {
        g_autoptr(PiJob) job = made_job(3141, &pi_kernel_generic, 1000000, 8193, 1);

        job->task = pi_task_new(&pi_kernel_generic, 1000000, 8193, 1);
        g_ptr_array_set_size(records, 0);
        pi_fault_journal_hung(5, job, PI_LEASES_MAX - 1);
        assert_record(0, PI_EVENT_WORKER_HUNG, "3", "5");
        g_assert_cmpstr(field(0, "JOB_ID"), ==, "3141");
        g_assert_cmpstr(field(0, "PI_FIRST_PART"), ==, "8190");
        g_assert_cmpstr(field(0, "PI_PARTS"), ==, "3");
        says(0, "CPU 5 hangs in job 3141, parts 8190 to 8192|watchdog");

        g_ptr_array_set_size(records, 0);
        pi_fault_journal_hung(5, NULL, PI_LEASES_MAX);
        assert_record(0, PI_EVENT_WORKER_HUNG, "3", "5");
        g_assert_null(field(0, "JOB_ID"));
        says(0, "CPU 5 hangs");
}

int main(int argc, char **argv) {
        int status;

        g_test_init(&argc, &argv, NULL);
        records = g_ptr_array_new_with_free_func((GDestroyNotify) g_hash_table_unref);
        g_log_set_writer_func(capture, NULL, NULL);
        g_test_add_func("/fault-journal/transient", test_transient);
        g_test_add_func("/fault-journal/core", test_core);
        g_test_add_func("/fault-journal/hopeless", test_hopeless);
        g_test_add_func("/fault-journal/no-topology", test_no_topology);
        g_test_add_func("/fault-journal/news", test_news);
        g_test_add_func("/fault-journal/injected", test_injected);
        g_test_add_func("/fault-journal/hung", test_hung);
        status = g_test_run();
        g_ptr_array_unref(records);
        return status;
}
