/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/file-output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/text.h"
#include "dbus/error.h"

#define FILE_MODE 0644
#define PATH_SHOWN_MAX 200

int pi_file_write(int fd, const char *text, gsize length) {
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                length -= (gsize) n;
        }
        return 0;
}

/* Returns 0 or a negative errno. */
static int write_new(int fd, const char *text, gsize length) {
        int r = pi_file_write(fd, text, length);

        if (r < 0)
                return r;
        /* Whatever the umask is: another user is to read the file. */
        if (fchmod(fd, FILE_MODE) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static int replace(const char *path, const char *text, gsize length) {
        /* In the same directory, or rename() could not put it in place. */
        g_autofree char *new_path = g_strdup_printf("%s.XXXXXX", path);
        struct stat old;
        int fd, r;

        if (lstat(path, &old) == 0 && !S_ISREG(old.st_mode))
                return S_ISDIR(old.st_mode) ? -EISDIR : -ENOTSUP;
        fd = g_mkstemp_full(new_path, O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_new(fd, text, length);
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(new_path, path) < 0)
                r = -errno;
        if (r < 0)
                g_unlink(new_path);
        return r;
}

gboolean pi_file_replace(const char *path, const char *text, gsize length, GError **error) {
        int r = replace(path, text, length);
        g_autofree char *quoted = NULL;

        if (r == 0)
                return TRUE;
        quoted = pi_text_quote(path, PATH_SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s could not be written: %s", quoted,
                    r == -ENOTSUP ? "it is there and is no ordinary file; name another one"
                                  : g_strerror(-r));
        return FALSE;
}
