/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/host.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/firewall/sockets.h"

/* A line of /proc/net/tcp: who listens or talks where, whose it is, and its inode. */
#define LINE(addresses, state, owner_and_inode)                                               \
        "   0: " addresses " " state " 00000000:00000000 00:00000000 00000000 "               \
        owner_and_inode " 1 0000000000000000 100 0 0 10 0\n"

static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        LINE("0100007F:7AB7 00000000:0000", "0A", "  998        0 4242")
        LINE("00000000:0016 00000000:0000", "0A", "    0        0 17")
        LINE("0100007F:7AB7 0100007F:D431", "01", "  998        0 4243")
        LINE("0100007F:D431 0100007F:7AB7", "0A", " 1000        0 4244");
static const char table6[] =
        LINE("00000000000000000000000000000000:7AB7 00000000000000000000000000000000:0000", "0A",
             "  998        0 4711");

static GArray *parse(const char *text) {
        GArray *sockets = g_array_new(FALSE, FALSE, sizeof(PiListening));

        pi_listening_parse(text, 31415, sockets);
        return sockets;
}

static void test_listening(void) {
        g_autoptr(GArray) four = parse(table), six = parse(table6), none = parse("");
        g_autoptr(GString) nonsense = g_string_new("   0: 0100007F:7AB7 \n\n:::\n0:");

        g_assert_cmpuint(four->len, ==, 1);
        g_assert_cmpuint(g_array_index(four, PiListening, 0).uid, ==, 998);
        g_assert_cmpuint(g_array_index(four, PiListening, 0).inode, ==, 4242);
        g_assert_cmpuint(six->len, ==, 1);
        g_assert_cmpuint(g_array_index(six, PiListening, 0).inode, ==, 4711);
        g_assert_cmpuint(none->len, ==, 0);
        for (guint i = 0; i < 10000; i++)
                g_string_append_c(nonsense, 'F');
        g_array_unref(none);
        none = parse(nonsense->str);
        g_assert_cmpuint(none->len, ==, 0);
}

static int listen_somewhere(guint16 *ret_port) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_no_errno(fd);
        g_assert_no_errno(bind(fd, (const struct sockaddr *) &address, length));
        g_assert_no_errno(listen(fd, 1));
        g_assert_no_errno(getsockname(fd, (struct sockaddr *) &address, &length));
        *ret_port = ntohs(address.sin_port);
        return fd;
}

/* This program itself, as the service and as somebody else. */
static void test_listener(void) {
        g_autofree char *program = g_strdup(""), *own = NULL;
        PiListener listener;
        guint16 port;
        int fd = listen_somewhere(&port);

        pi_listener_find(port, getuid(), getpid(), &listener, &program);
        g_assert_cmpint(listener, ==, PI_LISTENER_SERVICE);
        pi_listener_find(port, getuid() + 1, 1, &listener, &program);
        g_assert_cmpint(listener, ==, PI_LISTENER_OTHER);
        /* Not its name under valgrind. */
        g_assert_true(g_file_get_contents("/proc/self/comm", &own, NULL, NULL));
        g_assert_cmpstr(program, ==, g_strchomp(own));
        g_assert_no_errno(close(fd));
        pi_listener_find(port, getuid(), getpid(), &listener, &program);
        g_assert_cmpint(listener, ==, PI_LISTENER_NONE);
}

static void test_ufw(void) {
        g_assert_true(pi_host_ufw_is_on("# comment\nENABLED=yes\nLOGLEVEL=low\n"));
        g_assert_true(pi_host_ufw_is_on("ENABLED=\"yes\"\n"));
        g_assert_false(pi_host_ufw_is_on("# ENABLED=yes\nENABLED=no\n"));
        g_assert_false(pi_host_ufw_is_on("ENABLED=yesterday"));
        g_assert_false(pi_host_ufw_is_on(""));
}

static void test_flushes(void) {
        g_assert_true(pi_host_flushes("#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet a {}\n"));
        g_assert_true(pi_host_flushes("  flush\truleset inet"));
        g_assert_true(pi_host_flushes("table inet a; flush ruleset\n"));
        g_assert_false(pi_host_flushes("# flush ruleset\nflush table inet a\n"));
        g_assert_false(pi_host_flushes("table inet a { comment \"x; flush ruleset\"\n"));
        g_assert_false(pi_host_flushes("flush rulesets"));
}

static void test_legacy(void) {
        g_autofree char *two = pi_host_legacy_tables("nat\nfilter\n");
        g_autofree char *none = pi_host_legacy_tables("");

        g_assert_cmpstr(two, ==, "nat filter");
        g_assert_cmpstr(none, ==, "");
}

static void test_read(void) {
        g_autofree char *dir = g_dir_make_tmp("pi-test-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(dir, "file", NULL), *text = NULL;

        g_assert_null(pi_host_read(path, 100));
        g_assert_null(pi_host_read(dir, 100));
        g_assert_true(g_file_set_contents(path, "0123456789", -1, NULL));
        text = pi_host_read(path, 4);
        g_assert_cmpstr(text, ==, "0123");
        g_assert_no_errno(g_unlink(path));
        g_assert_no_errno(g_rmdir(dir));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/firewall/host/listening", test_listening);
        g_test_add_func("/ctl/firewall/host/listener", test_listener);
        g_test_add_func("/ctl/firewall/host/ufw", test_ufw);
        g_test_add_func("/ctl/firewall/host/flushes", test_flushes);
        g_test_add_func("/ctl/firewall/host/legacy", test_legacy);
        g_test_add_func("/ctl/firewall/host/read", test_read);
        return g_test_run();
}
