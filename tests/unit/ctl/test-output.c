/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dbus/error.h"

static PiOutput output(int fd) {
        return (PiOutput) { .text = g_string_new(NULL), .terminal = { .fd = fd }, .pager = TRUE };
}

static void test_written(void) {
        int fds[2];
        char read_back[32] = {};
        PiOutput out;

        g_assert_cmpint(pipe(fds), ==, 0);
        out = output(fds[1]);
        pi_output_printf(&out, "%d, ", 5);
        pi_output_style(&out, PI_STYLE_BAD, "bad\n");
        g_assert_true(pi_output_finish(&out, NULL));
        g_assert_cmpint(read(fds[0], read_back, sizeof(read_back)), ==, 7);
        g_assert_cmpstr(read_back, ==, "5, bad\n");
        pi_output_clear(&out);
        close(fds[0]);
        close(fds[1]);
}

static void test_write_errors(void) {
        g_autoptr(GError) full = NULL, closed = NULL;
        int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        PiOutput out = output(fd);

        if (fd < 0) {
                g_test_skip("no /dev/full on this machine");
                pi_output_clear(&out);
                return;
        }
        pi_output_printf(&out, "x");
        g_assert_false(pi_output_finish(&out, &full));
        g_assert_error(full, PI_ERROR, PI_ERROR_FAILED);
        close(fd);
        pi_output_printf(&out, "x");
        g_assert_false(pi_output_flush(&out, &closed));
        g_assert_error(closed, PI_ERROR, PI_ERROR_FAILED);
        pi_output_clear(&out);
}

/* Nothing to write is no error, wherever to. */
static void test_nothing(void) {
        PiOutput out = output(-1);

        g_assert_true(pi_output_finish(&out, NULL));
        pi_output_clear(&out);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/output/written", test_written);
        g_test_add_func("/ctl/output/write-errors", test_write_errors);
        g_test_add_func("/ctl/output/nothing", test_nothing);
        return g_test_run();
}
