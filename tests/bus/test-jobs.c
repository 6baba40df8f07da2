/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/bus/harness.h"

/* Long enough that it cannot end by itself during a test. */
#define ENDLESS UINT64_C(10000000000000000)

static void submit_wait(TestSession *f, gconstpointer data) {
        g_autofree char *error = NULL, *path = NULL;
        g_autoptr(GVariant) value = NULL, report = NULL;

        error = test_submit(f->client, 100000, "{'label': <'first'>}", &path);
        g_assert_null(error);
        g_assert_cmpstr(path, ==, PI_JOB_PATH_PREFIX "/1");
        error = test_job_call(f->client, path, "Wait");
        g_assert_null(error);
        /* And once more of a job that is done. */
        error = test_job_call(f->client, path, "Wait");
        g_assert_null(error);
        test_wait_for_state(f->client, path, "done");
        value = test_job_property(f->client, path, "Label");
        g_assert_cmpstr(g_variant_get_string(value, NULL), ==, "first");
        report = test_job_property(f->client, path, "Report");
        g_assert_cmpuint(test_lookup_u64(report, PI_REPORT_TERMS), ==, 100000);
}

static void cancel(TestSession *f, gconstpointer data) {
        g_autofree char *running = NULL, *queued = NULL, *error = NULL;
        g_autoptr(GVariant) value = NULL;

        g_assert_null(test_submit(f->client, ENDLESS, NULL, &running));
        g_assert_null(test_submit(f->client, ENDLESS, NULL, &queued));
        test_wait_for_state(f->client, running, "running");
        test_wait_for_state(f->client, queued, "queued");

        g_assert_null(test_job_call(f->client, queued, "Cancel"));
        test_wait_for_state(f->client, queued, "cancelled");
        /* Answered once the job has ended, and the slots are free again. */
        g_assert_null(test_job_call(f->client, running, "Cancel"));
        value = test_job_property(f->client, running, "State");
        g_assert_cmpstr(g_variant_get_string(value, NULL), ==, "cancelled");
        error = test_job_call(f->client, running, "Cancel");
        g_assert_cmpstr(error, ==, "org.picompute1.Error.AlreadyFinished");
        g_clear_pointer(&error, g_free);
        error = test_job_call(f->client, running, "Wait");
        g_assert_cmpstr(error, ==, "org.picompute1.Error.Cancelled");
        g_clear_pointer(&error, g_free);
        error = test_compute(f->client, 1000, NULL, NULL, NULL);
        g_assert_null(error);
}

/* A client of its own process that calls ComputePi and waits. */
static GSubprocess *spawn_caller(TestBus *bus, uint64_t terms) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        bus, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
        g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, terms);
        g_autoptr(GError) error = NULL;
        GSubprocess *caller;

        caller = g_subprocess_launcher_spawn(launcher, &error, "busctl", "--user", "--timeout=600",
                                             "call", PI_BUS_NAME, PI_OBJECT_PATH,
                                             PI_INTERFACE_MANAGER, "ComputePi", "ta{sv}", count,
                                             "0", NULL);
        g_assert_no_error(error);
        return caller;
}

static void wait_for_job(TestSession *f, const char *path) {
        g_autofree char *state = NULL;

        while (sd_bus_get_property_string(f->client, PI_BUS_NAME, path, PI_INTERFACE_JOB, "State",
                                          NULL, &state) < 0)
                g_usleep(2000);
}

static void caller_killed(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) running = spawn_caller(f->bus, ENDLESS);
        g_autoptr(GVariant) message = NULL;

        wait_for_job(f, PI_JOB_PATH_PREFIX "/1");
        test_wait_for_state(f->client, PI_JOB_PATH_PREFIX "/1", "running");
        g_subprocess_force_exit(running);
        test_wait_for_state(f->client, PI_JOB_PATH_PREFIX "/1", "cancelled");
        message = test_job_property(f->client, PI_JOB_PATH_PREFIX "/1", "ErrorMessage");
        g_assert_nonnull(strstr(g_variant_get_string(message, NULL), "caller left the bus"));
}

/* A detached job stays when the connection that asked for it ends, an attached one of the same does
 * not. */
static void submitter_left(TestSession *f, gconstpointer data) {
        g_autofree char *detached = NULL;
        g_autoptr(GVariant) state = NULL, sender = NULL;
        sd_bus *other = test_connect(f->bus);
        sd_bus_message *call;

        g_assert_null(test_submit(other, ENDLESS, "{'cpus': <uint32 1>}", &detached));
        call = test_compute_message(other, ENDLESS, "{'cpus': <uint32 1>}");
        g_assert_cmpint(sd_bus_send(other, call, NULL), >=, 0);
        g_assert_cmpint(sd_bus_flush(other), >=, 0);
        wait_for_job(f, PI_JOB_PATH_PREFIX "/2");
        test_wait_for_state(f->client, PI_JOB_PATH_PREFIX "/2", "running");
        sd_bus_message_unref(call);
        sd_bus_flush_close_unref(other);
        test_wait_for_state(f->client, PI_JOB_PATH_PREFIX "/2", "cancelled");
        state = test_job_property(f->client, detached, "State");
        g_assert_cmpstr(g_variant_get_string(state, NULL), ==, "running");
        sender = test_job_property(f->client, detached, "Sender");
        g_assert_cmpstr(g_variant_get_string(sender, NULL), ==, "");
        g_assert_null(test_job_call(f->client, detached, "Cancel"));
}

static void deadline(TestSession *f, gconstpointer data) {
        g_autofree char *error = test_compute(f->client, ENDLESS,
                                              "{'deadline_usec': <uint64 20000>}", NULL, NULL);

        g_assert_cmpstr(error, ==, "org.picompute1.Error.DeadlineExceeded");
}

/* Two jobs of one slot run side by side; one of two slots waits for both. */
static void reservation(TestSession *f, gconstpointer data) {
        g_autofree char *a = NULL, *b = NULL, *both = NULL;

        g_assert_null(test_submit(f->client, ENDLESS, "{'cpus': <uint32 1>}", &a));
        g_assert_null(test_submit(f->client, ENDLESS, "{'cpus': <uint32 1>}", &b));
        g_assert_null(test_submit(f->client, 1000000000,
                                  "{'cpus': <uint32 2>, 'parts': <uint64 2>}", &both));
        test_wait_for_state(f->client, a, "running");
        test_wait_for_state(f->client, b, "running");
        test_wait_for_state(f->client, both, "queued");
        g_assert_null(test_job_call(f->client, a, "Cancel"));
        test_wait_for_state(f->client, both, "queued");
        g_assert_null(test_job_call(f->client, b, "Cancel"));
        test_wait_for_state(f->client, both, "done");
}

typedef struct Crowd {
        guint outstanding;
        guint done;
        char *hex;
} Crowd;

static int crowd_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Crowd *crowd = userdata;
        const char *key, *hex = NULL;
        double pi;

        crowd->outstanding--;
        g_assert_false(sd_bus_message_is_method_error(m, NULL));
        g_assert_cmpint(sd_bus_message_read(m, "d", &pi), >=, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >=, 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &key), >=, 0);
                if (g_str_equal(key, PI_REPORT_SUM_HEX))
                        g_assert_cmpint(sd_bus_message_read(m, "v", "s", &hex), >=, 0);
                else
                        g_assert_cmpint(sd_bus_message_skip(m, "v"), >=, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        }
        g_assert_nonnull(hex);
        if (!crowd->hex)
                crowd->hex = g_strdup(hex);
        g_assert_cmpstr(hex, ==, crowd->hex);
        crowd->done++;
        return 1;
}

static void crowd_of_callers(TestSession *f, gconstpointer data) {
        sd_bus *callers[20];
        Crowd crowd = {};

        for (gsize i = 0; i < G_N_ELEMENTS(callers); i++) {
                callers[i] = test_connect(f->bus);
                for (guint k = 0; k < 10; k++) {
                        g_autofree char *options = g_strdup_printf(
                                        "{'parts': <uint64 %u>, 'cpus': <uint32 %u>}", 1 + k * 37,
                                        k % 3);
                        sd_bus_message *m = test_compute_message(callers[i], 1000003, options);
                        g_assert_cmpint(sd_bus_call_async(callers[i], NULL, m, crowd_reply, &crowd,
                                                          UINT64_MAX),
                                        >=, 0);
                        sd_bus_message_unref(m);
                        crowd.outstanding++;
                }
        }
        while (crowd.outstanding > 0)
                for (gsize i = 0; i < G_N_ELEMENTS(callers); i++) {
                        int r = sd_bus_process(callers[i], NULL);
                        g_assert_cmpint(r, >=, 0);
                        if (r == 0)
                                g_assert_cmpint(sd_bus_wait(callers[i], 100), >=, 0);
                }
        g_assert_cmpuint(crowd.done, ==, 200);
        for (gsize i = 0; i < G_N_ELEMENTS(callers); i++)
                sd_bus_flush_close_unref(callers[i]);
        g_free(crowd.hex);
}

static void quota(TestSession *f, gconstpointer data) {
        g_autofree char *error = NULL, *path = NULL;
        g_autoptr(GVariant) metrics = NULL;

        for (int i = 0; i < 256; i++) {
                g_assert_null(error);
                g_clear_pointer(&path, g_free);
                error = test_submit(f->client, ENDLESS, NULL, &path);
        }
        g_assert_null(error);
        g_clear_pointer(&path, g_free);
        error = test_submit(f->client, ENDLESS, NULL, &path);
        g_assert_cmpstr(error, ==, "org.picompute1.Error.QuotaExceeded");
        metrics = test_metrics(f->client);
        g_assert_cmpuint(test_lookup_u64(metrics, "jobs_refused"), ==, 1);
        /* One that ends makes room for one. */
        g_assert_null(test_job_call(f->client, PI_JOB_PATH_PREFIX "/200", "Cancel"));
        g_assert_null(test_submit(f->client, ENDLESS, NULL, &path));
}

static uint64_t memory_peak_of(TestSession *f, uint64_t terms, uint64_t parts) {
        g_autofree char *options =
                        g_strdup_printf("{'parts': <uint64 %" G_GUINT64_FORMAT ">}", parts);
        g_autoptr(GVariant) report = NULL;

        g_assert_null(test_compute(f->client, terms, options, NULL, &report));
        g_assert_cmpuint(test_lookup_u64(report, PI_REPORT_PARTS), ==, parts);
        return test_lookup_u64(report, PI_REPORT_MEMORY_PEAK_BYTES);
}

static void constant_memory(TestSession *f, gconstpointer data) {
        uint64_t few, million;

        if (test_is_instrumented()) {
                g_test_skip("memory use of an instrumented build tells nothing of the program");
                return;
        }
        few = memory_peak_of(f, 8000000, 10000);
        million = memory_peak_of(f, 8000000, 1000000);
        g_test_message("peak with 10^4 parts %" G_GUINT64_FORMAT ", with 10^6 %" G_GUINT64_FORMAT
                       " bytes",
                       few, million);
        /* A byte a part would show. */
        g_assert_cmpuint(million - few, <, 500000);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, test_session_set_up, function, test_session_tear_down)
        TEST("/jobs/submit-wait", submit_wait);
        TEST("/jobs/cancel", cancel);
        TEST("/jobs/caller-killed", caller_killed);
        TEST("/jobs/submitter-left", submitter_left);
        TEST("/jobs/deadline", deadline);
        TEST("/jobs/reservation", reservation);
        TEST("/jobs/200-from-20-callers", crowd_of_callers);
        TEST("/jobs/quota", quota);
        TEST("/jobs/constant-memory", constant_memory);
        return g_test_run();
}
