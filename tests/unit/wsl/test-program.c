/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "dbus/error.h"

static void expect(const char *script, guint seconds, const char *wanted, const char *words) {
        const char *argv[] = { "/bin/sh", "-c", script, NULL };
        g_autoptr(GError) error = NULL;
        g_autofree char *text = pi_program_run(argv, "/", seconds, &error);

        g_assert_cmpstr(text, ==, wanted);
        if (wanted) {
                g_assert_no_error(error);
                return;
        }
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_test_message("%s", error->message);
        g_assert_true(g_str_has_prefix(error->message, "/bin/sh "));
        g_assert_nonnull(strstr(error->message, words));
}

static void test_text(void) {
        expect("printf '\\357\\273\\277a\\r\\nb\\r\\n'", 60, "a\nb\n", NULL);
        expect("pwd; read x || echo none", 60, "/\nnone\n", NULL);
        expect("echo quiet >&2", 60, "", NULL);
}

static void test_failed(void) {
        expect("printf 'no\\r\\n\\033[2Jway' >&2; exit 3", 60, NULL,
               "ended with status 3; it says: no  \\x1b[2Jway");
        expect("kill -9 $$", 60, NULL, "killed by signal 9");
        expect("printf '\\377\\376W'", 60, NULL, "no UTF-8");
        expect("exec 1>&- 2>&-; exit 4", 60, NULL, "status 4; it says: nothing");
}

/* Neither one that hangs, nor one that closed its output first, nor an endless one. */
static void test_limits(void) {
        expect("exec sleep 1000", 1, NULL, "did not end within 1 s");
        expect("exec 1>&- 2>&-; exec sleep 1000", 1, NULL, "did not end within 1 s");
        expect("exec yes", 60, NULL, "more than 1048576 bytes");
        expect("head -c 100000 /dev/zero | tr '\\000' x >&2; echo ok", 60, "ok\n", NULL);
}

static void test_missing(void) {
        const char *argv[] = { "/nowhere/powershell.exe", NULL };
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_program_run(argv, NULL, 60, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "/nowhere/powershell.exe could not be started"));
}

/* Nobody can wait for a child then, and there is nothing to kill. */
static void test_ignored(void) {
        gint64 before = g_get_monotonic_time();
        struct sigaction ignore = { .sa_handler = SIG_IGN }, old;

        g_assert_cmpint(sigaction(SIGCHLD, &ignore, &old), ==, 0);
        expect("echo x", 3600, NULL, "cannot be told: waitpid: ");
        g_assert_cmpint(sigaction(SIGCHLD, &old, NULL), ==, 0);
        g_assert_cmpint(g_get_monotonic_time() - before, <, (gint64) 1800 * G_USEC_PER_SEC);
}

static int poll_errno;

int poll(struct pollfd *fds, nfds_t n, int msec) {
        struct timespec time = { msec / 1000, (msec % 1000) * 1000000L };

        if (poll_errno == 0)
                return ppoll(fds, n, msec < 0 ? NULL : &time, NULL);
        errno = poll_errno;
        return -1;
}

static void test_poll(void) {
        poll_errno = ENOMEM;
        expect("echo x", 60, NULL, "cannot be told: poll: ");
        poll_errno = 0;
        expect("echo x", 60, "x\n", NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/program/text", test_text);
        g_test_add_func("/wsl/program/failed", test_failed);
        g_test_add_func("/wsl/program/limits", test_limits);
        g_test_add_func("/wsl/program/missing", test_missing);
        g_test_add_func("/wsl/program/ignored", test_ignored);
        g_test_add_func("/wsl/program/poll", test_poll);
        return g_test_run();
}
