/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bus/harness.h"

#define ENDLESS UINT64_C(10000000000000000)

typedef struct Answer {
        gboolean came;
        char *error;
} Answer;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Answer *a = userdata;

        a->came = TRUE;
        a->error = g_strdup(sd_bus_message_is_method_error(m, NULL)
                                            ? sd_bus_message_get_error(m)->name
                                            : NULL);
        return 1;
}

static void call_endless(sd_bus *client, Answer *answer) {
        sd_bus_message *m = test_compute_message(client, ENDLESS, NULL);

        g_assert_cmpint(sd_bus_call_async(client, NULL, m, on_answer, answer, UINT64_MAX), >=, 0);
        g_assert_cmpint(sd_bus_flush(client), >=, 0);
        sd_bus_message_unref(m);
}

static void wait_for_answer(sd_bus *client, Answer *answer) {
        while (!answer->came) {
                int r = sd_bus_process(client, NULL);
                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        g_assert_cmpint(sd_bus_wait(client, UINT64_MAX), >=, 0);
        }
}

static void wait_until_running(sd_bus *client) {
        for (;;) {
                g_autoptr(GVariant) metrics = test_metrics(client);
                uint32_t running = 0;

                if (g_variant_lookup(metrics, "jobs_running", "u", &running) && running > 0)
                        return;
                g_usleep(2000);
        }
}

/* The first call starts the daemon. */
static void activation(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        sd_bus *client = test_connect(bus);
        sd_bus_creds *creds;
        pid_t pid;

        g_assert_cmpint(sd_bus_get_name_creds(client, PI_BUS_NAME, 0, NULL), <, 0);
        g_assert_null(test_compute(client, 100000, NULL, NULL, NULL));
        g_assert_cmpint(sd_bus_get_name_creds(client, PI_BUS_NAME, SD_BUS_CREDS_PID, &creds), >=,
                        0);
        g_assert_cmpint(sd_bus_creds_get_pid(creds, &pid), >=, 0);
        sd_bus_creds_unref(creds);
        /* The broker's child, not ours: gone once its name is. */
        g_assert_no_errno(kill(pid, SIGTERM));
        while (sd_bus_get_name_creds(client, PI_BUS_NAME, 0, NULL) >= 0)
                g_usleep(2000);
        sd_bus_flush_close_unref(client);
}

/* An orderly stop answers who waits, and ends well. */
static void stopped(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        Answer running = {}, queued = {};
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        call_endless(client, &running);
        call_endless(client, &queued);
        wait_until_running(client);
        g_subprocess_send_signal(bus->daemon, SIGTERM);
        wait_for_answer(client, &running);
        wait_for_answer(client, &queued);
        g_assert_cmpstr(running.error, ==, "org.picompute1.Error.ShuttingDown");
        g_assert_cmpstr(queued.error, ==, "org.picompute1.Error.ShuttingDown");
        g_subprocess_wait(bus->daemon, NULL, NULL);
        g_assert_cmpint(g_subprocess_get_exit_status(bus->daemon), ==, 0);
        g_free(running.error);
        g_free(queued.error);
        sd_bus_flush_close_unref(client);
}

/* SIGKILL: callers hear it from the bus at once, and the next daemon takes over. */
static void killed(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        Answer answer = {};
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        call_endless(client, &answer);
        wait_until_running(client);
        g_subprocess_force_exit(bus->daemon);
        wait_for_answer(client, &answer);
        g_assert_cmpstr(answer.error, ==, SD_BUS_ERROR_NO_REPLY);
        g_subprocess_wait(bus->daemon, NULL, NULL);
        g_clear_object(&bus->daemon);
        test_daemon_start(bus, NULL);
        g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
        g_free(answer.error);
        sd_bus_flush_close_unref(client);
}

static int run_daemon(TestBus *bus, const char *argument, char **ret_stderr) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        bus, G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
        g_autoptr(GSubprocess) daemon = NULL;
        g_autoptr(GError) error = NULL;

        daemon = g_subprocess_launcher_spawn(launcher, &error, g_getenv("PI_DAEMON"), "--user",
                                             argument, NULL);
        g_assert_no_error(error);
        g_subprocess_communicate_utf8(daemon, NULL, NULL, NULL, ret_stderr, &error);
        g_assert_no_error(error);
        g_assert_true(g_subprocess_get_if_exited(daemon));
        return g_subprocess_get_exit_status(daemon);
}

static void second_daemon(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *text = NULL;

        test_daemon_start(bus, NULL);
        g_assert_cmpint(run_daemon(bus, NULL, &text), ==, 1);
        g_assert_nonnull(strstr(text, "another pi-computed runs there"));
}

static void broker_gone(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);

        test_daemon_start(bus, NULL);
        g_subprocess_force_exit(bus->broker);
        g_subprocess_wait(bus->daemon, NULL, NULL);
        g_assert_true(g_subprocess_get_if_exited(bus->daemon));
        g_assert_cmpint(g_subprocess_get_exit_status(bus->daemon), ==, 1);
        g_clear_object(&bus->daemon);
}

static void command_line(void) {
        static const struct {
                const char *argument, *says;
        } bad[] = {
                { "--workers=1025", "1 to 1024" }, { "--workers=0", "1 to 1024" },
                { "--workers=-1", "1 to 1024" },   { "--workers=abc", "abc" },
                { "--kernel=quantum", "generic" }, { "--frobnicate", "frobnicate" },
                { "extra", "extra" },              { "--system", "not both" },
        };
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *text = NULL;

                g_assert_cmpint(run_daemon(bus, bad[i].argument, &text), ==, 2);
                g_test_message("%s: %s", bad[i].argument, text);
                g_assert_nonnull(strstr(text, bad[i].says));
        }
}

/* What systemd hears: ready, the progress, the watchdog, stopping. */
static void notifications(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        g_autoptr(GString) heard = g_string_new(NULL);
        g_autofree char *path = g_build_filename(bus->dir, "notify", NULL), *job = NULL;
        gboolean signalled = FALSE;
        sd_bus *client;
        int fd;

        g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &address, sizeof(address)));
        g_setenv("NOTIFY_SOCKET", path, TRUE);
        g_setenv("WATCHDOG_USEC", "50000", TRUE);
        test_daemon_start(bus, NULL);
        g_unsetenv("NOTIFY_SOCKET");
        g_unsetenv("WATCHDOG_USEC");
        client = test_connect(bus);
        g_assert_null(test_submit(client, ENDLESS, NULL, &job));
        while (!strstr(heard->str, "STOPPING=1")) {
                char text[4096];
                ssize_t n = recv(fd, text, sizeof(text), 0);

                g_assert_cmpint(n, >, 0);
                g_string_append_len(heard, text, n);
                g_string_append_c(heard, '\n');
                if (!signalled && strstr(heard->str, "READY=1") &&
                    strstr(heard->str, "STATUS=Job 1: ") && strstr(heard->str, "WATCHDOG=1")) {
                        g_subprocess_send_signal(bus->daemon, SIGTERM);
                        signalled = TRUE;
                }
        }
        g_assert_nonnull(strstr(heard->str, "STATUS=Idle"));
        close(fd);
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lifecycle/activation", activation);
        g_test_add_func("/lifecycle/stopped", stopped);
        g_test_add_func("/lifecycle/killed", killed);
        g_test_add_func("/lifecycle/second-daemon", second_daemon);
        g_test_add_func("/lifecycle/broker-gone", broker_gone);
        g_test_add_func("/lifecycle/command-line", command_line);
        g_test_add_func("/lifecycle/notifications", notifications);
        return g_test_run();
}
