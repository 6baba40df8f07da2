/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/dial.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/error.h"
#include "tests/unit/cluster/ends.h"

typedef struct Dialled {
        guint times;
        int fd;
        GError *error;
} Dialled;

static void on_dialled(int fd, const GError *error, gpointer userdata) {
        Dialled *d = userdata;

        d->times++;
        d->fd = fd;
        d->error = error ? g_error_copy(error) : NULL;
        g_assert_true((fd >= 0) == (error == NULL));
}

/* A socket of the loopback, and "127.0.0.1:PORT"; with a backlog it listens. */
static int socket_at(int backlog, char **ret_address) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, size), ==, 0);
        if (backlog >= 0)
                g_assert_cmpint(listen(fd, backlog), ==, 0);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &size), ==, 0);
        *ret_address = g_strdup_printf("127.0.0.1:%u", ntohs(address.sin_port));
        return fd;
}

static void test_first_that_answers(void) {
        g_autofree char *closed = NULL;
        g_autofree char *open = NULL;
        int a = socket_at(-1, &closed), b = socket_at(1, &open), accepted;
        const char *const addresses[] = { "nonsense", closed, open, "192.0.2.1:1", NULL };
        Dialled d = {};

        (void) pi_dial_new(addresses, on_dialled, &d);
        g_assert_cmpuint(d.times, ==, 0);
        wait_until(d.times);
        g_assert_no_error(d.error);
        accepted = accept4(b, NULL, NULL, SOCK_CLOEXEC);
        g_assert_cmpint(write(d.fd, "x", 1), ==, 1);
        g_assert_cmpint(read(accepted, (char[1]) {}, 1), ==, 1);
        (void) close(accepted);
        (void) close(d.fd);
        (void) close(a);
        (void) close(b);
}

/* Each is named, and why. */
static void test_none_answers(void) {
        g_autofree char *closed = NULL;
        g_autofree char *text = NULL;
        int a = socket_at(-1, &closed);
        const char *const addresses[] = { closed, "node-b", NULL };
        Dialled d = {};

        (void) pi_dial_new(addresses, on_dialled, &d);
        wait_until(d.times);
        text = g_strdup_printf("No connection: %s: Connection refused; node-b: ", closed);
        assert_says(d.error, PI_ERROR, PI_ERROR_FAILED, text);
        g_clear_error(&d.error);
        (void) close(a);
}

static void test_no_address(void) {
        const char *const addresses[] = { NULL };
        Dialled d = {};

        (void) pi_dial_new(addresses, on_dialled, &d);
        wait_until(d.times);
        assert_says(d.error, PI_ERROR, PI_ERROR_FAILED, "no address is known");
        g_clear_error(&d.error);
}

/* Its queue is full: the kernel lets connections wait, as a host does that is off. */
static void test_no_answer(void) {
        g_autofree char *deaf = NULL;
        int a = socket_at(0, &deaf), fill;
        const char *const addresses[] = { deaf, NULL };
        Dialled first = {}, second = {}, d = {};

        (void) pi_dial_new(addresses, on_dialled, &first);
        wait_until(first.times);
        fill = first.fd;
        (void) pi_dial_new(addresses, on_dialled, &second);
        (void) pi_dial_new(addresses, on_dialled, &d);
        wait_until(d.times && second.times);
        assert_says(d.error, PI_ERROR, PI_ERROR_FAILED, "No answer within 3 s");
        g_clear_error(&d.error);
        if (second.error)
                g_clear_error(&second.error);
        else
                (void) close(second.fd);
        (void) close(fill);
        (void) close(a);
}

static void test_cancel(void) {
        g_autofree char *open = NULL;
        int a = socket_at(1, &open);
        const char *const addresses[] = { open, NULL };
        guint fds = count_fds();
        Dialled d = {};
        PiDial *dial;

        pi_dial_cancel(pi_dial_new(addresses, on_dialled, &d));
        dial = pi_dial_new(addresses, on_dialled, &d);
        /* One turn: the connection is under way. */
        g_main_context_iteration(NULL, FALSE);
        g_assert_cmpuint(count_fds(), ==, fds + 1);
        pi_dial_cancel(dial);
        settle();
        g_assert_cmpuint(d.times, ==, 0);
        g_assert_cmpuint(count_fds(), ==, fds);
        (void) close(a);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dial/first-that-answers", test_first_that_answers);
        g_test_add_func("/dial/none-answers", test_none_answers);
        g_test_add_func("/dial/no-address", test_no_address);
        g_test_add_func("/dial/no-answer", test_no_answer);
        g_test_add_func("/dial/cancel", test_cancel);
        return g_test_run();
}
