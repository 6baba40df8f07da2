/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launch/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dbus/error.h"

static int dial(const char *path, GError **error) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, r;

        if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
            sizeof(address.sun_path)) {
                g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED,
                            "The path of the launcher's socket is too long: %s", path);
                return -1;
        }
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0)
                return fd;
        r = errno;
        if (fd >= 0)
                (void) close(fd);
        g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED,
                    "%s cannot be reached: %s; does \"systemctl start pi-computed-engine.socket\" "
                    "help?",
                    path, g_strerror(r));
        return -1;
}

/* It is collected when it ends, which it does soon after its stream is closed. */
static void ended(GPid pid, int status, gpointer userdata) {
        g_spawn_close_pid(pid);
}

static int spawn(const char *program, GError **error) {
        const char *argv[] = { program, "--user", NULL };
        g_autoptr(GError) why = NULL;
        int pair[2];
        GPid pid;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED, "No socket for %s: %s",
                            program, g_strerror(errno));
                return -1;
        }
        if (!g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                              NULL, pair[1], pair[1], -1, NULL, NULL, 0, &pid, NULL,
                                              NULL, NULL, &why)) {
                g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED, "%s", why->message);
                (void) close(pair[0]);
                (void) close(pair[1]);
                return -1;
        }
        (void) close(pair[1]);
        g_child_watch_add(pid, ended, NULL);
        (void) fcntl(pair[0], F_SETFL, O_NONBLOCK);
        return pair[0];
}

int pi_reach_launcher(const char *program, const char *socket, GError **error) {
        return program ? spawn(program, error) : dial(socket, error);
}
