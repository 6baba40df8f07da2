/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

#include "tests/bus/harness.h"

/* pictl as people and scripts use it: what it prints where, and how it exits. */

typedef struct Run {
        int status;
        char *out;
        char *err;
} Run;

static void run_clear(Run *run) {
        g_free(run->out);
        g_free(run->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static GSubprocess *spawn_pictl(TestSession *f, const char *words) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_auto(GStrv) arguments = NULL;
        g_autofree char *line = NULL;
        g_autoptr(GError) error = NULL;
        GSubprocess *process;

        line = g_strdup_printf("%s --user %s", g_getenv("PI_PICTL"), words);
        g_assert_true(g_shell_parse_argv(line, NULL, &arguments, &error));
        g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
        process = g_subprocess_launcher_spawnv(launcher, (const char *const *) arguments, &error);
        g_assert_no_error(error);
        return process;
}

static Run finish_pictl(GSubprocess *process) {
        g_autoptr(GError) error = NULL;
        Run run;

        g_subprocess_communicate_utf8(process, NULL, NULL, &run.out, &run.err, &error);
        g_assert_no_error(error);
        g_assert_true(g_subprocess_get_if_exited(process));
        run.status = g_subprocess_get_exit_status(process);
        return run;
}

static Run pictl(TestSession *f, const char *words) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, words);
        Run run = finish_pictl(process);

        g_test_message("pictl %s -> %d\n%s%s", words, run.status, run.out, run.err);
        return run;
}

static void compute(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, "compute 1e7 --parts=16");

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(run.err, ==, "");
        /* The partial sum of n = 10^7 terms is pi - 1/n + 1/(4n^3) - ... */
        g_assert_nonnull(strstr(run.out, "3.1415925535897932384628"));
        g_assert_nonnull(strstr(run.out, "16 of 16 leases"));
        g_assert_nonnull(strstr(run.out, "response time"));
        g_assert_nonnull(strstr(run.out, "CPU use"));
        g_assert_nonnull(strstr(run.out, "throughput"));
        g_assert_nonnull(strstr(run.out, "speed-up"));
        g_assert_nonnull(strstr(run.out, "efficiency"));
}

static const struct {
        const char *words;
        int status;
        const char *says;
} refused[] = {
        { "compute 0", 2, "1 to 10000000000000000" },
        { "compute -- -5", 2, "1 to 10000000000000000" },
        { "compute 1e17", 2, "1 to 10000000000000000" },
        { "compute abc", 2, "abc" },
        { "compute 1e", 2, "1e" },
        { "compute", 2, "pictl compute --help" },
        { "compute 1000 --frobnicate", 2, "frobnicate" },
        { "compute 1000 --parts=126", 2, "0 to 125" },
        { "compute 1000 --parts=x", 2, "x" },
        { "compute 1000 --cpus=3", 2, "0 to 2" },
        { "compute 1000 --kernel=quantum", 2, "quantum" },
        { "compute 1000 --scope=cluster", 2, "local" },
        { "compute 1e16 --timeout=30ms", 124, "deadline" },
        { "show 999999", 3, "999999" },
        { "cancel 999999", 3, "999999" },
        { "show abc", 2, "abc" },
        { "restore", 2, "pictl restore --help" },
        { "restore x", 2, "'x' is not a CPU" },
        { "restore 0 4294967296", 2, "'4294967296' is not a CPU" },
        { "faults -n 0", 2, "'0'" },
        { "faults -n 1001", 2, "'1001'" },
        { "cores 3", 2, "'3'" },
        { "compute 1000 --duration=5s", 2, "--duration" },
        { "frobnicate", 2, "frobnicate" },
};

static void errors(TestSession *f, gconstpointer data) {
        for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
                g_auto(Run) run = pictl(f, refused[i].words);

                g_assert_cmpint(run.status, ==, refused[i].status);
                g_assert_nonnull(strstr(run.err, refused[i].says));
                g_assert_true(g_str_has_prefix(run.err, "pictl: "));
                g_assert_cmpstr(run.out, ==, "");
        }
}

static JsonNode *parse_json(const char *text) {
        g_autoptr(GError) error = NULL;
        JsonNode *node = json_from_string(text, &error);

        g_assert_no_error(error);
        g_assert_nonnull(node);
        return node;
}

static void json(TestSession *f, gconstpointer data) {
        static const char *const words[] = {
                "compute 1e6 --json=short", "jobs --json=pretty",       "show 1 --json=short",
                "metrics --json=pretty",    "history -n 5 --json=short", "version --json=short",
                "cores --json=pretty",      "faults -n 5 --json=short",
        };

        for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
                g_auto(Run) run = pictl(f, words[i]);

                g_assert_cmpint(run.status, ==, 0);
                json_node_unref(parse_json(run.out));
        }
}

static void life_of_a_job(TestSession *f, gconstpointer data) {
        g_auto(Run) submit = pictl(f, "submit 1e16 --label=long"), jobs = pictl(f, "jobs");

        g_assert_cmpint(submit.status, ==, 0);
        g_assert_nonnull(strstr(jobs.out, "running"));
        g_assert_nonnull(strstr(jobs.out, "long"));
        {
                g_auto(Run) leases = pictl(f, "show 1 --leases"), cancel = pictl(f, "cancel 1");
                g_auto(Run) again = pictl(f, "cancel 1"), watch = pictl(f, "watch 1");

                g_assert_cmpint(leases.status, ==, 0);
                g_assert_nonnull(strstr(leases.out, "running"));
                g_assert_cmpint(cancel.status, ==, 0);
                g_assert_cmpint(again.status, ==, 1);
                g_assert_nonnull(strstr(again.err, "cancelled already"));
                g_assert_cmpint(watch.status, ==, 1);
        }
        {
                g_auto(Run) compute = pictl(f, "compute 1e5 --detach"), watch = pictl(f, "watch 2");

                g_assert_cmpint(compute.status, ==, 0);
                g_assert_cmpint(watch.status, ==, 0);
                g_assert_nonnull(strstr(watch.out, "3.1415"));
        }
}

/* A session whose daemon lets faults be injected, and keeps its record of bad cores to itself. */
static void set_up_faults(TestSession *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        g_setenv("STATE_DIRECTORY", f->bus->dir, TRUE);
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", "--fault-injection",
                                                          NULL });
        f->client = test_connect(f->bus);
}

/* Spoils so many sums of the CPU; 0 for all. */
static void flip(TestSession *f, guint32 cpu, guint32 count) {
        g_assert_cmpint(sd_bus_call_method(f->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "InjectFault", NULL, NULL,
                                           "ua{sv}", cpu, 2, "kind", "s", "flip", "count", "u",
                                           count),
                        >=, 0);
}

/* The CPU numbers of both workers; FALSE, and the test skipped, where they share one. */
static gboolean two_cpus(TestSession *f, guint32 *ret) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autoptr(GVariant) cores = g_variant_lookup_value(metrics, "cores",
                                                           G_VARIANT_TYPE("aa{sv}"));

        for (gsize i = 0; i < 2; i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(cores, i);
                g_assert_true(g_variant_lookup(core, "cpu", "u", &ret[i]));
        }
        if (ret[0] != ret[1])
                return TRUE;
        g_test_skip("this machine has one CPU");
        return FALSE;
}

static Run pictl_cpu(TestSession *f, const char *words, guint32 cpu) {
        g_autofree char *line = g_strdup_printf("%s %u", words, cpu);
        return pictl(f, line);
}

/* Runs `words` until the report of the job says a fault was found: which worker takes a lease is
 * the service's choice. */
static Run pictl_with_fault(TestSession *f, const char *words, guint32 cpu, guint32 count) {
        for (;;) {
                Run run;

                flip(f, cpu, count);
                run = pictl(f, words);
                if (run.err[0] != '\0')
                        return run;
                run_clear(&run);
        }
}

/* A wrong sum once: the answer is right, a note says what was, and all is well. */
static void transient(TestSession *f, gconstpointer data) {
        guint32 cpu[2];

        if (!two_cpus(f, cpu))
                return;
        {
                g_autofree char *named = g_strdup_printf("CPU %u gave a wrong sum once", cpu[1]);
                g_auto(Run) run = pictl_with_fault(f, "compute 1e9", cpu[1], 1);
                g_auto(Run) faults = pictl(f, "faults"), cores = pictl(f, "cores --no-legend");

                g_assert_cmpint(run.status, ==, 0);
                g_assert_nonnull(strstr(run.out, "3.14159265"));
                g_assert_null(strstr(run.out, "wrong"));
                g_assert_nonnull(strstr(run.err, named));
                g_assert_nonnull(strstr(faults.out, "transient"));
                g_assert_null(strstr(cores.out, "out-of-service"));
        }
}

/* A broken core, from the note to its restoration. */
static void broken_core(TestSession *f, gconstpointer data) {
        guint32 cpu[2];
        g_autofree char *restore = NULL, *sentence = NULL;

        if (!two_cpus(f, cpu))
                return;
        restore = g_strdup_printf("pictl restore %u", cpu[1]);
        sentence = g_strdup_printf("CPU %u gave a wrong sum twice for part", cpu[1]);
        {
                g_auto(Run) run = pictl_with_fault(f, "compute 1e9", cpu[1], 2);
                g_auto(Run) cores = pictl(f, "cores"), faults = pictl(f, "faults -n 1");
                g_auto(Run) metrics = pictl(f, "metrics");
                const char *row = strstr(faults.out, " core ");

                g_assert_cmpint(run.status, ==, 4);
                g_assert_nonnull(strstr(run.out, "3.14159265"));
                g_assert_nonnull(strstr(run.err, restore));
                g_assert_nonnull(strstr(cores.out, "out-of-service"));
                g_assert_nonnull(strstr(cores.out, "1 out of service"));
                g_assert_nonnull(row);
                g_assert_nonnull(strstr(metrics.out, "1 core"));
                g_assert_nonnull(strstr(metrics.out, "out-of-service"));
        }
        {
                g_auto(Run) json = pictl(f, "faults --json=short");
                g_autoptr(JsonNode) list = parse_json(json.out);
                JsonObject *fault = json_array_get_object_element(json_node_get_array(list), 0);
                g_autofree char *watch_words = g_strdup_printf(
                                "watch %" G_GINT64_FORMAT,
                                json_object_get_int_member(fault, "job"));
                g_autofree char *show_words = g_strdup_printf(
                                "show %" G_GINT64_FORMAT, json_object_get_int_member(fault, "job"));
                g_autofree char *other = g_strdup_printf("CPU %u had it right", cpu[0]);
                g_auto(Run) watch = pictl(f, watch_words), show = pictl(f, show_words);

                g_assert_cmpint(json_object_get_int_member(fault, "cpu"), ==, cpu[1]);
                g_assert_cmpint(watch.status, ==, 4);
                g_assert_nonnull(strstr(watch.err, restore));
                g_assert_cmpint(show.status, ==, 0);
                g_assert_nonnull(strstr(show.out, sentence));
                g_assert_nonnull(strstr(show.out, other));
        }
        {
                g_autofree char *said = g_strdup_printf("CPU %u is in service.\n", cpu[1]);
                g_auto(Run) back = pictl_cpu(f, "restore", cpu[1]);
                g_auto(Run) again = pictl_cpu(f, "restore --json=short", cpu[1]);
                g_auto(Run) cores = pictl(f, "cores --no-legend");
                g_autofree char *json = g_strdup_printf("[%u]\n", cpu[1]);

                g_assert_cmpint(back.status, ==, 0);
                g_assert_cmpstr(back.out, ==, said);
                g_assert_cmpint(again.status, ==, 0);
                g_assert_cmpstr(again.out, ==, json);
                g_assert_null(strstr(cores.out, "out-of-service"));
        }
}

/* Of several CPUs the good ones are restored, and a bad one is an error that names those there
 * are. */
static void restore_errors(TestSession *f, gconstpointer data) {
        guint32 cpu[2];

        if (!two_cpus(f, cpu))
                return;
        {
                g_autofree char *words = g_strdup_printf("restore 4000000000 %u", cpu[0]);
                g_auto(Run) run = pictl(f, words);

                g_assert_cmpint(run.status, ==, 2);
                g_assert_nonnull(strstr(run.err, "4000000000"));
                g_assert_nonnull(strstr(run.out, " is in service.\n"));
        }
}

/* Ctrl-C at the terminal ends the job as well. */
static void interrupted(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "compute 1e16");
        g_autofree char *state = NULL;
        Run run;

        while (sd_bus_get_property_string(f->client, PI_BUS_NAME, PI_JOB_PATH_PREFIX "/1",
                                          PI_INTERFACE_JOB, "State", NULL, &state) < 0)
                g_usleep(2000);
        g_subprocess_send_signal(process, SIGINT);
        run = finish_pictl(process);
        g_assert_cmpint(run.status, ==, 130);
        test_wait_for_state(f->client, PI_JOB_PATH_PREFIX "/1", "cancelled");
        run_clear(&run);
}

/* Until a job runs; its path, to be freed. */
static char *wait_for_running_job(TestSession *f) {
        for (;;) {
                __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
                const char *path = NULL;

                g_assert_cmpint(sd_bus_get_property(f->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                    PI_INTERFACE_MANAGER, "Jobs", NULL, &reply,
                                                    "ao"),
                                >=, 0);
                g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "o"), >=, 0);
                while (sd_bus_message_read(reply, "o", &path) > 0) {
                        g_autoptr(GVariant) state = test_job_property(f->client, path, "State");

                        if (g_str_equal(g_variant_get_string(state, NULL), "running"))
                                return g_strdup(path);
                }
                g_usleep(2000);
        }
}

static Run pictl_job(TestSession *f, const char *words, const char *path) {
        g_autofree char *line = g_strdup_printf("%s %s", words,
                                                path + strlen(PI_JOB_PATH_PREFIX "/"));
        return pictl(f, line);
}

static void start_again(TestSession *f) {
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
}

/* Without a terminal too: the error has the number of the job, and the next service knows it. */
static void lost(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "compute 1e16");
        g_autofree char *path = wait_for_running_job(f), *said = NULL;
        g_auto(Run) run = {};

        said = g_strdup_printf("pictl: job %s was lost with the service, which ended before it was "
                               "done: pictl show %s; to have a job survive the service use pictl "
                               "submit\n",
                               path + strlen(PI_JOB_PATH_PREFIX "/"),
                               path + strlen(PI_JOB_PATH_PREFIX "/"));
        test_daemon_kill(f->bus);
        run = finish_pictl(process);
        g_assert_cmpint(run.status, ==, 5);
        g_assert_cmpstr(run.out, ==, "");
        g_assert_cmpstr(run.err, ==, said);
}

/* An orderly stop is another error, and names the job as well. */
static void stopped(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "compute 1e16");
        g_autofree char *path = wait_for_running_job(f);
        g_auto(Run) run = {};

        g_assert_nonnull(path);
        g_subprocess_send_signal(f->bus->daemon, SIGTERM);
        run = finish_pictl(process);
        g_assert_cmpint(run.status, ==, 1);
        g_assert_nonnull(strstr(run.err, "pictl: Job "));
        g_assert_nonnull(strstr(run.err, "is being stopped"));
}

static void assert_sum(const Run *run) {
        /* pi - 1e-10, as for every even number of terms. */
        g_assert_nonnull(strstr(run->out, "3.14159265348979323"));
        g_assert_cmpint(run->status, ==, 0);
}

/* Until it has said something. */
static void read_line(GSubprocess *process) {
        GInputStream *out = g_subprocess_get_stdout_pipe(process);
        char c = '\0';

        while (c != '\n')
                g_assert_cmpint(g_input_stream_read(out, &c, 1, NULL, NULL), ==, 1);
}

/* Who watches a job sees it end after the service was killed, or stopped, and came back. */
static void watched(TestSession *f, gconstpointer data) {
        static const int ends[] = { SIGKILL, SIGTERM };

        for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
                g_auto(Run) submit = pictl(f, "submit 4e9 --kernel=reference --no-legend");
                g_autofree char *path = wait_for_running_job(f), *words = NULL;
                g_autoptr(GSubprocess) process = NULL;
                g_auto(Run) watch = {}, show = {};

                g_assert_cmpint(submit.status, ==, 0);
                words = g_strdup_printf("watch %s", path + strlen(PI_JOB_PATH_PREFIX "/"));
                process = spawn_pictl(f, words);
                read_line(process);
                g_subprocess_send_signal(f->bus->daemon, ends[i]);
                g_subprocess_wait(f->bus->daemon, NULL, NULL);
                g_clear_object(&f->bus->daemon);
                start_again(f);
                watch = finish_pictl(process);
                g_test_message("%s%s", watch.out, watch.err);
                g_assert_nonnull(strstr(watch.err, "pictl: the service ended; job "));
                g_assert_nonnull(strstr(watch.err, "pictl: the service is back; job "));
                g_assert_cmpint(watch.status, ==, 0);
                g_assert_nonnull(strstr(watch.out, "3.14159265"));
                show = pictl_job(f, "show", path);
                g_assert_nonnull(strstr(show.out, "done, 100 %"));
                g_assert_nonnull(strstr(show.out, "1 time, after a restart of the service"));
        }
}

/* A job that has no object any more is shown from the store, the same in JSON. */
static void stored(TestSession *f, gconstpointer data) {
        g_auto(Run) submit = pictl(f, "submit 1e10 --label=kept --no-legend"), before = {};
        g_autofree char *number = g_strchomp(g_strdup(submit.out)), *path = NULL;

        path = g_strdup_printf(PI_JOB_PATH_PREFIX "/%s", number);
        before = pictl_job(f, "watch", path);
        assert_sum(&before);
        test_daemon_stop(f->bus);
        start_again(f);
        {
                g_auto(Run) show = pictl_job(f, "show", path);
                g_auto(Run) leases = pictl_job(f, "show --leases", path);
                g_auto(Run) watch = pictl_job(f, "watch", path);
                g_auto(Run) json = pictl_job(f, "show --json=short", path);
                g_autoptr(JsonNode) object = parse_json(json.out);

                assert_sum(&show);
                assert_sum(&watch);
                g_assert_nonnull(strstr(show.out, "done, 100 %"));
                g_assert_nonnull(strstr(show.out, "kept"));
                g_assert_cmpint(leases.status, ==, 0);
                g_assert_nonnull(strstr(leases.out, "not kept any more"));
                g_assert_cmpstr(json_object_get_string_member(json_node_get_object(object),
                                                              "State"), ==, "done");
                g_assert_cmpstr(json_object_get_string_member(json_node_get_object(object),
                                                              "Label"), ==, "kept");
        }
}

/* The disk that takes the output is full: an error, not silence. */
static void full_output(TestSession *f, gconstpointer data) {
        g_autofree char *line = g_strdup_printf("sh -c '\"%s\" --user jobs >/dev/full'",
                                                g_getenv("PI_PICTL"));
        g_autoptr(GSubprocessLauncher) launcher =
                        test_launcher(f->bus, G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_auto(GStrv) arguments = NULL;
        g_autoptr(GSubprocess) process = NULL;
        g_autofree char *err = NULL;

        g_assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
        process = g_subprocess_launcher_spawnv(launcher, (const char *const *) arguments, NULL);
        g_assert_nonnull(process);
        g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &err, NULL);
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
        g_assert_nonnull(strstr(err, "No space left"));
}

static void no_service(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SYSTEM);
        g_autoptr(GSubprocessLauncher) launcher =
                        test_launcher(bus, G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GSubprocess) process = NULL;
        g_autofree char *err = NULL;

        process = g_subprocess_launcher_spawn(launcher, NULL, g_getenv("PI_PICTL"), "jobs", NULL);
        g_assert_nonnull(process);
        g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &err, NULL);
        g_test_message("%s", err);
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
        g_assert_nonnull(strstr(err, "systemctl start pi-computed"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, test_session_set_up, function, test_session_tear_down)
        TEST("/pictl/compute", compute);
        TEST("/pictl/errors", errors);
        TEST("/pictl/json", json);
        TEST("/pictl/life-of-a-job", life_of_a_job);
        TEST("/pictl/interrupted", interrupted);
        TEST("/pictl/lost", lost);
        TEST("/pictl/stopped", stopped);
        TEST("/pictl/watched", watched);
        TEST("/pictl/stored", stored);
        TEST("/pictl/full-output", full_output);
#define FAULTS(path, function) \
        g_test_add(path, TestSession, NULL, set_up_faults, function, test_session_tear_down)
        FAULTS("/pictl/transient", transient);
        FAULTS("/pictl/broken-core", broken_core);
        FAULTS("/pictl/restore-errors", restore_errors);
        g_test_add_func("/pictl/no-service", no_service);
        return g_test_run();
}
