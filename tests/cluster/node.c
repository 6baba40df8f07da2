/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/node.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/cluster/namespaces.h"

#define POLL_USEC 2000
#define LONG_USEC (20 * G_USEC_PER_SEC)
#define CONNECT_SECONDS 1
#define LOG_TAIL_BYTES 8192

static const char *const daemon_arguments[] = { "--user", "--workers=1", "--fault-injection",
                                                NULL };

/* A test that fails ends by a signal, and its nodes with it: what they said goes with them. Only
 * what may be called in a signal handler. */
static void show_logs(int sig) {
        char buffer[LOG_TAIL_BYTES], path[PATH_MAX];

        for (guint i = 1; i <= TEST_LINKS_MAX; i++) {
                ssize_t n;
                int fd;

                g_snprintf(path, sizeof(path), "%s/n%u.log", g_getenv("TMPDIR"), i);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        continue;
                (void) lseek(fd, -LOG_TAIL_BYTES, SEEK_END);
                n = read(fd, buffer, sizeof(buffer));
                g_snprintf(path, sizeof(path), "\n== what n%u said at last\n", i);
                if (write(STDERR_FILENO, path, strlen(path)) < 0 ||
                    (n > 0 && write(STDERR_FILENO, buffer, (size_t) n) < 0))
                        break;
                close(fd);
        }
        signal(sig, SIG_DFL);
        raise(sig);
}

TestNode *test_node_new(guint number) {
        TestNode *node = g_new0(TestNode, 1);
        g_autofree char *activation = NULL;

        signal(SIGABRT, show_logs);
        signal(SIGTRAP, show_logs); /* of g_error() */
        node->number = number;
        node->name = g_strdup_printf("n%u", number);
        node->log = g_strdup_printf("%s/%s.log", g_getenv("TMPDIR"), node->name);
        g_unlink(node->log);
        node->link = test_link_new(number);
        node->bus = test_bus_new(TEST_BUS_SESSION);
        /* A machine that is down stays down, whoever calls it. */
        activation = g_build_filename(node->bus->dir, PI_BUS_NAME ".service", NULL);
        g_assert_no_errno(g_unlink(activation));
        node->client = test_connect(node->bus);
        test_node_configure(node, "");
        return node;
}

void test_node_free(TestNode *node) {
        sd_bus_flush_close_unref(node->client);
        test_bus_free(node->bus);
        test_link_free(node->link);
        g_free(node->name);
        g_free(node->log);
        g_free(node->preload);
        g_free(node->clock);
        g_free(node);
}

void test_node_configure(TestNode *node, const char *lines) {
        g_autofree char *path = g_build_filename(node->bus->state, "pi-computed.conf", NULL);
        g_autofree char *text = g_strdup_printf("[Cluster]\nName=%s\n%s", node->name, lines);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
}

/* It is no library to link with; each distribution has a folder of its own for it. */
static char *find_libfaketime(void) {
        const char *const roots[] = { "/usr/lib", "/usr" }; /* lib/x86_64-linux-gnu, or lib64 */
        const char *name;

        for (gsize i = 0; i < G_N_ELEMENTS(roots); i++) {
                g_autoptr(GDir) dir = g_dir_open(roots[i], 0, NULL);

                while (dir && (name = g_dir_read_name(dir))) {
                        g_autofree char *path = g_build_filename(roots[i], name, "faketime",
                                                                 "libfaketime.so.1", NULL);

                        if (g_file_test(path, G_FILE_TEST_EXISTS))
                                return g_steal_pointer(&path);
                }
        }
        return NULL;
}

gboolean test_node_set_clock(TestNode *node, const char *offset) {
        g_autofree char *library = find_libfaketime();

        if (!library || test_is_instrumented()) {
                g_test_skip(library ? "libfaketime does not go with a sanitizer or valgrind"
                                    : "needs libfaketime");
                return FALSE;
        }
        g_free(node->preload);
        node->preload = g_steal_pointer(&library);
        g_free(node->clock);
        node->clock = g_strdup(offset);
        return TRUE;
}

static GPtrArray *command_line(char **wrapper) {
        GPtrArray *argv = g_ptr_array_new();

        for (char **word = wrapper; word && *word; word++)
                g_ptr_array_add(argv, *word);
        g_ptr_array_add(argv, (gpointer) g_getenv("PI_DAEMON"));
        for (gsize i = 0; i < G_N_ELEMENTS(daemon_arguments); i++)
                g_ptr_array_add(argv, (gpointer) daemon_arguments[i]);
        return argv;
}

static GSubprocessLauncher *launcher_of(TestNode *node) {
        GSubprocessLauncher *launcher = test_launcher(node->bus, G_SUBPROCESS_FLAGS_NONE);
        int log = open(node->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        g_assert_cmpint(log, >=, 0);
        g_subprocess_launcher_take_stderr_fd(launcher, log);
        if (node->preload) {
                g_subprocess_launcher_setenv(launcher, "LD_PRELOAD", node->preload, TRUE);
                g_subprocess_launcher_setenv(launcher, "FAKETIME", node->clock, TRUE);
                g_subprocess_launcher_setenv(launcher, "FAKETIME_DONT_FAKE_MONOTONIC", "1", TRUE);
        }
        return launcher;
}

/* Workers have a CPU each, the first ones of those that the daemon may use: without this all nodes
 * would compute on the first one. */
static void take_turn_of_cpus(guint number, cpu_set_t *ret_before) {
        guint left;
        cpu_set_t one;

        g_assert_no_errno(sched_getaffinity(0, sizeof(*ret_before), ret_before));
        left = (number - 1) % (guint) CPU_COUNT(ret_before);
        CPU_ZERO(&one);
        for (guint cpu = 0; cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, ret_before) && left-- == 0) {
                        CPU_SET(cpu, &one);
                        break;
                }
        g_assert_no_errno(sched_setaffinity(0, sizeof(one), &one));
}

/* A child has the namespaces and the CPUs of the thread that starts it. */
void test_node_start(TestNode *node) {
        g_autoptr(GSubprocessLauncher) launcher = launcher_of(node);
        g_auto(GStrv) wrapper = NULL;
        g_autoptr(GPtrArray) argv = NULL;
        g_autoptr(GError) error = NULL;
        cpu_set_t cpus;
        int before;

        if (g_getenv("PI_DAEMON_WRAPPER"))
                g_assert_true(g_shell_parse_argv(g_getenv("PI_DAEMON_WRAPPER"), NULL, &wrapper,
                                                 NULL));
        argv = command_line(wrapper);
        take_turn_of_cpus(node->number, &cpus);
        before = test_netns_enter(node->link->netns);
        node->bus->daemon = g_subprocess_launcher_spawnv(
                        launcher, (const char *const *) argv->pdata, &error);
        test_netns_return(before);
        g_assert_no_errno(sched_setaffinity(0, sizeof(cpus), &cpus));
        g_assert_no_error(error);
        node->pid = (pid_t) atoi(g_subprocess_get_identifier(node->bus->daemon));
        while (sd_bus_get_name_creds(node->client, PI_BUS_NAME, 0, NULL) < 0) {
                if (!g_subprocess_get_identifier(node->bus->daemon))
                        g_error("%s ended at its start", node->name);
                g_usleep(POLL_USEC);
        }
        /* It owns its name before it listens, and answers when it does. */
        g_variant_unref(test_metrics(node->client));
}

void test_node_stop(TestNode *node) {
        test_daemon_stop(node->bus);
        node->pid = 0;
}

void test_node_kill(TestNode *node) {
        test_daemon_kill(node->bus);
        node->pid = 0;
}

void test_node_freeze(TestNode *node) {
        test_daemon_freeze(node->bus);
}

void test_node_thaw(TestNode *node) {
        test_daemon_thaw(node->bus);
}

gboolean test_node_has_logged(const TestNode *node, const char *text) {
        g_autofree char *log = NULL;

        return g_file_get_contents(node->log, &log, NULL, NULL) && strstr(log, text);
}

void test_wait_until(gboolean (*holds)(gpointer userdata), gpointer userdata, const char *what) {
        gint64 complain = g_get_monotonic_time() + LONG_USEC;

        while (!holds(userdata)) {
                if (g_get_monotonic_time() > complain) {
                        g_test_message("still waiting: %s", what);
                        complain = G_MAXINT64;
                }
                g_usleep(POLL_USEC);
        }
}

typedef struct Saying {
        const TestNode *node;
        const char *text;
} Saying;

static gboolean has_said(gpointer userdata) {
        Saying *s = userdata;

        return test_node_has_logged(s->node, s->text);
}

void test_node_wait_for_log(const TestNode *node, const char *text) {
        test_wait_until(has_said, &(Saying) { node, text }, text);
}

static guint count_fds(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int) pid);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        guint n = 0;

        g_assert_nonnull(dir);
        while (g_dir_read_name(dir))
                n++;
        return n;
}

/* Field by its number in proc(5), 3 and up, of /proc/PID/stat. */
static uint64_t stat_field(const char *stat, guint number) {
        const char *behind_name = strrchr(stat, ')');
        g_auto(GStrv) fields = NULL;

        g_assert_nonnull(behind_name);
        fields = g_strsplit(behind_name + 2, " ", -1);
        g_assert_cmpuint(g_strv_length(fields), >, number - 3);
        return g_ascii_strtoull(fields[number - 3], NULL, 10);
}

/* A line of /proc/PID/status that is in kB, in bytes. */
static uint64_t status_bytes(pid_t pid, const char *key) {
        g_autofree char *path = g_strdup_printf("/proc/%d/status", (int) pid);
        g_autofree char *text = NULL;
        const char *line;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        line = strstr(text, key);
        g_assert_nonnull(line);
        return g_ascii_strtoull(line + strlen(key), NULL, 10) * 1024;
}

TestResources test_node_resources(const TestNode *node) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int) node->pid);
        g_autofree char *stat = NULL;
        struct timespec cpu;
        clockid_t clock;

        g_assert_cmpint(clock_getcpuclockid(node->pid, &clock), ==, 0);
        g_assert_no_errno(clock_gettime(clock, &cpu));
        g_assert_true(g_file_get_contents(path, &stat, NULL, NULL));
        return (TestResources) {
                .fds = count_fds(node->pid),
                .threads = (guint) stat_field(stat, 20),
                .rss_bytes = status_bytes(node->pid, "VmRSS:"),
                .own_bytes = status_bytes(node->pid, "RssAnon:"),
                .cpu_usec = (uint64_t) cpu.tv_sec * G_USEC_PER_SEC + (uint64_t) cpu.tv_nsec / 1000,
        };
}

int test_node_connect(TestNode *from, const char *address, uint16_t port) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        gboolean is_6 = strchr(address, ':') != NULL;
        struct timeval limit = { .tv_sec = CONNECT_SECONDS };
        int before = test_netns_enter(from->link->netns), fd, r;

        fd = socket(is_6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        test_netns_return(before);
        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
        if (is_6) {
                g_assert_cmpint(inet_pton(AF_INET6, address, &to6.sin6_addr), ==, 1);
                r = connect(fd, (struct sockaddr *) &to6, sizeof(to6));
        } else {
                g_assert_cmpint(inet_pton(AF_INET, address, &to.sin_addr), ==, 1);
                r = connect(fd, (struct sockaddr *) &to, sizeof(to));
        }
        if (r == 0)
                return fd;
        close(fd);
        return -1;
}
