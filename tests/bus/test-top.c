/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/bus/harness.h"

/* pictl top on a terminal of its own. */

#define RMCUP "\033[?1049l"
#define CONTROL(letter) ((char) ((letter) & 0x1f))

typedef struct Terminal {
        int fd;
        pid_t pid;
        GString *seen; /* what was written to it since it was last cleared */
} Terminal;

/* `environment`: assignments with blanks between them. */
static Terminal open_top(TestSession *f, unsigned columns, unsigned rows, const char *environment) {
        struct winsize size = { .ws_col = (unsigned short) columns,
                                .ws_row = (unsigned short) rows };
        g_auto(GStrv) settings = g_strsplit(environment, " ", 0), all = g_get_environ();
        const char *pictl = g_getenv("PI_PICTL");
        Terminal t = { .seen = g_string_new(NULL) };

        all = g_environ_unsetenv(all, "LINES");
        all = g_environ_unsetenv(all, "COLUMNS");
        all = g_environ_unsetenv(all, "NO_COLOR");
        all = g_environ_setenv(all, "LC_ALL", "C.UTF-8", TRUE);
        all = g_environ_setenv(all, "DBUS_SESSION_BUS_ADDRESS", f->bus->address, TRUE);
        for (char **s = settings; *s; s++) {
                g_auto(GStrv) pair = g_strsplit(*s, "=", 2);
                all = g_environ_setenv(all, pair[0], pair[1], TRUE);
        }
        t.pid = forkpty(&t.fd, NULL, NULL, &size);
        g_assert_cmpint(t.pid, >=, 0);
        if (t.pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                execle(pictl, pictl, "--user", "top", (char *) NULL, all);
                _exit(127);
        }
        return t;
}

/* FALSE at the end of what is written. */
static gboolean read_more(Terminal *t) {
        char text[4096];
        ssize_t n;

        do
                n = read(t->fd, text, sizeof(text));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return FALSE;
        g_string_append_len(t->seen, text, n);
        return TRUE;
}

static void wait_for(Terminal *t, const char *text) {
        while (!strstr(t->seen->str, text))
                if (!read_more(t))
                        g_error("it ended without \"%s\":\n%s", text, t->seen->str);
}

static void type(Terminal *t, char key) {
        g_assert_cmpint(write(t->fd, &key, 1), ==, 1);
}

/* Its exit status, or 128 and the signal that killed it. */
static int close_top(Terminal *t) {
        g_autofree char *seen = NULL;
        int status;

        while (read_more(t))
                ;
        g_assert_cmpint(waitpid(t->pid, &status, 0), ==, t->pid);
        close(t->fd);
        seen = g_strescape(t->seen->str, "\"");
        g_test_message("%s", seen);
        g_string_free(t->seen, TRUE);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads to the end, which is the terminal as it was before. */
static void assert_restored(Terminal *t) {
        struct termios modes;

        while (read_more(t))
                ;
        if (!strstr(t->seen->str, RMCUP))
                g_error("the terminal is left as it was in use: %s", t->seen->str);
        if (tcgetattr(t->fd, &modes) < 0)
                return; /* the other side is closed, and its modes with it */
        g_assert_cmpuint(modes.c_lflag & (ICANON | ECHO | ISIG), ==, ICANON | ECHO | ISIG);
}

static void shows(TestSession *f, gconstpointer data) {
        Terminal t = open_top(f, 100, 30, "TERM=xterm-256color");
        struct winsize narrow = { .ws_col = 40, .ws_row = 12 };
        g_autofree char *job = NULL;

        wait_for(&t, "0 running, 0 queued");
        wait_for(&t, "CORES");
        wait_for(&t, "Efficiency");
        g_assert_null(test_submit(f->client, UINT64_C(10000000000000000),
                                  "{'label': <'night run'>}", &job));
        wait_for(&t, "night run");
        wait_for(&t, "Gterm/s"); /* its rate, at the second look */
        g_string_truncate(t.seen, 0);
        g_assert_no_errno(ioctl(t.fd, TIOCSWINSZ, &narrow));
        wait_for(&t, "pictl top");
        wait_for(&t, "1 running, 0 queued");
        /* Nothing is written right of the new edge. */
        g_assert_null(strstr(t.seen->str, "the user bus"));
        type(&t, 'q');
        assert_restored(&t);
        g_assert_cmpint(close_top(&t), ==, 0);
}

static const struct {
        const char *name;
        char key; /* or 0 */
        int signal, status;
} ends[] = {
        { "Esc", 27, 0, 0 },
        { "Ctrl-C", CONTROL('C'), 0, 0 },
        { "SIGTERM", 0, SIGTERM, 143 },
        { "SIGHUP", 0, SIGHUP, 129 },
};

static void quits(TestSession *f, gconstpointer data) {
        for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
                Terminal t = open_top(f, 80, 24, "TERM=xterm");

                g_test_message("%s", ends[i].name);
                wait_for(&t, "Submission");
                if (ends[i].key)
                        type(&t, ends[i].key);
                else
                        g_assert_no_errno(kill(t.pid, ends[i].signal));
                assert_restored(&t);
                g_assert_cmpint(close_top(&t), ==, ends[i].status);
        }
}

/* The smallest window, a terminal without colours, a locale without characters. */
static void plain(TestSession *f, gconstpointer data) {
        g_autofree char *job = NULL;
        Terminal t;

        /* Before: of what changes only the new characters are written. */
        g_assert_null(test_submit(f->client, UINT64_C(10000000000000000), NULL, &job));
        t = open_top(f, 40, 10, "TERM=vt100 LC_ALL=C NO_COLOR=1");
        wait_for(&t, "pictl top");
        wait_for(&t, "1 running");
        type(&t, 'q');
        while (read_more(&t))
                ;
        for (gsize i = 0; i < t.seen->len; i++)
                g_assert_cmpint(t.seen->str[i] & 0x80, ==, 0);
        g_assert_null(strstr(t.seen->str, "\033[3"));
        g_assert_cmpint(close_top(&t), ==, 0);
}

static gboolean is_on_bus(sd_bus *client) {
        return sd_bus_get_name_creds(client, PI_BUS_NAME, 0, NULL) >= 0;
}

/* The service is killed and comes back; whoever watches does not start it. */
static void restarts(TestSession *f, gconstpointer data) {
        Terminal t = open_top(f, 120, 24, "TERM=xterm");

        wait_for(&t, "Submission");
        test_daemon_kill(f->bus);
        wait_for(&t, "No service for");
        wait_for(&t, "systemctl --user start");
        /* It has asked again. */
        for (gsize times = 0; times < 3; times++) {
                g_string_truncate(t.seen, 0);
                g_assert_true(read_more(&t));
        }
        g_assert_false(is_on_bus(f->client));
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
        do {
                g_string_truncate(t.seen, 0);
                type(&t, CONTROL('L'));
                wait_for(&t, "CORES");
        } while (strstr(t.seen->str, "No service for"));
        type(&t, 'q');
        assert_restored(&t);
        g_assert_cmpint(close_top(&t), ==, 0);
}

/* An error to be read, on a terminal that was left alone. */
static void unknown_terminal(TestSession *f, gconstpointer data) {
        static const struct {
                const char *environment, *says;
        } cases[] = {
                { "TERM=dumb", "pictl jobs" },
                { "TERM=no-such-terminal", "'no-such-terminal' is unknown" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                Terminal t = open_top(f, 80, 24, cases[i].environment);

                wait_for(&t, cases[i].says);
                g_assert_null(strchr(t.seen->str, '\033'));
                g_assert_cmpint(close_top(&t), ==, 1);
        }
}

static void no_terminal(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GSubprocess) process = NULL;
        g_autofree char *out = NULL, *err = NULL;

        process = g_subprocess_launcher_spawn(launcher, NULL, g_getenv("PI_PICTL"), "--user", "top",
                                              NULL);
        g_assert_nonnull(process);
        g_subprocess_communicate_utf8(process, NULL, NULL, &out, &err, NULL);
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
        g_assert_cmpstr(out, ==, "");
        g_assert_nonnull(strstr(err, "pictl jobs and pictl metrics"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, test_session_set_up, function, test_session_tear_down)
        TEST("/top/shows", shows);
        TEST("/top/quits", quits);
        TEST("/top/plain", plain);
        TEST("/top/restarts", restarts);
        TEST("/top/unknown-terminal", unknown_terminal);
        TEST("/top/no-terminal", no_terminal);
        return g_test_run();
}
