/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/file-output.h"
#include "ctl/text.h"
#include "ctl/wsl/ini.h"
#include "dbus/error.h"

#define GROUP "setup"
#define NEW_MODE 0644
#define PATH_SHOWN_MAX 300

/* FILE.pi-setup. */
typedef struct Record {
        gboolean there;   /* whether there is a record at all */
        gboolean existed; /* the file, before the first change */
        gboolean mixed;   /* somebody else changed it between two of ours */
        char *written;    /* SHA-256 of what we wrote last */
} Record;

static void record_clear(Record *record) {
        g_free(record->written);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

void pi_keep_text_clear(PiKeepText *text) {
        g_clear_pointer(&text->text, g_free);
}

static gboolean fail(const char *path, const char *what, int code, GError **error) {
        g_autofree char *shown = pi_text_escape(path, FALSE, PATH_SHOWN_MAX);
        gboolean denied = code == EACCES || code == EPERM || code == EROFS;

        g_set_error(error, PI_ERROR, denied ? PI_ERROR_NOT_AUTHORIZED : PI_ERROR_FAILED,
                    "%s %s: %s%s", shown, what, g_strerror(code),
                    denied ? "; run it with sudo" : "");
        return FALSE;
}

static gboolean refuse(const char *path, const char *what, GError **error) {
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
                        return fail(path, "cannot be read", errno, error);
                ret->length += (gsize) n;
        }
        ret->text[ret->length] = '\0';
        if (ret->length > PI_INI_BYTES_MAX)
                return refuse(path, "is larger than 1 MiB; is it the right file?", error);
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
                return refuse(path, "is a link, which a change would replace; edit the file that "
                                    "it points to by hand", error);
        if (fd < 0)
                return fail(path, "cannot be opened", errno, error);
        ret->exists = TRUE;
        if (fstat(fd, &st) < 0)
                good = fail(path, "cannot be looked at", errno, error);
        else if (!S_ISREG(st.st_mode))
                good = refuse(path, "is no ordinary file", error);
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

/* The whole file at once, with mode and owner of `like` unless that is NULL. */
static gboolean put(const char *path, const char *text, gsize length, const struct stat *like,
                    GError **error) {
        g_autofree char *temporary = g_strconcat(path, ".pi-XXXXXX", NULL);
        int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600), r;

        if (fd < 0)
                return fail(path, "cannot be written", errno, error);
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
                g_unlink(temporary);
                return fail(path, "cannot be written", -r, error);
        }
        sync_folder(path);
        return TRUE;
}

static char *beside(const char *path, const char *ending) {
        return g_strconcat(path, ending, NULL);
}

static char *checksum(const PiKeepText *text) {
        return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) text->text,
                                           text->length);
}

static gboolean read_record(const char *path, Record *ret, GError **error) {
        g_autofree char *name = beside(path, ".pi-setup");
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_auto(PiKeepText) text = {};

        *ret = (Record) {};
        if (!pi_keep_read(name, &text, error))
                return FALSE;
        if (!text.exists)
                return TRUE;
        if (g_key_file_load_from_data(keys, text.text, text.length, G_KEY_FILE_NONE, NULL)) {
                ret->there = TRUE;
                ret->existed = g_key_file_get_boolean(keys, GROUP, "existed", NULL);
                ret->mixed = g_key_file_get_boolean(keys, GROUP, "mixed", NULL);
                ret->written = g_key_file_get_string(keys, GROUP, "written", NULL);
        }
        return ret->written || refuse(name, "is no record of pictl wsl setup; put the .pi-backup "
                                            "beside it back by hand and remove both", error);
}

static gboolean write_record(const char *path, const Record *record, GError **error) {
        g_autofree char *name = beside(path, ".pi-setup");
        g_autofree char *text = g_strdup_printf(
                "# Of pictl wsl setup, for pictl wsl undo.\n[" GROUP "]\nexisted=%s\nmixed=%s\n"
                "written=%s\n",
                record->existed ? "true" : "false", record->mixed ? "true" : "false",
                record->written);

        return put(name, text, strlen(text), NULL, error);
}

static gboolean same(const PiKeepText *a, const PiKeepText *b) {
        return a->exists == b->exists && a->length == b->length &&
               memcmp(a->text, b->text, a->length) == 0;
}

gboolean pi_keep_backup(const char *path, PiKeepText *ret, GError **error) {
        g_autofree char *name = beside(path, ".pi-backup");

        return pi_keep_read(name, ret, error);
}

/* Whether the file is what we left, or what it was before us. */
static gboolean is_untouched(const char *path, const Record *record, const PiKeepText *now,
                             gboolean *ret, GError **error) {
        g_autofree char *sum = checksum(now);
        g_auto(PiKeepText) before = {};

        if (!pi_keep_backup(path, &before, error))
                return FALSE;
        if (record->existed && !before.exists)
                return refuse(path, "has lost its .pi-backup; put it back by hand and remove the "
                                    ".pi-setup beside it", error);
        *ret = same(&before, now) || (now->exists && strcmp(sum, record->written) == 0);
        return TRUE;
}

/* The first time: nothing is ever written over an older backup. */
static gboolean make_backup(const char *path, const PiKeepText *before, const struct stat *like,
                            GError **error) {
        g_autofree char *name = beside(path, ".pi-backup");
        g_auto(PiKeepText) old = {};

        if (!pi_keep_read(name, &old, error))
                return FALSE;
        if (old.exists && !same(&old, before))
                return refuse(name, "is there from an earlier time, and differs; move it away "
                                    "first", error);
        return old.exists || !before->exists ||
               put(name, before->text, before->length, like, error);
}

gboolean pi_keep_is_still(const char *path, const PiKeepText *before, GError **error) {
        g_auto(PiKeepText) now = {};

        if (!pi_keep_read(path, &now, error))
                return FALSE;
        return same(&now, before) ||
               refuse(path, "was changed meanwhile by somebody else; try again", error);
}

/* Backup, then record, then the file: whenever it ends in between, undo finds its way. */
gboolean pi_keep_write(const char *path, const PiKeepText *before, const char *after,
                       GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        gboolean untouched = TRUE;
        struct stat st = {};

        if (!pi_keep_is_still(path, before, error) || !pi_keep_read(path, &now, error) ||
            !read_record(path, &record, error))
                return FALSE;
        if (now.exists && lstat(path, &st) < 0)
                return fail(path, "cannot be looked at", errno, error);
        if (!record.there) {
                record.existed = now.exists;
                if (!make_backup(path, &now, &st, error))
                        return FALSE;
        } else if (!is_untouched(path, &record, &now, &untouched, error))
                return FALSE;
        record.mixed = record.mixed || !untouched;
        g_free(record.written);
        record.written = g_compute_checksum_for_string(G_CHECKSUM_SHA256, after, -1);
        return write_record(path, &record, error) &&
               put(path, after, strlen(after), now.exists ? &st : NULL, error);
}

gboolean pi_keep_state(const char *path, PiKeepState *ret, GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        gboolean untouched;

        *ret = PI_KEEP_NONE;
        if (!read_record(path, &record, error) || !pi_keep_read(path, &now, error))
                return FALSE;
        if (!record.there)
                return TRUE;
        if (!is_untouched(path, &record, &now, &untouched, error))
                return FALSE;
        *ret = untouched && !record.mixed ? PI_KEEP_OURS : PI_KEEP_EDITED;
        return TRUE;
}

static gboolean remove_file(const char *path, const char *ending, GError **error) {
        g_autofree char *name = beside(path, ending);

        return g_unlink(name) == 0 || errno == ENOENT ||
               fail(name, "cannot be removed", errno, error);
}

static gboolean put_back(const char *path, const Record *record, const PiKeepText *now,
                         GError **error) {
        g_autofree char *backup = beside(path, ".pi-backup");
        g_auto(PiKeepText) before = {};
        struct stat st;

        if (!record->existed)
                return remove_file(path, "", error);
        if (!pi_keep_read(backup, &before, error))
                return FALSE;
        if (lstat(now->exists ? path : backup, &st) < 0)
                return fail(path, "cannot be looked at", errno, error);
        return same(&before, now) || put(path, before.text, before.length, &st, error);
}

gboolean pi_keep_restore(const char *path, gboolean force, GError **error) {
        g_autofree char *edited = beside(path, ".pi-edited");
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        PiKeepState state;

        if (!pi_keep_state(path, &state, error) || !read_record(path, &record, error) ||
            !pi_keep_read(path, &now, error))
                return FALSE;
        if (state == PI_KEEP_NONE)
                return TRUE;
        if (state == PI_KEEP_EDITED && !force)
                return refuse(path, "was edited since pictl wsl setup, and nothing was changed: "
                                    "take the lines back that the difference above shows, or run "
                                    "pictl wsl undo --force, which keeps it as it is now in "
                                    ".pi-edited", error);
        if (state == PI_KEEP_EDITED && now.exists &&
            !put(edited, now.text, now.length, NULL, error))
                return FALSE;
        return put_back(path, &record, &now, error) && remove_file(path, ".pi-backup", error) &&
               remove_file(path, ".pi-setup", error);
}

gboolean pi_keep_may_write(const char *path, GError **error) {
        g_autofree char *folder = g_path_get_dirname(path);

        return access(folder, W_OK | X_OK) == 0 ||
               fail(path, "cannot be written", errno, error);
}
