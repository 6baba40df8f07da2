/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bus/exporter.h"

#define GET_METRICS "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
#define PER_ADDRESS 8
#define IN_ALL 32

typedef struct Fixture {
        TestSession session;
        GSubprocess *exporter;
        guint16 port;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        test_session_set_up(&f->session, NULL);
        f->exporter = test_exporter_start(f->session.bus, NULL, &f->port);
}

static void tear_down(Fixture *f, gconstpointer data) {
        if (f->exporter)
                test_exporter_stop(f->exporter);
        test_session_tear_down(&f->session, NULL);
}

static void assert_header(const TestReply *reply, const char *line) {
        g_autofree char *whole = g_strdup_printf("\r\n%s\r\n", line);

        if (!strstr(reply->head, whole))
                g_error("no \"%s\" in %s", line, reply->head);
}

static void metrics(Fixture *f, gconstpointer data) {
        g_auto(TestReply) reply = { 0 };
        g_autofree char *length = NULL;

        g_assert_null(test_compute(f->session.client, 1000003, "{'parts': <uint64 7>}", NULL,
                                   NULL));
        reply = test_http(f->port, "GET", "/metrics?x=1", NULL);
        g_assert_cmpint(reply.status, ==, 200);
        assert_header(&reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8");
        length = g_strdup_printf("Content-Length: %" G_GSIZE_FORMAT, strlen(reply.body));
        assert_header(&reply, length);
        g_assert_nonnull(strstr(reply.body, "\npicompute_up 1\n"));
        g_assert_nonnull(strstr(reply.body, "\npicompute_jobs_done_total 1\n"));
        g_assert_nonnull(strstr(reply.body, "\npicompute_terms_computed_total 1000003\n"));
        g_assert_nonnull(strstr(reply.body, "\npicompute_part_seconds_count 7\n"));
        g_assert_nonnull(strstr(reply.body, "\npicompute_slots 2\n"));
}

static void places_and_methods(Fixture *f, gconstpointer data) {
        static const struct {
                const char *method, *place, *more;
                int status;
        } requests[] = {
                { "GET", "/", NULL, 200 },
                { "GET", "/favicon.ico", NULL, 404 },
                { "GET", "/metrics/", NULL, 404 },
                { "GET", "//metrics", NULL, 404 },
                { "POST", "/metrics", NULL, 405 },
                { "POST", "/metrics", "Content-Length: 3\r\n\r\nabc", 405 },
                { "PUT", "/", NULL, 405 },
                { "DELETE", "/nowhere", NULL, 405 },
                { "OPTIONS", "/", NULL, 405 },
                { "GET", "/metrics", "Content-Length: 3\r\n\r\nabc", 400 },
                { "GET", "/metrics", "Transfer-Encoding: chunked\r\n\r\n0\r\n", 400 },
                { "GET", "/metrics", "Content-Length: 0\r\n", 200 },
                { "HEAD", "/nowhere", NULL, 404 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
                g_auto(TestReply) reply = test_http(f->port, requests[i].method, requests[i].place,
                                                    requests[i].more);

                g_test_message("%s %s", requests[i].method, requests[i].place);
                g_assert_cmpint(reply.status, ==, requests[i].status);
                if (reply.status == 405)
                        assert_header(&reply, "Allow: GET, HEAD");
        }
}

static void head(Fixture *f, gconstpointer data) {
        g_auto(TestReply) whole = test_http(f->port, "GET", "/", NULL);
        g_auto(TestReply) only = test_http(f->port, "HEAD", "/", NULL);
        g_auto(TestReply) figures = test_http(f->port, "HEAD", "/metrics", NULL);
        g_autofree char *length = g_strdup_printf("Content-Length: %" G_GSIZE_FORMAT,
                                                  strlen(whole.body));

        g_assert_nonnull(strstr(whole.body, "href=\"/metrics\""));
        g_assert_cmpint(only.status, ==, 200);
        assert_header(&only, length);
        g_assert_cmpstr(only.body, ==, "");
        g_assert_cmpint(figures.status, ==, 200);
        g_assert_cmpstr(figures.body, ==, "");
}

/* What is no HTTP, or too long, ends that connection and nothing else. */
static void garbage(Fixture *f, gconstpointer data) {
        static const char *const texts[] = { "", "\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n",
                                             "GET /metrics" };
        g_autofree char *name = g_strnfill(20000, 'a');
        g_autofree char *place = g_strdup_printf("/%s", name);
        g_auto(TestReply) reply = { 0 };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                int fd = test_http_connect(f->port, 1);

                test_http_send(fd, texts[i]);
                close(fd);
        }
        reply = test_http(f->port, "GET", place, NULL);
        g_assert_cmpint(reply.status, ==, 414);
        test_http_wait_for(f->port, "/metrics", 200, "\npicompute_up 1\n");
}

/* Who watches does not start what he watches, though this bus could. */
static void service_gone(Fixture *f, gconstpointer data) {
        test_daemon_stop(f->session.bus);
        test_http_wait_for(f->port, "/metrics", 200, "\npicompute_up 0\n");
        g_assert_cmpint(sd_bus_get_name_creds(f->session.client, PI_BUS_NAME, 0, NULL), ==, -ENXIO);
        test_daemon_start(f->session.bus, (const char *const[]) { "--workers=1", NULL });
        test_http_wait_for(f->port, "/metrics", 200, "\npicompute_slots 1\n");
}

static void service_hangs(Fixture *f, gconstpointer data) {
        test_daemon_freeze(f->session.bus);
        test_http_wait_for(f->port, "/metrics", 503, "no answer within 5 s");
        test_daemon_thaw(f->session.bus);
        test_http_wait_for(f->port, "/metrics", 200, "\npicompute_up 1\n");
}

static void bus_gone(Fixture *f, gconstpointer data) {
        test_http_wait_for(f->port, "/metrics", 200, "\npicompute_up 1\n");
        g_subprocess_force_exit(f->session.bus->broker);
        test_http_wait_for(f->port, "/metrics", 503, "bus cannot be reached");
        /* The daemon ends by itself, and not well: it lost its bus. */
        g_subprocess_wait(f->session.bus->daemon, NULL, NULL);
        g_clear_object(&f->session.bus->daemon);
}

/* All who ask at the same time get the answer to one question. */
static void one_question(Fixture *f, gconstpointer data) {
        g_autofree char *first = NULL;
        int fds[5];

        test_daemon_freeze(f->session.bus);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
                fds[i] = test_http_connect(f->port, 1);
                test_http_send(fds[i], GET_METRICS);
        }
        test_daemon_thaw(f->session.bus);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
                g_auto(TestReply) reply = test_http_receive(fds[i]);

                g_assert_cmpint(reply.status, ==, 200);
                if (!first)
                        first = g_strdup(reply.body);
                g_assert_cmpstr(reply.body, ==, first);
        }
}

/* Clients that send half a request delay nobody, and are shown out. */
static void slow_client(Fixture *f, gconstpointer data) {
        int silent = test_http_connect(f->port, 1), slow = test_http_connect(f->port, 1);
        g_auto(TestReply) reply = { 0 }, of_silent = { 0 }, of_slow = { 0 };

        test_http_send(slow, "GET /metrics HTTP/1.1\r\nHos");
        reply = test_http(f->port, "GET", "/metrics", NULL);
        g_assert_cmpint(reply.status, ==, 200);
        of_silent = test_http_receive(silent);
        of_slow = test_http_receive(slow);
        g_assert_cmpint(of_silent.status, !=, 200);
        g_assert_cmpint(of_slow.status, !=, 200);
}

/* Whether anything is to be read, or the connection has ended, soon. */
static gboolean stirs(int fd, int msec) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, msec) > 0;
}

static void many_of_one_address(Fixture *f, gconstpointer data) {
        g_auto(TestReply) refused = { 0 }, other = { 0 };
        int fds[PER_ADDRESS], more;

        for (size_t i = 0; i < PER_ADDRESS; i++) {
                fds[i] = test_http_connect(f->port, 2);
                test_http_send(fds[i], "GET");
        }
        more = test_http_connect(f->port, 2);
        test_http_send(more, GET_METRICS);
        refused = test_http_receive(more);
        g_assert_cmpint(refused.status, ==, 0);
        other = test_http(f->port, "GET", "/metrics", NULL);
        g_assert_cmpint(other.status, ==, 200);
        for (size_t i = 0; i < PER_ADDRESS; i++)
                close(fds[i]);
        for (int status = 0; status != 200;) {
                g_auto(TestReply) reply = { 0 };

                more = test_http_connect(f->port, 2);
                test_http_send(more, GET_METRICS);
                reply = test_http_receive(more);
                status = reply.status;
        }
}

/* One more than are served waits until there is room. */
static void many_in_all(Fixture *f, gconstpointer data) {
        g_auto(TestReply) reply = { 0 };
        int fds[IN_ALL], more;

        for (unsigned i = 0; i < IN_ALL; i++) {
                fds[i] = test_http_connect(f->port, 10 + i / PER_ADDRESS);
                test_http_send(fds[i], "GET");
        }
        more = test_http_connect(f->port, 100);
        test_http_send(more, GET_METRICS);
        g_assert_false(stirs(more, 200));
        close(fds[0]);
        reply = test_http_receive(more);
        g_assert_cmpint(reply.status, ==, 200);
        for (unsigned i = 1; i < IN_ALL; i++)
                close(fds[i]);
}

/* Whoever waits when it is told to stop hears so. */
static void stop_while_asked(Fixture *f, gconstpointer data) {
        g_auto(TestReply) reply = { 0 };
        int fd = test_http_connect(f->port, 1);

        test_daemon_freeze(f->session.bus);
        test_http_send(fd, GET_METRICS);
        /* It is known to be asking as soon as it answers another one, which came later. */
        test_http_wait_for(f->port, "/", 200, "pi-computed");
        test_exporter_stop(g_steal_pointer(&f->exporter));
        test_daemon_thaw(f->session.bus);
        reply = test_http_receive(fd);
        g_assert_cmpint(reply.status, ==, 503);
        g_assert_nonnull(strstr(reply.body, "stops"));
}

static int listening_socket(guint16 *ret_port) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_no_errno(fd);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &a, sizeof(a)));
        g_assert_no_errno(listen(fd, 16));
        g_assert_no_errno(getsockname(fd, (struct sockaddr *) &a, &size));
        *ret_port = ntohs(a.sin_port);
        return fd;
}

/* As systemd would: the socket is descriptor 3, and only the process itself knows its number. */
static GSubprocess *activate(Fixture *f, int fd) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(f->session.bus,
                                                                G_SUBPROCESS_FLAGS_NONE);
        g_autoptr(GError) error = NULL;
        GSubprocess *exporter;

        g_subprocess_launcher_take_fd(launcher, fcntl(fd, F_DUPFD_CLOEXEC, 10), 3);
        g_subprocess_launcher_setenv(launcher, "LISTEN_FDS", "1", TRUE);
        exporter = g_subprocess_launcher_spawn(launcher, &error, "sh", "-c",
                                               "LISTEN_PID=$$; export LISTEN_PID; exec \"$0\" "
                                               "--user --idle=1", test_exporter_path(), NULL);
        g_assert_no_error(error);
        return exporter;
}

/* Nobody visits, it exits; the next visitor finds it again. */
static void activation(Fixture *f, gconstpointer data) {
        guint16 port;
        int fd = listening_socket(&port);

        for (int round = 0; round < 2; round++) {
                int visitor = test_http_connect(port, 1);
                g_autoptr(GSubprocess) exporter = activate(f, fd);
                g_auto(TestReply) reply = { 0 };

                test_http_send(visitor, GET_METRICS);
                reply = test_http_receive(visitor);
                g_assert_cmpint(reply.status, ==, 200);
                g_assert_nonnull(strstr(reply.body, "\npicompute_up 1\n"));
                g_assert_true(g_subprocess_wait_check(exporter, NULL, NULL));
        }
        close(fd);
}

/* The exit status, and what it says. */
static int run(Fixture *f, const char *argument, char **ret_said) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(f->session.bus,
                                                                G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GError) error = NULL;
        g_autoptr(GSubprocess) process = g_subprocess_launcher_spawn(
                        launcher, &error, test_exporter_path(), "--user", argument, NULL);

        g_assert_no_error(error);
        g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, NULL, ret_said, NULL));
        g_assert_true(g_subprocess_get_if_exited(process));
        return g_subprocess_get_exit_status(process);
}

static void refused(Fixture *f, gconstpointer data) {
        g_autofree char *taken = g_strdup_printf("--listen=127.0.0.1:%u", f->port);
        const struct {
                const char *argument;
                int status;
                const char *says;
        } runs[] = {
                { "--listen=", 2, "127.0.0.1:9314" },
                { "--listen=9314", 2, "--listen=9314" },
                { "--listen=localhost:9314", 2, "127.0.0.1:9314" },
                { "--listen=127.0.0.1:65536", 2, "65536" },
                { "--listen=127.0.0.1:-1", 2, "127.0.0.1:9314" },
                { "--listen=::1:9314", 2, "[::1]:9314" },
                { "--listen=[::1", 2, "[::1]:9314" },
                { "--idle=-5", 2, "0 to 86400" },
                { "--idle=86401", 2, "0 to 86400" },
                { "--system", 2, "not both" },
                { "--frobnicate", 2, "frobnicate" },
                { "word", 2, "word" },
                { "--idle=0", 2, "pi-computed-exporter.socket" },
                { taken, 1, "in use" },
                { "--listen=192.0.2.1:9314", 1, "192.0.2.1:9314" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
                g_autofree char *said = NULL;
                int status = run(f, runs[i].argument, &said);

                g_test_message("%s -> %d %s", runs[i].argument, status, said);
                g_assert_cmpint(status, ==, runs[i].status);
                g_assert_nonnull(strstr(said, runs[i].says));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        if (!test_exporter_path()) {
                puts("1..0 # SKIP the exporter is not built: there is no libmicrohttpd");
                return EXIT_SUCCESS;
        }
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
        TEST("/exporter/metrics", metrics);
        TEST("/exporter/places-and-methods", places_and_methods);
        TEST("/exporter/head", head);
        TEST("/exporter/garbage", garbage);
        TEST("/exporter/service-gone", service_gone);
        TEST("/exporter/service-hangs", service_hangs);
        TEST("/exporter/bus-gone", bus_gone);
        TEST("/exporter/one-question", one_question);
        TEST("/exporter/slow-client", slow_client);
        TEST("/exporter/many-of-one-address", many_of_one_address);
        TEST("/exporter/many-in-all", many_in_all);
        TEST("/exporter/stop-while-asked", stop_while_asked);
        TEST("/exporter/activation", activation);
        TEST("/exporter/refused", refused);
        return g_test_run();
}
