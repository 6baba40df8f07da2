/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/exporter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLL_USEC 20000
#define ANSWER_MAX (4 * 1024 * 1024)
#define GREETING "listening on 127.0.0.1:"

const char *test_exporter_path(void) {
        const char *path = g_getenv("PI_EXPORTER");

        return path && path[0] ? path : NULL;
}

GSubprocess *test_exporter_start(TestBus *bus, const char *const *arguments, guint16 *ret_port) {
        g_autoptr(GSubprocessLauncher) launcher =
                        test_launcher(bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_autoptr(GDataInputStream) out = NULL;
        g_autofree char *line = NULL;
        g_autoptr(GError) error = NULL;
        GSubprocess *exporter;

        g_ptr_array_add(argv, (gpointer) test_exporter_path());
        g_ptr_array_add(argv, (gpointer) "--user");
        g_ptr_array_add(argv, (gpointer) "--listen=127.0.0.1:0");
        for (; arguments && *arguments; arguments++)
                g_ptr_array_add(argv, (gpointer) *arguments);
        g_ptr_array_add(argv, NULL);
        exporter = g_subprocess_launcher_spawnv(launcher, (const char *const *) argv->pdata,
                                                &error);
        g_assert_no_error(error);
        out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(exporter));
        line = g_data_input_stream_read_line(out, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(line);
        g_assert_true(g_str_has_prefix(line, GREETING));
        *ret_port = (guint16) atoi(line + strlen(GREETING));
        g_assert_cmpuint(*ret_port, >, 0);
        return exporter;
}

void test_exporter_stop(GSubprocess *exporter) {
        g_subprocess_send_signal(exporter, SIGTERM);
        g_assert_true(g_subprocess_wait_check(exporter, NULL, NULL));
        g_object_unref(exporter);
}

int test_http_connect(guint16 port, unsigned host) {
        struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(port);
        g_assert_no_errno(fd);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &from, sizeof(from)));
        g_assert_no_errno(connect(fd, (struct sockaddr *) &to, sizeof(to)));
        return fd;
}

/* A server that closed the connection is for test_http_receive() to see. */
void test_http_send(int fd, const char *text) {
        size_t length = strlen(text);

        while (length > 0) {
                ssize_t n = send(fd, text, length, MSG_NOSIGNAL);

                if (n < 0) {
                        g_assert_true(errno == EPIPE || errno == ECONNRESET);
                        return;
                }
                text += n;
                length -= (size_t) n;
        }
}

void test_reply_clear(TestReply *reply) {
        g_clear_pointer(&reply->head, g_free);
        g_clear_pointer(&reply->body, g_free);
}

TestReply test_http_receive(int fd) {
        g_autoptr(GString) all = g_string_new(NULL);
        TestReply reply = { 0 };
        char buffer[65536];
        const char *end;
        ssize_t n;

        while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
                g_string_append_len(all, buffer, n);
                g_assert_cmpuint(all->len, <, ANSWER_MAX);
        }
        g_assert_true(n == 0 || errno == ECONNRESET);
        close(fd);
        end = strstr(all->str, "\r\n\r\n");
        if (!end)
                return reply;
        g_assert_true(g_str_has_prefix(all->str, "HTTP/1.1 "));
        reply.status = atoi(all->str + strlen("HTTP/1.1 "));
        reply.head = g_strndup(all->str, (gsize) (end + 2 - all->str));
        reply.body = g_strdup(end + 4);
        return reply;
}

TestReply test_http(guint16 port, const char *method, const char *place, const char *more) {
        g_autofree char *request = g_strdup_printf("%s %s HTTP/1.1\r\nHost: test\r\n"
                                                   "Connection: close\r\n%s\r\n",
                                                   method, place, more ? more : "");
        int fd = test_http_connect(port, 1);

        test_http_send(fd, request);
        return test_http_receive(fd);
}

void test_http_wait_for(guint16 port, const char *place, int status, const char *text) {
        for (;;) {
                g_auto(TestReply) reply = test_http(port, "GET", place, NULL);

                if (reply.status == status && strstr(reply.body, text))
                        return;
                g_usleep(POLL_USEC);
        }
}
