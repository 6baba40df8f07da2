/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/liveness.h"

#include <unistd.h>

#include "daemon/cluster/link.h"
#include "daemon/cluster/tcp.h"
#include "tests/unit/cluster/ends.h"

typedef struct Watched {
        PiLiveness *liveness;
        int fds[2]; /* ours, and the other side's */
        gboolean answers, unread;
        gboolean ours; /* the bytes of write_some() */
        guint pings, deaths, writes;
        guint64 silent_usec;
} Watched;

static void on_ping(gpointer userdata) {
        Watched *w = userdata;

        w->pings++;
        if (w->answers)
                pi_liveness_answered(w->liveness);
}

static gboolean on_unread(gpointer userdata) {
        return ((Watched *) userdata)->unread;
}

static void on_dead(guint64 silent_usec, gpointer userdata) {
        Watched *w = userdata;

        w->deaths++;
        w->silent_usec = silent_usec;
        g_clear_pointer(&w->liveness, pi_liveness_free);
}

static void begin(Watched *w) {
        PiLivenessHooks hooks = { on_ping, on_unread, on_dead, w };

        *w = (Watched) {};
        tcp_pair(w->fds);
        w->liveness = pi_liveness_new(w->fds[0], &hooks);
}

static void end(Watched *w) {
        g_clear_pointer(&w->liveness, pi_liveness_free);
        (void) close(w->fds[0]);
        (void) close(w->fds[1]);
}

static void test_answers(void) {
        Watched w;

        begin(&w);
        w.answers = TRUE;
        wait_until(w.pings == 3);
        g_assert_cmpuint(w.deaths, ==, 0);
        end(&w);
}

/* One ping is out at most, and what it takes is not less than promised. */
static void test_silent(void) {
        Watched w;

        begin(&w);
        wait_until(w.deaths);
        g_assert_cmpuint(w.pings, ==, 1);
        g_assert_cmpuint(w.silent_usec, >=, PI_LINK_SILENT_USEC);
        end(&w);
}

static gboolean hear(gpointer userdata) {
        Watched *w = userdata;

        pi_liveness_heard(w->liveness);
        w->writes++;
        return G_SOURCE_CONTINUE;
}

/* Who asks need not be asked. */
static void test_asked(void) {
        guint source;
        Watched w;

        begin(&w);
        source = g_timeout_add(500, hear, &w);
        wait_until(w.writes == 10);
        g_assert_cmpuint(w.pings, ==, 0);
        g_assert_cmpuint(w.deaths, ==, 0);
        g_source_remove(source);
        wait_until(w.deaths);
        g_assert_cmpuint(w.pings, ==, 1);
        end(&w);
}

static gboolean stop(gpointer flag) {
        *(gboolean *) flag = FALSE;
        return G_SOURCE_REMOVE;
}

static gboolean write_some(gpointer userdata) {
        Watched *w = userdata;

        g_assert_cmpint(write(w->fds[w->ours ? 0 : 1], "x", 1), ==, 1);
        w->writes++;
        return G_SOURCE_CONTINUE;
}

/* A long answer on a slow path holds up that to the ping. */
static void test_bytes_come(void) {
        guint source;
        Watched w;

        begin(&w);
        source = g_timeout_add(200, write_some, &w);
        wait_until(w.writes == 30);
        g_assert_cmpuint(w.deaths, ==, 0);
        g_source_remove(source);
        wait_until(w.deaths);
        g_assert_cmpuint(w.silent_usec, >, PI_LINK_SILENT_USEC);
        end(&w);
}

/* Bytes that the other kernel takes at once tell nothing of a process that hangs. */
static void test_bytes_go(void) {
        guint source;
        Watched w;

        begin(&w);
        w.ours = TRUE;
        source = g_timeout_add(200, write_some, &w);
        wait_until(w.deaths);
        g_assert_cmpuint(w.writes, >, 0);
        g_assert_cmpuint(w.silent_usec, <, PI_LIVENESS_UNANSWERED_USEC);
        g_source_remove(source);
        end(&w);
}

/* This side is slow: the answer may lie behind what it has not read yet. */
static void test_unread(void) {
        Watched w;

        begin(&w);
        w.unread = TRUE;
        g_timeout_add(6000, stop, &w.unread);
        wait_until(!w.unread);
        g_assert_cmpuint(w.deaths, ==, 0);
        wait_until(w.deaths);
        end(&w);
}

static void test_tcp_counts(void) {
        PiTcpState before, after;
        int fds[2];

        tcp_pair(fds);
        pi_tcp_prepare(fds[0]);
        g_assert_true(pi_tcp_look(fds[0], &before));
        g_assert_cmpuint(before.mtu, >, 0);
        g_assert_cmpint(write(fds[0], "hello", 5), ==, 5);
        g_assert_cmpint(write(fds[1], "hi", 2), ==, 2);
        do
                g_assert_true(pi_tcp_look(fds[0], &after));
        while (after.bytes_received == before.bytes_received ||
               after.bytes_acked == before.bytes_acked);
        g_assert_cmpuint(after.bytes_received - before.bytes_received, ==, 2);
        g_assert_cmpuint(after.bytes_acked - before.bytes_acked, ==, 5);
        (void) close(fds[0]);
        (void) close(fds[1]);
        g_assert_false(pi_tcp_look(fds[0], &after));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/liveness/answers", test_answers);
        g_test_add_func("/liveness/silent", test_silent);
        g_test_add_func("/liveness/asked", test_asked);
        g_test_add_func("/liveness/bytes-come", test_bytes_come);
        g_test_add_func("/liveness/bytes-go", test_bytes_go);
        g_test_add_func("/liveness/unread", test_unread);
        g_test_add_func("/liveness/tcp-counts", test_tcp_counts);
        return g_test_run();
}
