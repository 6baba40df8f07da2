/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dbus/error.h"

int pi_child_prepare(void) {
        sigset_t set;
        int fd;

        /* Which a kernel may have been built without. */
        if (access("/proc/thread-self/children", R_OK) < 0 ||
            prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return -errno;
        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Between fork and exec: system calls only. */
static void set_up(gpointer userdata) {
        const pid_t *parent = userdata;
        sigset_t none;

        setsid();
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != *parent)
                _exit(EXIT_FAILURE);
}

gboolean pi_child_start(PiChild *ret, char **argv, char **environment, GError **error) {
        g_autoptr(GError) failure = NULL;
        pid_t parent = getpid();

        if (g_spawn_async_with_pipes("/", argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, set_up,
                                     &parent, &ret->pid, &ret->in, &ret->out, &ret->err, &failure))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s", failure->message);
        return FALSE;
}

static void kill_children_of(const char *thread) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/children", thread);
        g_autofree char *text = NULL;
        g_auto(GStrv) pids = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return; /* the thread has ended */
        pids = g_strsplit(g_strstrip(text), " ", -1);
        for (char **pid = pids; *pid; pid++) {
                long number = strtol(*pid, NULL, 10);

                if (number > 1)
                        kill((pid_t) number, SIGKILL);
        }
}

void pi_child_kill_all(void) {
        g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
        const char *thread;

        while (threads && (thread = g_dir_read_name(threads)))
                kill_children_of(thread);
}
