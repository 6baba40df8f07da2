/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/keep-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/file-output.h"
#include "ctl/text.h"
#include "ctl/wsl/ini.h"
#include "dbus/error.h"

#define NEW_MODE 0644
#define PATH_SHOWN_MAX 300

void pi_keep_text_clear(PiKeepText *text) {
        g_clear_pointer(&text->text, g_free);
}

gboolean pi_keep_fail(const char *path, const char *what, int code, GError **error) {
        g_autofree char *shown = pi_text_escape(path, FALSE, PATH_SHOWN_MAX);
        gboolean denied = code == EACCES || code == EPERM;

        /* Neither root nor anybody may write there. */
        if (code == EROFS)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s %s: the drive is mounted read-only", shown, what);
        else
                g_set_error(error, PI_ERROR, denied ? PI_ERROR_NOT_AUTHORIZED : PI_ERROR_FAILED,
                            "%s %s: %s%s", shown, what, g_strerror(code),
                            denied && geteuid() != 0 ? "; run it with sudo" : "");
        return FALSE;
}

gboolean pi_keep_refuse(const char *path, const char *what, GError **error) {
        g_autofree char *shown = pi_text_escape(path, FALSE, PATH_SHOWN_MAX);

        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s %s", shown, what);
        return FALSE;
}

static gboolean read_fd(int fd, const char *path, PiKeepText *ret, GError **error) {
        ssize_t n = 0;

        ret->text = g_malloc(PI_INI_BYTES_MAX + 2);
        while (ret->length <= PI_INI_BYTES_MAX &&
               (n = read(fd, ret->text + ret->length, PI_INI_BYTES_MAX + 1 - ret->length)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return pi_keep_fail(path, "cannot be read", errno, error);
                ret->length += (gsize) n;
        }
        ret->text[ret->length] = '\0';
        if (ret->length > PI_INI_BYTES_MAX)
                return pi_keep_refuse(path, "is larger than 1 MiB; is it the right file?", error);
        return TRUE;
}

gboolean pi_keep_read(const char *path, PiKeepText *ret, GError **error) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        gboolean good;

        *ret = (PiKeepText) {};
        if (fd < 0 && errno == ENOENT) {
                ret->text = g_strdup("");
                return TRUE;
        }
        if (fd < 0 && errno == ELOOP)
                return pi_keep_refuse(path,
                                      "is a link, which a change would replace; edit the file that "
                                      "it points to by hand", error);
        if (fd < 0)
                return pi_keep_fail(path, "cannot be opened", errno, error);
        ret->exists = TRUE;
        if (fstat(fd, &st) < 0)
                good = pi_keep_fail(path, "cannot be looked at", errno, error);
        else if (!S_ISREG(st.st_mode))
                good = pi_keep_refuse(path, "is no ordinary file", error);
        else
                good = read_fd(fd, path, ret, error);
        close(fd);
        if (!good)
                pi_keep_text_clear(ret);
        return good;
}

/* As the old file has them. The drives of Windows may have neither: a new file has then the same
 * ones at once. */
static int set_owner(int fd, const struct stat *like) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!like) {
                if (fchmod(fd, NEW_MODE) < 0 && errno != EPERM && errno != ENOTSUP)
                        return -errno;
                return 0;
        }
        if ((st.st_uid != like->st_uid || st.st_gid != like->st_gid) &&
            fchown(fd, like->st_uid, like->st_gid) < 0)
                return -errno;
        if ((st.st_mode & 07777) != (like->st_mode & 07777) &&
            fchmod(fd, like->st_mode & 07777) < 0)
                return -errno;
        return 0;
}

/* So that the new name is there after a power cut; a drive of Windows may refuse it. */
static void sync_folder(const char *path) {
        g_autofree char *folder = g_path_get_dirname(path);
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void) fsync(fd);
        close(fd);
}

gboolean pi_keep_put(const char *path, const char *text, gsize length, const struct stat *like,
                     GError **error) {
        g_autofree char *temporary = g_strconcat(path, ".pi-XXXXXX", NULL);
        int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600), r;

        if (fd < 0)
                return pi_keep_fail(path, "cannot be written", errno, error);
        r = pi_file_write(fd, text, length);
        if (r == 0)
                r = set_owner(fd, like);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                unlink(temporary);
                return pi_keep_fail(path, "cannot be written", -r, error);
        }
        sync_folder(path);
        return TRUE;
}
