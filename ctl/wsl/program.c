/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/text.h"
#include "dbus/error.h"

#define SAID_BYTES_MAX 8192
#define SAID_SHOWN_MAX 300
#define NAME_SHOWN_MAX 200
#define WAIT_STEP_USEC 5000

/* A program that runs. */
typedef struct Child {
        char *name; /* to print */
        GPid pid;
        int fds[2]; /* standard output and error, -1 when they are done */
        GString *texts[2];
        gint64 deadline;
        guint seconds;
} Child;

static void child_clear(Child *child) {
        for (int i = 0; i < 2; i++) {
                if (child->fds[i] >= 0)
                        close(child->fds[i]);
                g_string_free(child->texts[i], TRUE);
        }
        if (child->pid > 0) {
                kill(child->pid, SIGKILL);
                while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        g_free(child->name);
}

static void set_late(const Child *child, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s did not end within %u s and was killed; try again, and restart WSL if that "
                    "does not help", child->name, child->seconds);
}

static void set_lost(const Child *child, const char *call, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s was started, and what became of it cannot be told: %s: %s", child->name,
                    call, g_strerror(errno));
}

/* FALSE with an error; what comes on the standard error output beyond its limit is dropped. */
static gboolean take(Child *child, int i, GError **error) {
        char buffer[4096];
        ssize_t n = read(child->fds[i], buffer, sizeof(buffer));
        GString *text = child->texts[i];

        if (n < 0 && errno == EINTR)
                return TRUE;
        if (n <= 0) {
                close(child->fds[i]);
                child->fds[i] = -1;
        } else if (i == 0 && text->len + (gsize) n > PI_PROGRAM_OUTPUT_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s printed more than %d bytes and was killed", child->name,
                            PI_PROGRAM_OUTPUT_MAX);
                return FALSE;
        } else if (i == 0 || text->len < SAID_BYTES_MAX)
                g_string_append_len(text, buffer, n);
        return TRUE;
}

static gboolean read_all(Child *child, GError **error) {
        while (child->fds[0] >= 0 || child->fds[1] >= 0) {
                struct pollfd p[2] = { { child->fds[0], POLLIN, 0 }, { child->fds[1], POLLIN, 0 } };
                gint64 left = child->deadline - g_get_monotonic_time();

                if (left <= 0) {
                        set_late(child, error);
                        return FALSE;
                }
                if (poll(p, 2, (int) (left / 1000) + 1) < 0) {
                        if (errno == EINTR)
                                continue;
                        set_lost(child, "poll", error);
                        return FALSE;
                }
                for (int i = 0; i < 2; i++)
                        if (child->fds[i] >= 0 && p[i].revents != 0 && !take(child, i, error))
                                return FALSE;
        }
        return TRUE;
}

/* A program may close its output and go on. */
static gboolean wait_for(Child *child, int *ret_status, GError **error) {
        for (;;) {
                pid_t pid = waitpid(child->pid, ret_status, WNOHANG);

                if (pid == child->pid) {
                        child->pid = 0;
                        return TRUE;
                }
                /* Somebody else has waited for it: the number may be another program's by now. */
                if (pid < 0 && errno != EINTR) {
                        child->pid = 0;
                        set_lost(child, "waitpid", error);
                        return FALSE;
                }
                if (g_get_monotonic_time() >= child->deadline) {
                        set_late(child, error);
                        return FALSE;
                }
                g_usleep(WAIT_STEP_USEC);
        }
}

/* One line, safe to print. */
static char *shown(const GString *text) {
        g_autofree char *copy = g_strndup(text->str, text->len);

        for (char *p = copy; *p; p++)
                if (*p == '\r' || *p == '\n')
                        *p = ' ';
        return pi_text_escape(g_strstrip(copy), FALSE, SAID_SHOWN_MAX);
}

static void set_failed(const Child *child, int status, GError **error) {
        g_autofree char *said = shown(child->texts[1]->len > 0 ? child->texts[1]
                                                               : child->texts[0]);

        if (WIFEXITED(status))
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s ended with status %d; it says: %s", child->name,
                            WEXITSTATUS(status), said[0] ? said : "nothing");
        else
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s was killed by signal %d",
                            child->name, WTERMSIG(status));
}

static char *clean(const Child *child, GError **error) {
        const GString *text = child->texts[0];
        GString *out = g_string_sized_new(text->len);
        gsize from = g_str_has_prefix(text->str, "\xef\xbb\xbf") ? 3 : 0;

        if (!g_utf8_validate(text->str, (gssize) text->len, NULL)) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s printed what is no UTF-8 text",
                            child->name);
                return g_string_free(out, TRUE);
        }
        for (gsize i = from; i < text->len; i++)
                if (text->str[i] != '\r')
                        g_string_append_c(out, text->str[i]);
        return g_string_free(out, FALSE);
}

char *pi_program_run(const char *const *argv, const char *folder, guint seconds, GError **error) {
        Child child = { .name = pi_text_escape(argv[0], FALSE, NAME_SHOWN_MAX),
                        .fds = { -1, -1 },
                        .texts = { g_string_new(NULL), g_string_new(NULL) },
                        .deadline = g_get_monotonic_time() + (gint64) seconds * G_USEC_PER_SEC,
                        .seconds = seconds };
        g_autoptr(GError) local = NULL;
        char *out = NULL;
        int status = 0;

        if (!g_spawn_async_with_pipes(folder, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                      NULL, &child.pid, NULL, &child.fds[0], &child.fds[1],
                                      &local)) {
                child.pid = 0;
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s could not be started: %s",
                            child.name, local->message);
        } else if (read_all(&child, error) && wait_for(&child, &status, error)) {
                if (status != 0)
                        set_failed(&child, status, error);
                else
                        out = clean(&child, error);
        }
        child_clear(&child);
        return out;
}
