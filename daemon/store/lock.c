/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

static bool is_same(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
               x.st_ino == y.st_ino;
}

static gboolean fail(const char *directory, const char *why, const char *remedy, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                    "The state directory %s cannot be used (%s): %s", directory, why, remedy);
        return FALSE;
}

gboolean pi_store_lock(const char *directory, int *fd, GError **error) {
        int new;

        if (g_mkdir_with_parents(directory, 0700) < 0)
                return fail(directory, g_strerror(errno), "make it a directory of the service",
                            error);
        new = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (new < 0)
                return fail(directory, g_strerror(errno), "let the service read it", error);
        if (*fd >= 0 && is_same(*fd, new)) {
                (void) close(new);
                return TRUE;
        }
        /* A file system without locks has one service, as a rule. */
        if (flock(new, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
                (void) close(new);
                return fail(directory, "another pi-computed has it", "end that", error);
        }
        if (*fd >= 0)
                (void) close(*fd);
        *fd = new;
        return TRUE;
}
