/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "tests/bus/harness.h"

/* The system bus: what the shipped policy lets through, and polkit for what is not the caller's
 * own. A second user is needed, so all of this needs root. */

#define ENDLESS UINT64_C(10000000000000000)
#define STRANGER "nobody"

/* A polkit that says what the test wants, on a thread of its own as it would be a process. */
typedef struct Polkit {
        TestBus *bus;
        GThread *thread;
        gint stop;
        gint authorised;
        gint asked;
        const char *action; /* that it expects to be asked about */
} Polkit;

static int on_check(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Polkit *p = userdata;
        const char *action;

        g_assert_cmpint(sd_bus_message_skip(m, "(sa{sv})"), >=, 0);
        g_assert_cmpint(sd_bus_message_read(m, "s", &action), >=, 0);
        g_assert_cmpstr(action, ==, p->action);
        g_atomic_int_inc(&p->asked);
        return sd_bus_reply_method_return(m, "(bba{ss})", g_atomic_int_get(&p->authorised), 0, 0);
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static gpointer polkit_main(gpointer userdata) {
        Polkit *p = userdata;
        sd_bus *bus = test_connect(p->bus);

        g_assert_cmpint(sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                                 "org.freedesktop.PolicyKit1.Authority",
                                                 polkit_vtable, p),
                        >=, 0);
        g_assert_cmpint(sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0), >=, 0);
        while (!g_atomic_int_get(&p->stop)) {
                int r = sd_bus_process(bus, NULL);
                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        g_assert_cmpint(sd_bus_wait(bus, 20000), >=, 0);
        }
        sd_bus_flush_close_unref(bus);
        return NULL;
}

typedef struct Fixture {
        TestBus *bus;
        sd_bus *client;
        Polkit polkit;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SYSTEM);
        test_cluster_settings(f->bus);
        /* Valgrind gives threads turns by the pieces of code they run, and those of the vector
         * kernels are long: beside an endless job the main thread would wait for its turn. */
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", "--kernel=reference",
                                                          NULL });
        f->client = test_connect(f->bus);
}

static void tear_down(Fixture *f, gconstpointer data) {
        if (f->polkit.thread) {
                g_atomic_int_set(&f->polkit.stop, 1);
                g_thread_join(f->polkit.thread);
        }
        sd_bus_flush_close_unref(f->client);
        test_bus_free(f->bus);
}

static void start_polkit(Fixture *f, gboolean authorised, const char *action) {
        f->polkit.bus = f->bus;
        f->polkit.action = action;
        f->polkit.authorised = authorised;
        f->polkit.thread = g_thread_new("polkit", polkit_main, &f->polkit);
        while (sd_bus_get_name_creds(f->client, "org.freedesktop.PolicyKit1", 0, NULL) < 0)
                g_usleep(2000);
}

static void become_stranger(gpointer userdata) {
        const struct passwd *pw = userdata;

        if (setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
                _exit(99);
}

/* A program as another user; what it printed on both streams. */
static char *stranger_runs(Fixture *f, int *ret_status, const char *const *argv) {
        g_autoptr(GSubprocessLauncher) launcher =
                        test_launcher(f->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                      G_SUBPROCESS_FLAGS_STDERR_MERGE);
        g_autoptr(GSubprocess) process = NULL;
        g_autoptr(GError) error = NULL;
        char *text = NULL;

        g_subprocess_launcher_set_child_setup(launcher, become_stranger, getpwnam(STRANGER), NULL);
        process = g_subprocess_launcher_spawnv(launcher, argv, &error);
        g_assert_no_error(error);
        g_subprocess_communicate_utf8(process, NULL, NULL, &text, NULL, &error);
        g_assert_no_error(error);
        *ret_status = g_subprocess_get_exit_status(process);
        g_test_message("%s", text);
        return text;
}

static char *stranger_calls(Fixture *f, int *ret_status, ...) {
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        const char *argument;
        va_list ap;

        g_ptr_array_add(argv, (gpointer) "busctl");
        g_ptr_array_add(argv, (gpointer) "--system");
        va_start(ap, ret_status);
        while ((argument = va_arg(ap, const char *)))
                g_ptr_array_add(argv, (gpointer) argument);
        va_end(ap);
        g_ptr_array_add(argv, NULL);
        return stranger_runs(f, ret_status, (const char *const *) argv->pdata);
}

/* pictl from where every user can run it, wherever the build is. */
static char *stranger_pictl(Fixture *f, int *ret_status, const char *verb, const char *argument) {
        g_autofree char *copy = g_build_filename(f->bus->dir, "pictl", NULL);
        g_autoptr(GFile) from = g_file_new_for_path(g_getenv("PI_PICTL"));
        g_autoptr(GFile) to = g_file_new_for_path(copy);
        g_autoptr(GError) error = NULL;

        g_file_copy(from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
        g_assert_no_error(error);
        return stranger_runs(f, ret_status, (const char *const[]) { copy, verb, argument, NULL });
}

static gboolean can_be_another(void) {
        if (geteuid() == 0 && getpwnam(STRANGER))
                return TRUE;
        g_test_skip("needs root and the user " STRANGER " to call as somebody else");
        return FALSE;
}

static char *stranger_cancels(Fixture *f, const char *path, int *ret_status) {
        return stranger_calls(f, ret_status, "call", PI_BUS_NAME, path, PI_INTERFACE_JOB, "Cancel",
                              NULL);
}

/* Everyone may compute, read and handle his own jobs. */
static void own_jobs(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        int status;

        if (!can_be_another())
                return;
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                              "ComputePi", "ta{sv}", "1000", "0", NULL);
        g_assert_cmpint(status, ==, 0);
        g_assert_true(g_str_has_prefix(text, "da{sv} 3.14059"));
        g_clear_pointer(&text, g_free);
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                              "SubmitJob", "ta{sv}", "10000000000000000", "0", NULL);
        g_assert_cmpint(status, ==, 0);
        g_clear_pointer(&text, g_free);
        text = stranger_cancels(f, PI_JOB_PATH_PREFIX "/2", &status);
        g_assert_cmpint(status, ==, 0);
        g_clear_pointer(&text, g_free);
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                              "GetMetrics", NULL);
        g_assert_cmpint(status, ==, 0);
}

static void others_job(Fixture *f, gboolean authorised) {
        g_autofree char *path = NULL, *text = NULL;
        int status;

        g_assert_null(test_submit(f->client, ENDLESS, NULL, &path));
        text = stranger_cancels(f, path, &status);
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
        if (authorised) {
                g_assert_cmpint(status, ==, 0);
                test_wait_for_state(f->client, path, "cancelled");
                return;
        }
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(text, "Not authorised for " PI_POLKIT_MANAGE_JOBS));
        g_clear_pointer(&text, g_free);
        text = stranger_pictl(f, &status, "cancel", "1");
        g_assert_cmpint(status, ==, 6);
        test_wait_for_state(f->client, path, "running");
        /* He may look, though. */
        g_clear_pointer(&text, g_free);
        text = stranger_calls(f, &status, "get-property", PI_BUS_NAME, path, PI_INTERFACE_JOB,
                              "State", NULL);
        g_assert_cmpstr(text, ==, "s \"running\"\n");
}

static void polkit_denies(Fixture *f, gconstpointer data) {
        if (!can_be_another())
                return;
        start_polkit(f, FALSE, PI_POLKIT_MANAGE_JOBS);
        others_job(f, FALSE);
}

static void polkit_allows(Fixture *f, gconstpointer data) {
        if (!can_be_another())
                return;
        start_polkit(f, TRUE, PI_POLKIT_MANAGE_JOBS);
        others_job(f, TRUE);
}

static void no_polkit(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL, *text = NULL;
        int status;

        if (!can_be_another())
                return;
        g_assert_null(test_submit(f->client, ENDLESS, NULL, &path));
        text = stranger_cancels(f, path, &status);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(text, "polkit could not be asked"));
        test_wait_for_state(f->client, path, "running");
}

static uint32_t first_cpu(Fixture *f) {
        g_autoptr(GVariant) metrics = test_metrics(f->client), cores = NULL, core = NULL;

        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        core = g_variant_get_child_value(cores, 0);
        return test_lookup_u32(core, "cpu");
}

static char *stranger_restores(Fixture *f, int *ret_status) {
        g_autofree char *cpu = g_strdup_printf("%u", first_cpu(f));

        return stranger_calls(f, ret_status, "call", PI_BUS_NAME, PI_OBJECT_PATH,
                              PI_INTERFACE_MANAGER, "RestoreCore", "u", cpu, NULL);
}

static char *stranger_injects(Fixture *f, int *ret_status) {
        g_autofree char *cpu = g_strdup_printf("%u", first_cpu(f));

        return stranger_calls(f, ret_status, "call", PI_BUS_NAME, PI_OBJECT_PATH,
                              PI_INTERFACE_MANAGER, "InjectFault", "ua{sv}", cpu, "1", "kind", "s",
                              "flip", NULL);
}

/* Everyone may read what was at fault; putting a core back is an administrator's. */
static void cores_denied(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        int status;

        if (!can_be_another())
                return;
        start_polkit(f, FALSE, PI_POLKIT_MANAGE_CORES);
        text = stranger_restores(f, &status);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(text, "Not authorised for " PI_POLKIT_MANAGE_CORES));
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
        g_clear_pointer(&text, g_free);
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                              "ListFaults", "u", "10", NULL);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpstr(text, ==, "aa{sv} 0\n");
        /* Nobody is asked about what is off. */
        g_clear_pointer(&text, g_free);
        text = stranger_injects(f, &status);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(text, "--fault-injection"));
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
}

static void cores_allowed(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        int status;

        if (!can_be_another())
                return;
        start_polkit(f, TRUE, PI_POLKIT_MANAGE_CORES);
        text = stranger_restores(f, &status);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
}

/* Each of them, and the reason to be refused. */
static void stranger_manages(Fixture *f, const char *why) {
        static const char *const calls[][3] = {
                { "CreateCluster", NULL, NULL },     { "CreateJoinToken", "a{sv}", "0" },
                { "ListJoinTokens", NULL, NULL },    { "RevokeJoinToken", "s", "00" },
                { "JoinCluster", "s", "pi1-AAAA" },  { "LeaveCluster", NULL, NULL },
                { "RemoveNode", "s", "node2" },      { "RestoreNode", "s", "node2" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
                g_autofree char *text = NULL;
                int status;

                text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH,
                                      PI_INTERFACE_MANAGER, calls[i][0], calls[i][1], calls[i][2],
                                      NULL);
                g_assert_cmpint(status, !=, 0);
                g_assert_nonnull(strstr(text, why));
        }
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, G_N_ELEMENTS(calls));
}

static char *stranger_looks(Fixture *f, const char *property) {
        int status;
        char *text = stranger_calls(f, &status, "get-property", PI_BUS_NAME, PI_OBJECT_PATH,
                                    PI_INTERFACE_MANAGER, property, NULL);

        g_assert_cmpint(status, ==, 0);
        return text;
}

/* The cluster is an administrator's; who is in it everybody may see. */
static void cluster_denied(Fixture *f, gconstpointer data) {
        g_autofree char *id = NULL, *nodes = NULL;

        if (!can_be_another())
                return;
        start_polkit(f, FALSE, PI_POLKIT_MANAGE_CLUSTER);
        stranger_manages(f, "Not authorised for " PI_POLKIT_MANAGE_CLUSTER);
        id = stranger_looks(f, "ClusterId");
        g_assert_cmpstr(id, ==, "s \"\"\n");
        nodes = stranger_looks(f, "Nodes");
        g_assert_cmpstr(nodes, ==, "ao 0\n");
}

static void cluster_allowed(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL, *id = NULL, *state = NULL, *tokens = NULL;
        g_auto(GStrv) words = NULL;
        int status;

        if (!can_be_another())
                return;
        start_polkit(f, TRUE, PI_POLKIT_MANAGE_CLUSTER);
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                              "CreateCluster", NULL);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
        id = stranger_looks(f, "Nodes");
        words = g_strsplit(id, "\"", -1);
        g_assert_cmpuint(g_strv_length(words), ==, 3);
        state = stranger_calls(f, &status, "get-property", PI_BUS_NAME, words[1], PI_INTERFACE_NODE,
                               "State", NULL);
        g_assert_cmpstr(state, ==, "s \"self\"\n");
        /* Whoever may not manage it sees the rest. */
        g_atomic_int_set(&f->polkit.authorised, 0);
        tokens = stranger_pictl(f, &status, "cluster", "status");
        g_assert_cmpint(status, ==, 0);
        g_assert_nonnull(strstr(tokens, "only an administrator may see them"));
}

static void injection(Fixture *f, gboolean authorised) {
        g_autoptr(GVariant) report = NULL;
        g_autofree char *text = NULL, *verdict = NULL;
        int status;

        sd_bus_flush_close_unref(f->client);
        test_daemon_stop(f->bus);
        test_daemon_start(f->bus, (const char *const[]) { "--workers=1", "--fault-injection",
                                                          NULL });
        f->client = test_connect(f->bus);
        start_polkit(f, authorised, PI_POLKIT_INJECT_FAULTS);
        text = stranger_injects(f, &status);
        g_assert_cmpint(status == 0, ==, authorised);
        g_assert_cmpint(g_atomic_int_get(&f->polkit.asked), ==, 1);
        g_assert_null(test_compute(f->client, 1000, NULL, NULL, &report));
        verdict = test_lookup_string(report, "verdict");
        g_assert_cmpstr(verdict, ==, authorised ? "transient" : "none");
}

static void injection_denied(Fixture *f, gconstpointer data) {
        if (can_be_another())
                injection(f, FALSE);
}

static void injection_allowed(Fixture *f, gconstpointer data) {
        if (can_be_another())
                injection(f, TRUE);
}

/* The policy: nobody else may own the name, and no other interface goes through. */
static void bus_policy(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        int status;

        if (!can_be_another())
                return;
        text = stranger_calls(f, &status, "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                              "org.freedesktop.DBus", "RequestName", "su", PI_BUS_NAME ".Other",
                              "0", NULL);
        g_assert_cmpint(status, !=, 0);
        g_clear_pointer(&text, g_free);
        text = stranger_calls(f, &status, "call", PI_BUS_NAME, PI_OBJECT_PATH,
                              "org.picompute1.Peer", "Ping", NULL);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(text, "ccess denied"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
        TEST("/system/own-jobs", own_jobs);
        TEST("/system/polkit-denies", polkit_denies);
        TEST("/system/polkit-allows", polkit_allows);
        TEST("/system/no-polkit", no_polkit);
        TEST("/system/cores-denied", cores_denied);
        TEST("/system/cores-allowed", cores_allowed);
        TEST("/system/injection-denied", injection_denied);
        TEST("/system/injection-allowed", injection_allowed);
        TEST("/system/cluster-denied", cluster_denied);
        TEST("/system/cluster-allowed", cluster_allowed);
        TEST("/system/bus-policy", bus_policy);
        return g_test_run();
}
