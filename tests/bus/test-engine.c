/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bus/pictl-run.h"

/* Jobs of engine "mpi", with an engine that does as it is told: tests/engine/stub-engine.c. */

#define TERMS UINT64_C(200000000)
#define ENDLESS UINT64_C(10000000000000000)
#define OPTIONS "{'engine': <'mpi'>, 'parts': <uint64 7>}"
#define SETTINGS "MinTime=0\n"

static void start(TestSession *f) {
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
        f->client = test_connect(f->bus);
}

/* The engine in this mood; its words have the directory of the bus, to be known by. */
static void set_up(TestSession *f, const char *mode, const char *more) {
        g_autofree char *settings = NULL;

        f->bus = test_bus_new(TEST_BUS_SESSION);
        settings = g_strdup_printf("[Engine]\nLauncher=%s %s %s\nHelper=%s\n" SETTINGS "%s",
                                   g_getenv("PI_STUB_ENGINE"), mode, f->bus->dir,
                                   g_getenv("PI_STUB_ENGINE"), more);
        test_settings(f->bus, settings);
        start(f);
}

static gboolean is_of(const char *pid, const char *word) {
        g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
        g_autofree char *words = NULL;
        gsize length = 0;

        if (!g_ascii_isdigit(pid[0]) || !g_file_get_contents(path, &words, &length, NULL))
                return FALSE;
        return memmem(words, length, "stub-engine", strlen("stub-engine")) &&
               memmem(words, length, word, strlen(word));
}

/* The processes of the engine; the last one is returned. */
static guint engines(const TestSession *f, pid_t *ret_pid) {
        DIR *proc = opendir("/proc");
        guint n = 0;

        for (const struct dirent *entry = readdir(proc); entry; entry = readdir(proc))
                if (is_of(entry->d_name, f->bus->dir)) {
                        *ret_pid = atoi(entry->d_name);
                        n++;
                }
        closedir(proc);
        return n;
}

static void wait_until_none_left(const TestSession *f) {
        pid_t pid;

        while (engines(f, &pid) > 0)
                g_usleep(1000);
}

static void tear_down(TestSession *f) {
        wait_until_none_left(f);
        test_session_tear_down(f, NULL);
}

static char *local_bits(TestSession *f) {
        g_autoptr(GVariant) report = NULL;
        double pi;

        g_assert_null(test_compute(f->client, TERMS, "{'engine': <'local'>}", &pi, &report));
        return test_lookup_string(report, PI_REPORT_SUM_HEX);
}

static void assert_right(TestSession *f, guint parts, guint launches) {
        g_autoptr(GVariant) report = NULL;
        g_autofree char *options = g_strdup_printf("{'engine': <'mpi'>, 'parts': <uint64 %u>}",
                                                   parts);
        g_autofree char *bits = NULL, *local = local_bits(f), *engine = NULL;
        double pi;

        g_assert_null(test_compute(f->client, TERMS, options, &pi, &report));
        bits = test_lookup_string(report, PI_REPORT_SUM_HEX);
        engine = test_lookup_string(report, PI_REPORT_ENGINE);
        g_assert_cmpstr(bits, ==, local);
        g_assert_cmpstr(engine, ==, "mpi");
        g_assert_cmpuint(test_lookup_u32(report, PI_REPORT_LAUNCHES), ==, launches);
}

static void test_right(void) {
        static const struct {
                const char *mode;
                guint parts, launches;
        } cases[] = { { "honest", 7, 1 }, { "banners", 7, 1 },   { "grandchild", 7, 1 },
                      { "dies 4", 7, 2 }, { "garbage", 2, 2 },   { "long-line", 2, 2 },
                      { "allocated", 7, 1 } };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                TestSession f;

                set_up(&f, cases[i].mode, "");
                assert_right(&f, cases[i].parts, cases[i].launches);
                tear_down(&f);
        }
}

static void assert_failed(const char *mode, const char *more, const char *what) {
        g_autofree char *path = NULL, *error = NULL;
        g_autoptr(GVariant) message = NULL;
        TestSession f;

        set_up(&f, mode, more);
        g_assert_null(test_submit(f.client, TERMS, OPTIONS, &path));
        error = test_job_call(f.client, path, "Wait");
        message = test_job_property(f.client, path, "ErrorMessage");
        g_test_message("%s: %s", mode, g_variant_get_string(message, NULL));
        g_assert_cmpstr(error, ==, PI_BUS_NAME ".Error.EngineFailed");
        g_assert_nonnull(strstr(g_variant_get_string(message, NULL), what));
        tear_down(&f);
}

/* Each has an error that names what was wrong, and leaves nothing running. */
static void test_failed(void) {
        assert_failed("lies", "Restarts=0\n", "told a wrong sum of terms");
        assert_failed("two-hellos", "Restarts=0\n", "are of two MPIs");
        assert_failed("wrong-numerics", "", "install the same version");
        assert_failed("fails", "Restarts=1\n", "in the last of 2 launches");
        assert_failed("hang-before-hello", "Restarts=0\nStartTimeout=1s\n", "StartTimeout=");
}

static void test_not_there(void) {
        g_autofree char *path = NULL, *error = NULL;
        g_autoptr(GVariant) message = NULL;
        TestSession f;

        f.bus = test_bus_new(TEST_BUS_SESSION);
        test_settings(f.bus, "[Engine]\nLauncher=/no/such/launcher\n" SETTINGS);
        start(&f);
        g_assert_null(test_submit(f.client, TERMS, OPTIONS, &path));
        error = test_job_call(f.client, path, "Wait");
        message = test_job_property(f.client, path, "ErrorMessage");
        g_assert_cmpstr(error, ==, PI_BUS_NAME ".Error.EngineFailed");
        g_assert_null(strstr(g_variant_get_string(message, NULL), "launches"));
        tear_down(&f);
}

static gboolean is_at(TestSession *f, const char *path, const char *property, const char *state) {
        g_autoptr(GVariant) now = test_job_property(f->client, path, property);

        return g_str_equal(g_variant_get_string(now, NULL), state);
}

static void wait_for_engine(TestSession *f, const char *path, const char *state) {
        while (!is_at(f, path, "EngineState", state))
                g_usleep(1000);
}

static double progress_of(TestSession *f, const char *path) {
        g_autoptr(GVariant) progress = test_job_property(f->client, path, "Progress");

        return g_variant_get_double(progress);
}

static uint64_t checkpoints(TestSession *f) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);

        return test_lookup_u64(metrics, "store_checkpoints");
}

/* At once for whoever asks, however long the engine takes to be gone. */
static void test_cancel(void) {
        static const struct {
                const char *mode, *state;
        } cases[] = { { "hang-before-hello", "launching" },
                      { "hang-after-chunk", "running" },
                      { "ignores-stop", "running" },
                      { "fails", "waiting" } };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = NULL;
                TestSession f;

                set_up(&f, cases[i].mode, "");
                g_assert_null(test_submit(f.client, ENDLESS, OPTIONS, &path));
                wait_for_engine(&f, path, cases[i].state);
                g_assert_null(test_job_call(f.client, path, "Cancel"));
                test_wait_for_state(f.client, path, "cancelled");
                tear_down(&f);
        }
}

/* What was told before the daemon was killed is not told again, and its launch does not live on. */
static void test_daemon_killed(void) {
        g_autofree char *path = NULL, *bits = NULL, *local = NULL;
        g_autoptr(GVariant) report = NULL, resumed = NULL;
        pid_t first = 0, second = 0;
        TestSession f;

        set_up(&f, "hang-after-chunk", "");
        local = local_bits(&f);
        g_assert_null(test_submit(f.client, TERMS, OPTIONS, &path));
        wait_for_engine(&f, path, "running");
        while (progress_of(&f, path) == 0)
                g_usleep(1000);
        /* The next one may have been begun before. */
        for (uint64_t saved = checkpoints(&f); checkpoints(&f) < saved + 2;)
                g_usleep(1000);
        g_assert_cmpuint(engines(&f, &first), ==, 1);
        test_daemon_kill(f.bus);
        wait_until_none_left(&f);
        sd_bus_flush_close_unref(f.client);
        start(&f);
        wait_for_engine(&f, path, "running");
        g_assert_cmpuint(engines(&f, &second), ==, 1);
        g_assert_cmpint(first, !=, second);
        resumed = test_job_property(f.client, path, "ResumedTerms");
        g_assert_cmpuint(g_variant_get_uint64(resumed), >, 0);
        /* It hangs after each chunk: whoever kills it has the next one launched. */
        while (is_at(&f, path, "State", "running")) {
                if (is_at(&f, path, "EngineState", "running") && engines(&f, &second) > 0)
                        (void) kill(second, SIGKILL);
                g_usleep(10000);
        }
        report = test_job_property(f.client, path, "Report");
        bits = test_lookup_string(report, PI_REPORT_SUM_HEX);
        g_assert_cmpstr(bits, ==, local);
        tear_down(&f);
}

static void test_pictl(void) {
        g_auto(Run) run = {}, small = {}, none = {};
        TestSession f;

        set_up(&f, "honest", "MinTime=1h\n");
        small = pictl(&f, "compute 1000 --engine=mpi");
        g_assert_cmpint(small.status, ==, 2);
        g_assert_nonnull(strstr(small.err, "MinTime="));
        tear_down(&f);

        set_up(&f, "honest", "");
        run = pictl(&f, "compute 200000000 --engine=mpi");
        g_assert_cmpint(run.status, ==, 0);
        g_assert_nonnull(strstr(run.out, "engine mpi"));
        g_assert_nonnull(strstr(run.out, "launches"));
        tear_down(&f);

        set_up(&f, "honest", "Jobs=0\n");
        none = pictl(&f, "compute 200000000 --engine=mpi");
        g_assert_cmpint(none.status, ==, 2);
        g_assert_nonnull(strstr(none.err, "Jobs= is 0"));
        tear_down(&f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/engine/right", test_right);
        g_test_add_func("/engine/failed", test_failed);
        g_test_add_func("/engine/not-there", test_not_there);
        g_test_add_func("/engine/cancel", test_cancel);
        g_test_add_func("/engine/daemon-killed", test_daemon_killed);
        g_test_add_func("/engine/pictl", test_pictl);
        return g_test_run();
}
