/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

static gboolean fail(GError **error, const char *directory, const char *name, const char *what,
                     int code) {
        const char *remedy = code == ENOSPC || code == EDQUOT
                                     ? "make room on its file system"
                                     : "let the service's user read and write there";

        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s/%s cannot be %s (%s): %s", directory,
                    name, what, g_strerror(code), remedy);
        return FALSE;
}

/* 0 or a negative errno; so the following. */
static int write_all(int fd, const char *text) {
        gsize left = strlen(text);

        while (left > 0) {
                ssize_t n = write(fd, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                left -= (gsize) n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

static int write_new(int dir, const char *name, const char *text) {
        int r, fd;

        /* What a write that was cut off has left. */
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text);
        /* Some file systems tell only now that there was no room. */
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

static int replace(int dir, const char *name, const char *text) {
        g_autofree char *new = g_strconcat(name, ".new", NULL);
        int r = write_new(dir, new, text);

        if (r == 0 && renameat(dir, new, dir, name) < 0)
                r = -errno;
        if (r == 0)
                return fsync(dir) < 0 ? -errno : 0;
        (void) unlinkat(dir, new, 0);
        return r;
}

static int open_directory(const char *directory) {
        int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return dir < 0 ? -errno : dir;
}

gboolean pi_roster_disk_write(const char *directory, const char *name, const char *text,
                              GError **error) {
        int dir, r;

        if (g_mkdir_with_parents(directory, 0700) < 0)
                return fail(error, directory, name, "written", errno);
        dir = open_directory(directory);
        if (dir < 0)
                return fail(error, directory, name, "written", -dir);
        r = replace(dir, name, text);
        (void) close(dir);
        return r == 0 || fail(error, directory, name, "written", -r);
}

gboolean pi_roster_disk_remove(const char *directory, const char *name, GError **error) {
        int dir = open_directory(directory), r = 0;

        if (dir == -ENOENT)
                return TRUE;
        if (dir < 0)
                return fail(error, directory, name, "removed", -dir);
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r == 0 && fsync(dir) < 0)
                r = -errno;
        (void) close(dir);
        return r == 0 || fail(error, directory, name, "removed", -r);
}

/* As many bytes as there are, but not more than `max` and one. */
static int read_all(int fd, gsize max, char *text, gsize *ret_length) {
        gsize length = 0;

        while (length <= max) {
                ssize_t n = read(fd, text + length, max + 1 - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                length += (gsize) n;
        }
        *ret_length = length;
        return length > max ? -EFBIG : 0;
}

gboolean pi_roster_disk_read(const char *directory, const char *name, gsize bytes_max,
                             char **ret_text, GError **error) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *text = g_malloc(bytes_max + 2);
        /* Nobody waits for the other end of a pipe that was put here. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK), r = 0;
        gsize length = 0;
        struct stat st;

        *ret_text = NULL;
        if (fd < 0)
                return errno == ENOENT || fail(error, directory, name, "read", errno);
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (!S_ISREG(st.st_mode))
                r = -ENOTSUP;
        else
                r = read_all(fd, bytes_max, text, &length);
        (void) close(fd);
        if (r < 0)
                return fail(error, directory, name, "read", -r);
        text[length] = '\0';
        /* A text with a NUL in it ends there, and is found to be damaged. */
        *ret_text = g_steal_pointer(&text);
        return TRUE;
}
