/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/backlog.h"

static void test_passes(void) {
        g_autoptr(PiBacklog) backlog = pi_backlog_new();

        pi_backlog_passed(backlog, 1);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 0);
        pi_backlog_add(backlog, 1, 10);
        pi_backlog_add(backlog, 2, 20);
        pi_backlog_add(backlog, 5, 40);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 70);
        pi_backlog_passed(backlog, 1);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 60);
        pi_backlog_passed(backlog, 1);
        pi_backlog_passed(backlog, 3);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 60);
        pi_backlog_passed(backlog, 5);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 0);
}

/* Serials begin anew after 2^32 messages. */
static void test_serials_wrap(void) {
        g_autoptr(PiBacklog) backlog = pi_backlog_new();

        pi_backlog_add(backlog, G_MAXUINT32, 1);
        pi_backlog_add(backlog, 1, 2);
        pi_backlog_passed(backlog, G_MAXUINT32);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 2);
        pi_backlog_passed(backlog, 1);
        g_assert_cmpuint(pi_backlog_bytes(backlog), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/backlog/passes", test_passes);
        g_test_add_func("/backlog/serials-wrap", test_serials_wrap);
        return g_test_run();
}
