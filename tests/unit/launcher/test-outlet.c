/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/outlet.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MUCH (1 << 20) /* more than a pipe holds */

typedef struct Heard {
        guint drained, broken;
} Heard;

static void on_drained(gpointer userdata) {
        Heard *heard = userdata;

        heard->drained++;
}

static void on_broken(gpointer userdata) {
        Heard *heard = userdata;

        heard->broken++;
}

static const PiOutletOps ops = { on_drained, on_broken };

static void test_much(void) {
        g_autofree char *sent = g_malloc(MUCH), *got = g_malloc(MUCH);
        g_autoptr(PiOutlet) outlet = NULL;
        Heard heard = {};
        int fds[2];

        for (gsize i = 0; i < MUCH; i++)
                sent[i] = (char) (i % 251);
        g_assert_no_errno(pipe2(fds, O_CLOEXEC));
        outlet = pi_outlet_new(fds[1], &ops, &heard);
        g_assert_true(pi_outlet_put(outlet, sent, MUCH / 2));
        g_assert_true(pi_outlet_put(outlet, sent + MUCH / 2, MUCH / 2));
        g_assert_cmpuint(pi_outlet_backlog(outlet), ==, MUCH);
        for (gsize at = 0; at < MUCH;) {
                ssize_t n;

                while (g_main_context_iteration(NULL, FALSE))
                        ;
                n = read(fds[0], got + at, MUCH - at);
                g_assert_cmpint(n, >, 0);
                at += (gsize) n;
        }
        while (heard.drained == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpmem(got, MUCH, sent, MUCH);
        g_assert_cmpuint(pi_outlet_backlog(outlet), ==, 0);
        g_assert_cmpuint(heard.drained, ==, 1);
        g_close(fds[0], NULL);
}

static void test_broken(void) {
        g_autoptr(PiOutlet) outlet = NULL;
        Heard heard = {};
        int fds[2];

        g_assert_no_errno(pipe2(fds, O_CLOEXEC));
        outlet = pi_outlet_new(fds[1], &ops, &heard);
        g_close(fds[0], NULL);
        g_assert_true(pi_outlet_put(outlet, "x", 1));
        while (heard.broken == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_false(pi_outlet_put(outlet, "x", 1));
        g_assert_cmpuint(pi_outlet_backlog(outlet), ==, 0);
        g_assert_cmpuint(heard.drained, ==, 0);
        pi_outlet_close(outlet);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        signal(SIGPIPE, SIG_IGN);
        g_test_add_func("/launcher/outlet/much", test_much);
        g_test_add_func("/launcher/outlet/broken", test_broken);
        return g_test_run();
}
