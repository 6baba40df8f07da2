/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/set-aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

/* The file last: with the log of another one a new file would not be empty. */
static const char *const endings[] = { "-wal", "-shm", "-journal", "" };

static bool exists(const char *path) {
        struct stat st;

        /* What cannot be looked at may be there. */
        return lstat(path, &st) == 0 || errno != ENOENT;
}

static bool is_free(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
                g_autofree char *path = g_strconcat(name, endings[i], NULL);

                if (exists(path))
                        return false;
        }
        return true;
}

/* 0 or a negative errno. */
static int move(const char *from, const char *to) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        /* A file system that cannot: nobody else makes such names. */
        return rename(from, to) < 0 ? -errno : 0;
}

static int move_all(const char *from, const char *to) {
        int r = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(endings) && r == 0; i++) {
                g_autofree char *old = g_strconcat(from, endings[i], NULL);
                g_autofree char *new = g_strconcat(to, endings[i], NULL);

                if (exists(old))
                        r = move(old, new);
        }
        return r;
}

/* So that the names are the new ones after a power failure too. */
static void sync_directory(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);
        int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void) fsync(fd);
        (void) close(fd);
}

char *pi_set_aside(const char *path, const char *kind, GError **error) {
        for (unsigned n = 1; n <= PI_SET_ASIDE_MAX; n++) {
                g_autofree char *name = g_strdup_printf("%s.%s-%u", path, kind, n);
                int r;

                if (!is_free(name))
                        continue;
                r = move_all(path, name);
                if (r == 0) {
                        sync_directory(path);
                        return g_steal_pointer(&name);
                }
                (void) move_all(name, path);
                g_set_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                            "The store %s cannot be used, and not be renamed to %s either (%s): "
                            "rename or remove it",
                            path, name, g_strerror(-r));
                return NULL;
        }
        g_set_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                    "The store %s cannot be used, and %d like it lie beside it as %s.%s-N: remove "
                    "those that are not needed",
                    path, PI_SET_ASIDE_MAX, path, kind);
        return NULL;
}
