/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pager.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Another user's environment must not choose what root runs. */
static gboolean environment_is_ours(void) {
        return geteuid() == getuid() && getegid() == getgid() && !g_getenv("SUDO_UID");
}

static char **pager_environment(gboolean utf8) {
        char **environment = g_get_environ();

        /* Leave short text on the screen, keep colours, end with Ctrl-C. */
        if (!environment_is_ours() || !g_getenv("LESS"))
                environment = g_environ_setenv(environment, "LESS", "FRSXMK", TRUE);
        environment = g_environ_setenv(environment, "LESSSECURE", "1", TRUE);
        return g_environ_setenv(environment, "LESSCHARSET", utf8 ? "utf-8" : "ascii", FALSE);
}

static gboolean start(char **argv, gboolean utf8, GPid *ret_pid, int *ret_fd) {
        g_auto(GStrv) environment = pager_environment(utf8);

        return g_spawn_async_with_pipes(NULL, argv, environment,
                                        G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                        ret_pid, ret_fd, NULL, NULL, NULL);
}

static gboolean start_any(gboolean utf8, GPid *ret_pid, int *ret_fd) {
        static const char *const fallbacks[] = { "less", "more" };
        const char *wanted = environment_is_ours() ? g_getenv("PAGER") : NULL;
        g_auto(GStrv) argv = NULL;

        if (wanted) {
                if (!g_shell_parse_argv(wanted, NULL, &argv, NULL) || strcmp(argv[0], "cat") == 0)
                        return FALSE;
                if (start(argv, utf8, ret_pid, ret_fd))
                        return TRUE;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(fallbacks); i++) {
                char *fallback[] = { (char *) fallbacks[i], NULL };

                if (start(fallback, utf8, ret_pid, ret_fd))
                        return TRUE;
        }
        return FALSE;
}

/* Who closes the pager early has seen enough: EPIPE is no error. */
static void feed(int fd, const char *text, gsize length) {
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n < 0 && errno != EINTR)
                        break;
                if (n > 0) {
                        text += n;
                        length -= (gsize) n;
                }
        }
}

gboolean pi_pager_show(const char *text, gsize length, gboolean utf8) {
        const struct sigaction ignore = { .sa_handler = SIG_IGN };
        struct sigaction old_pipe, old_int;
        GPid pid;
        int fd;

        if (!start_any(utf8, &pid, &fd))
                return FALSE;
        /* Ctrl-C belongs to the pager while it has the terminal. */
        sigaction(SIGPIPE, &ignore, &old_pipe);
        sigaction(SIGINT, &ignore, &old_int);
        feed(fd, text, length);
        close(fd);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        g_spawn_close_pid(pid);
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGPIPE, &old_pipe, NULL);
        return TRUE;
}
