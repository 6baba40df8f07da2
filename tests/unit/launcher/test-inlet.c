/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/inlet.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8

typedef struct Heard {
        GString *text; /* "line|cut~|" */
        gboolean ended;
} Heard;

static void on_line(const char *text, gsize length, gboolean is_cut, gpointer userdata) {
        Heard *heard = userdata;

        g_assert_cmpuint(strlen(text), ==, length);
        g_string_append_printf(heard->text, "%s%s|", text, is_cut ? "~" : "");
}

static void on_end(gpointer userdata) {
        Heard *heard = userdata;

        heard->ended = TRUE;
}

static const PiInletOps ops = { on_line, on_end };

/* Writes the pieces, each read before the next, and compares what was heard at the end. */
static void hears(const char *const *pieces, const char *wanted) {
        Heard heard = { .text = g_string_new(NULL) };
        g_autoptr(PiInlet) inlet = NULL;
        int fds[2];

        g_assert_no_errno(pipe2(fds, O_CLOEXEC));
        inlet = pi_inlet_new(fds[0], LINE_MAX_BYTES, &ops, &heard);
        for (; *pieces; pieces++) {
                g_assert_cmpint(write(fds[1], *pieces, strlen(*pieces)), ==, strlen(*pieces));
                g_main_context_iteration(NULL, TRUE);
        }
        g_assert_false(heard.ended);
        g_close(fds[1], NULL);
        while (!heard.ended)
                g_main_context_iteration(NULL, TRUE);
        g_assert_true(pi_inlet_has_ended(inlet));
        g_assert_cmpstr(heard.text->str, ==, wanted);
        g_string_free(heard.text, TRUE);
}

static void test_lines(void) {
        hears((const char *const[]) { "a\nbc\n\nd", "e\n", NULL }, "a|bc||de|");
        hears((const char *const[]) { "a\nb", NULL }, "a|b|");
        hears((const char *const[]) { NULL }, "");
}

static void test_cut(void) {
        hears((const char *const[]) { "12345678\n123456789\nx\n", NULL }, "12345678|12345678~|x|");
        hears((const char *const[]) { "12345", "6789", "abc", "d\nx", NULL }, "12345678~|x|");
        hears((const char *const[]) { "123456789", NULL }, "12345678~|");
}

static void test_pause(void) {
        Heard heard = { .text = g_string_new(NULL) };
        g_autoptr(PiInlet) inlet = NULL;
        int fds[2];

        g_assert_no_errno(pipe2(fds, O_CLOEXEC));
        inlet = pi_inlet_new(fds[0], LINE_MAX_BYTES, &ops, &heard);
        pi_inlet_pause(inlet, TRUE);
        g_assert_cmpint(write(fds[1], "a\n", 2), ==, 2);
        g_assert_false(g_main_context_pending(NULL));
        pi_inlet_pause(inlet, FALSE);
        g_main_context_iteration(NULL, TRUE);
        g_assert_cmpstr(heard.text->str, ==, "a|");
        g_close(fds[1], NULL);
        g_string_free(heard.text, TRUE);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/launcher/inlet/lines", test_lines);
        g_test_add_func("/launcher/inlet/cut", test_cut);
        g_test_add_func("/launcher/inlet/pause", test_pause);
        return g_test_run();
}
