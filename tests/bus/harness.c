/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/harness.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbus/variant.h"

#define POLL_USEC 2000

static const char session_policy[] =
        "<policy context='default'><allow user='*'/>"
        "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>"
        "</policy>";

/* What matters of the system bus's own defaults. */
static const char system_policy[] =
                "<policy context='default'>"
                "<allow user='*'/><deny own='*'/><deny send_type='method_call'/>"
                "<allow send_type='signal'/><allow send_requested_reply='true' "
                "send_type='method_return'/>"
                "<allow send_requested_reply='true' send_type='error'/><allow "
                "receive_type='method_call'/>"
                "<allow receive_type='method_return'/><allow receive_type='error'/><allow "
                "receive_type='signal'/>"
                "<allow send_destination='org.freedesktop.DBus'/>"
                "<allow own='org.freedesktop.PolicyKit1'/><allow "
                "send_destination='org.freedesktop.PolicyKit1'/>"
                "</policy>";

static const char *environment(const char *name) {
        const char *value = g_getenv(name);

        if (!value)
                g_error("%s is not set: run the test through meson test", name);
        return value;
}

/* What is left of a test that died must die with it. */
static void die_with_parent(gpointer userdata) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void write_file(const char *dir, const char *name, const char *text) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
}

static char *broker_config(const TestBus *bus) {
        g_autofree char *policy = g_build_filename(environment("PI_SOURCE_ROOT"), "dbus",
                                                   PI_BUS_NAME ".conf", NULL);
        g_autofree char *include = g_strdup_printf("<include>%s</include>", policy);
        bool is_system = bus->kind == TEST_BUS_SYSTEM;

        return g_strdup_printf(
                        "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration "
                        "1.0//EN' "
                        "'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'><busconfig>"
                        "<type>%s</type><listen>unix:path=%s/bus</listen><servicedir>%s</"
                        "servicedir>%s%s"
                        "</busconfig>",
                        is_system ? "system" : "session", bus->dir, bus->dir,
                        is_system ? system_policy : session_policy, is_system ? include : "");
}

static void write_activation_file(const TestBus *bus) {
        g_autofree char *text =
                        g_strdup_printf("[D-BUS Service]\nName=" PI_BUS_NAME "\nExec=%s --user\n",
                                        environment("PI_DAEMON"));

        write_file(bus->dir, PI_BUS_NAME ".service", text);
}

TestBus *test_bus_new(TestBusKind kind) {
        TestBus *bus = g_new0(TestBus, 1);
        g_autoptr(GSubprocessLauncher) launcher =
                        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
        g_autoptr(GDataInputStream) out = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *config = NULL, *file = NULL;

        bus->kind = kind;
        bus->dir = g_dir_make_tmp("pi-test-XXXXXX", &error);
        g_assert_no_error(error);
        g_assert_no_errno(g_chmod(bus->dir, 0755));
        bus->state = g_build_filename(bus->dir, "state", NULL);
        g_assert_no_errno(g_mkdir(bus->state, 0700));
        config = broker_config(bus);
        write_file(bus->dir, "bus.conf", config);
        if (kind == TEST_BUS_SESSION)
                write_activation_file(bus);
        file = g_strdup_printf("--config-file=%s/bus.conf", bus->dir);
        g_subprocess_launcher_setenv(launcher, "STATE_DIRECTORY", bus->state, TRUE);
        g_subprocess_launcher_setenv(launcher, "CONFIGURATION_DIRECTORY", bus->state, TRUE);
        g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
        bus->broker = g_subprocess_launcher_spawn(launcher, &error, "dbus-daemon", file, "--nofork",
                                                  "--print-address=1", NULL);
        g_assert_no_error(error);
        out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(bus->broker));
        bus->address = g_data_input_stream_read_line(out, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(bus->address);
        return bus;
}

static void remove_dir(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *file = g_build_filename(path, name, NULL);
                g_unlink(file);
        }
        g_rmdir(path);
}

static char *read_log(const TestBus *bus) {
        char *text = NULL;

        g_assert_true(g_file_get_contents(bus->log, &text, NULL, NULL));
        return text;
}

void test_daemon_log_to_file(TestBus *bus) {
        bus->log = g_build_filename(bus->state, "daemon.log", NULL);
        write_file(bus->state, "daemon.log", "");
}

gboolean test_daemon_has_logged(const TestBus *bus, const char *text) {
        g_autofree char *log = read_log(bus);

        return strstr(log, text) != NULL;
}

void test_daemon_wait_for_log(const TestBus *bus, const char *text) {
        while (!test_daemon_has_logged(bus, text))
                g_usleep(POLL_USEC);
}

/* Nobody has it now. */
static int free_port(void) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_no_errno(fd);
        g_assert_no_errno(bind(fd, (const struct sockaddr *) &address, length));
        g_assert_no_errno(getsockname(fd, (struct sockaddr *) &address, &length));
        g_assert_no_errno(close(fd));
        return ntohs(address.sin_port);
}

void test_settings(TestBus *bus, const char *text) {
        write_file(bus->state, "pi-computed.conf", text);
}

void test_cluster_settings(TestBus *bus) {
        g_autofree char *text = g_strdup_printf(
                        "[Cluster]\nPort=%d\nAddress=127.0.0.1\nName=node1\n", free_port());

        test_settings(bus, text);
}

void test_daemon_kill(TestBus *bus) {
        g_subprocess_force_exit(bus->daemon);
        g_subprocess_wait(bus->daemon, NULL, NULL);
        g_clear_object(&bus->daemon);
}

/* GLib sends signals from a thread of its own, some time later. */
static pid_t daemon_pid(const TestBus *bus) {
        const char *pid = g_subprocess_get_identifier(bus->daemon);

        g_assert_nonnull(pid);
        return (pid_t) atoi(pid);
}

void test_daemon_freeze(TestBus *bus) {
        pid_t pid = daemon_pid(bus);
        siginfo_t info;

        g_assert_no_errno(kill(pid, SIGSTOP));
        g_assert_no_errno(waitid(P_PID, (id_t) pid, &info, WSTOPPED));
        g_assert_cmpint(info.si_code, ==, CLD_STOPPED);
}

void test_daemon_thaw(TestBus *bus) {
        g_assert_no_errno(kill(daemon_pid(bus), SIGCONT));
}

void test_daemon_stop(TestBus *bus) {
        g_subprocess_send_signal(bus->daemon, SIGTERM);
        g_subprocess_wait(bus->daemon, NULL, NULL);
        if (bus->log) {
                g_autofree char *log = read_log(bus);
                g_test_message("%s", log);
        }
        /* Also where no test looks at it: an end by a sanitizer or a leak is a failure. */
        if (g_subprocess_get_if_exited(bus->daemon))
                g_assert_cmpint(g_subprocess_get_exit_status(bus->daemon), ==, 0);
        g_clear_object(&bus->daemon);
}

void test_bus_free(TestBus *bus) {
        if (bus->daemon)
                test_daemon_stop(bus);
        g_subprocess_force_exit(bus->broker);
        g_subprocess_wait(bus->broker, NULL, NULL);
        g_object_unref(bus->broker);
        remove_dir(bus->state);
        remove_dir(bus->dir);
        g_free(bus->dir);
        g_free(bus->state);
        g_free(bus->log);
        g_free(bus->address);
        g_free(bus);
}

GSubprocessLauncher *test_launcher(TestBus *bus, GSubprocessFlags flags) {
        GSubprocessLauncher *launcher = g_subprocess_launcher_new(flags);

        g_subprocess_launcher_setenv(launcher,
                                     bus->kind == TEST_BUS_SYSTEM ? "DBUS_SYSTEM_BUS_ADDRESS"
                                                                  : "DBUS_SESSION_BUS_ADDRESS",
                                     bus->address, TRUE);
        g_subprocess_launcher_setenv(launcher, "STATE_DIRECTORY", bus->state, TRUE);
        g_subprocess_launcher_setenv(launcher, "CONFIGURATION_DIRECTORY", bus->state, TRUE);
        /* As the unit has it. */
        g_subprocess_launcher_setenv(launcher, "G_SLICE", "always-malloc", TRUE);
        g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
        return launcher;
}

sd_bus *test_connect(TestBus *bus) {
        sd_bus *client;

        g_assert_cmpint(sd_bus_new(&client), >=, 0);
        g_assert_cmpint(sd_bus_set_address(client, bus->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(client, true), >=, 0);
        g_assert_cmpint(sd_bus_start(client), >=, 0);
        /* Instrumented builds are slow; a real hang is ended by the time limit of the test. */
        g_assert_cmpint(sd_bus_set_method_call_timeout(client, UINT64_C(600000000)), >=, 0);
        return client;
}

void test_wait_for_name(sd_bus *client) {
        while (sd_bus_get_name_creds(client, PI_BUS_NAME, 0, NULL) < 0)
                g_usleep(POLL_USEC);
}

void test_daemon_start(TestBus *bus, const char *const *arguments) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(bus, G_SUBPROCESS_FLAGS_NONE);
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_auto(GStrv) wrapper = NULL;
        g_autoptr(GError) error = NULL;
        sd_bus *client = test_connect(bus);

        /* Such as valgrind, in front of the daemon. */
        if (g_getenv("PI_DAEMON_WRAPPER"))
                g_assert_true(g_shell_parse_argv(g_getenv("PI_DAEMON_WRAPPER"), NULL, &wrapper,
                                                 NULL));
        for (char **word = wrapper; word && *word; word++)
                g_ptr_array_add(argv, *word);
        g_ptr_array_add(argv, (gpointer) environment("PI_DAEMON"));
        g_ptr_array_add(argv, (gpointer) (bus->kind == TEST_BUS_SYSTEM ? "--system" : "--user"));
        for (; arguments && *arguments; arguments++)
                g_ptr_array_add(argv, (gpointer) *arguments);
        g_ptr_array_add(argv, NULL);
        if (bus->log)
                g_subprocess_launcher_set_stderr_file_path(launcher, bus->log);
        bus->daemon = g_subprocess_launcher_spawnv(launcher, (const char *const *) argv->pdata,
                                                   &error);
        g_assert_no_error(error);
        test_wait_for_name(client);
        sd_bus_flush_close_unref(client);
}

void test_session_set_up(TestSession *session, gconstpointer data) {
        session->bus = test_bus_new(TEST_BUS_SESSION);
        test_daemon_start(session->bus, (const char *const[]) { "--workers=2", NULL });
        session->client = test_connect(session->bus);
}

void test_session_tear_down(TestSession *session, gconstpointer data) {
        sd_bus_flush_close_unref(session->client);
        test_bus_free(session->bus);
}

gboolean test_is_instrumented(void) {
        return g_getenv("PI_TEST_INSTRUMENTED") || g_getenv("PI_DAEMON_WRAPPER");
}

sd_bus_message *test_compute_message(sd_bus *client, uint64_t terms, const char *options) {
        g_autoptr(GVariant) o = NULL;
        g_autoptr(GError) error = NULL;
        sd_bus_message *m;

        o = g_variant_parse(G_VARIANT_TYPE_VARDICT, options ? options : "{}", NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(sd_bus_message_new_method_call(client, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                                       PI_INTERFACE_MANAGER, "ComputePi"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "t", terms), >=, 0);
        g_assert_cmpint(pi_variant_append(m, o), >=, 0);
        return m;
}

static char *take_error(sd_bus_error *error) {
        char *name = g_strdup(error->name);

        g_test_message("%s: %s", error->name, error->message);
        /* Every error a person may see says something. */
        g_assert_nonnull(error->message);
        g_assert_cmpstr(error->message, !=, "");
        sd_bus_error_free(error);
        return name;
}

char *test_compute(sd_bus *client, uint64_t terms, const char *options, double *ret_pi,
                   GVariant **ret_report) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL, *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autoptr(GVariant) report = NULL;
        double pi;

        m = test_compute_message(client, terms, options);
        if (sd_bus_call(client, m, 0, &error, &reply) < 0)
                return take_error(&error);
        g_assert_cmpint(sd_bus_message_read(reply, "d", &pi), >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &report), >=, 0);
        if (ret_pi)
                *ret_pi = pi;
        if (ret_report)
                *ret_report = g_steal_pointer(&report);
        return NULL;
}

char *test_submit(sd_bus *client, uint64_t terms, const char *options, char **ret_path) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL, *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autoptr(GVariant) o = NULL;
        const char *path;

        o = g_variant_parse(G_VARIANT_TYPE_VARDICT, options ? options : "{}", NULL, NULL, NULL);
        g_assert_nonnull(o);
        g_assert_cmpint(sd_bus_message_new_method_call(client, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                                       PI_INTERFACE_MANAGER, "SubmitJob"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "t", terms), >=, 0);
        g_assert_cmpint(pi_variant_append(m, o), >=, 0);
        if (sd_bus_call(client, m, 0, &error, &reply) < 0)
                return take_error(&error);
        g_assert_cmpint(sd_bus_message_read(reply, "o", &path), >=, 0);
        *ret_path = g_strdup(path);
        return NULL;
}

GVariant *test_metrics(sd_bus *client) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        GVariant *metrics;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "GetMetrics", NULL, &reply, NULL),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &metrics), >=, 0);
        return metrics;
}

char *test_manager_call(sd_bus *client, const char *method, const char *arguments) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autoptr(GError) syntax = NULL;
        g_autoptr(GVariant) v = g_variant_parse(NULL, arguments, NULL, NULL, &syntax);

        g_assert_no_error(syntax);
        g_assert_cmpint(sd_bus_message_new_method_call(client, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                                       PI_INTERFACE_MANAGER, method), >=, 0);
        for (gsize i = 0; i < g_variant_n_children(v); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(v, i);
                g_assert_cmpint(pi_variant_append(m, argument), >=, 0);
        }
        return sd_bus_call(client, m, 0, &error, NULL) < 0 ? take_error(&error) : NULL;
}

GVariant *test_faults(sd_bus *client, uint32_t limit) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        GVariant *faults;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "ListFaults", NULL, &reply, "u",
                                           limit),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &faults), >=, 0);
        return faults;
}

char *test_job_call(sd_bus *client, const char *path, const char *method) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        if (sd_bus_call_method(client, PI_BUS_NAME, path, PI_INTERFACE_JOB, method, &error, NULL,
                               NULL) < 0)
                return take_error(&error);
        return NULL;
}

GVariant *test_job_property(sd_bus *client, const char *path, const char *name) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        g_autoptr(GVariant) boxed = NULL;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, path,
                                           "org.freedesktop.DBus.Properties", "Get", NULL, &reply,
                                           "ss", PI_INTERFACE_JOB, name),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &boxed), >=, 0);
        return g_variant_get_variant(boxed);
}

void test_wait_for_state(sd_bus *client, const char *path, const char *state) {
        for (;;) {
                g_autoptr(GVariant) value = test_job_property(client, path, "State");
                if (g_str_equal(g_variant_get_string(value, NULL), state))
                        return;
                g_usleep(POLL_USEC);
        }
}

uint64_t test_lookup_u64(GVariant *dict, const char *key) {
        uint64_t value;

        if (!g_variant_lookup(dict, key, "t", &value))
                g_error("no key \"%s\" of type t", key);
        return value;
}

uint32_t test_lookup_u32(GVariant *dict, const char *key) {
        uint32_t value;

        if (!g_variant_lookup(dict, key, "u", &value))
                g_error("no key \"%s\" of type u", key);
        return value;
}

double test_lookup_double(GVariant *dict, const char *key) {
        double value;

        if (!g_variant_lookup(dict, key, "d", &value))
                g_error("no key \"%s\" of type d", key);
        return value;
}

char *test_lookup_string(GVariant *dict, const char *key) {
        char *value;

        if (!g_variant_lookup(dict, key, "s", &value))
                g_error("no key \"%s\" of type s", key);
        return value;
}
