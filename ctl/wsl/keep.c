/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/keep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

#define GROUP "setup"

/* FILE.pi-setup. */
typedef struct Record {
        gboolean there;   /* whether there is a record at all */
        gboolean existed; /* the file, before the first change */
        gboolean mixed;   /* somebody else changed it between two of ours */
        char *written;    /* SHA-256 of what we wrote last */
        char *previous;   /* of what was there then, if that was ours too, or NULL */
} Record;

/* What the file is now. */
typedef enum Likeness {
        LIKE_NEITHER,
        LIKE_BACKUP,  /* what it was before the first change */
        LIKE_WRITTEN, /* what one of ours left */
} Likeness;

static void record_clear(Record *record) {
        g_free(record->written);
        g_free(record->previous);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

static char *beside(const char *path, const char *ending) {
        return g_strconcat(path, ending, NULL);
}

static char *checksum(const PiKeepText *text) {
        return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) text->text,
                                           text->length);
}

/* Whatever is missing or misspelt is damage: a wrong guess would cost the person their file. */
static gboolean parse_record(const PiKeepText *text, Record *ret) {
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_autoptr(GError) error = NULL;

        if (!g_key_file_load_from_data(keys, text->text, text->length, G_KEY_FILE_NONE, NULL))
                return FALSE;
        ret->existed = g_key_file_get_boolean(keys, GROUP, "existed", &error);
        if (!error)
                ret->mixed = g_key_file_get_boolean(keys, GROUP, "mixed", &error);
        ret->written = g_key_file_get_string(keys, GROUP, "written", NULL);
        ret->previous = g_key_file_get_string(keys, GROUP, "previous", NULL);
        return !error && ret->written;
}

static gboolean read_record(const char *path, Record *ret, GError **error) {
        g_autofree char *name = beside(path, ".pi-setup");
        g_auto(PiKeepText) text = {};

        *ret = (Record) {};
        if (!pi_keep_read(name, &text, error))
                return FALSE;
        ret->there = text.exists;
        return !text.exists || parse_record(&text, ret) ||
               pi_keep_refuse(name,
                              "is no record of pictl wsl setup; put the .pi-backup beside it back "
                              "by hand and remove both", error);
}

static gboolean write_record(const char *path, const Record *record, GError **error) {
        g_autofree char *name = beside(path, ".pi-setup");
        g_autofree char *text = g_strdup_printf(
                "# Of pictl wsl setup, for pictl wsl undo.\n[" GROUP "]\nexisted=%s\nmixed=%s\n"
                "written=%s\n%s%s%s",
                record->existed ? "true" : "false", record->mixed ? "true" : "false",
                record->written, record->previous ? "previous=" : "",
                record->previous ? record->previous : "", record->previous ? "\n" : "");

        return pi_keep_put(name, text, strlen(text), NULL, error);
}

static gboolean same(const PiKeepText *a, const PiKeepText *b) {
        return a->exists == b->exists && a->length == b->length &&
               memcmp(a->text, b->text, a->length) == 0;
}

gboolean pi_keep_backup(const char *path, PiKeepText *ret, GError **error) {
        g_autofree char *name = beside(path, ".pi-backup");

        return pi_keep_read(name, ret, error);
}

/* Fails if record and backup do not belong together: what undo made of them would be lost. */
static gboolean compare(const char *path, const Record *record, const PiKeepText *now,
                        Likeness *ret, GError **error) {
        g_autofree char *sum = checksum(now);
        g_auto(PiKeepText) before = {};

        if (!pi_keep_backup(path, &before, error))
                return FALSE;
        /* make_backup() sees to it that there is one only of a file that was there. */
        if (record->existed != before.exists)
                return pi_keep_refuse(path,
                                      "and its .pi-setup do not agree on a .pi-backup; put it back "
                                      "by hand and remove the .pi-setup beside it", error);
        if (same(&before, now))
                *ret = LIKE_BACKUP;
        else if (now->exists && (strcmp(sum, record->written) == 0 ||
                                 g_strcmp0(sum, record->previous) == 0))
                *ret = LIKE_WRITTEN;
        else
                *ret = LIKE_NEITHER;
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
                return pi_keep_refuse(name,
                                      "is there from an earlier time, and differs; move it away "
                                      "first", error);
        return old.exists || !before->exists ||
               pi_keep_put(name, before->text, before->length, like, error);
}

gboolean pi_keep_is_still(const char *path, const PiKeepText *before, GError **error) {
        g_auto(PiKeepText) now = {};

        if (!pi_keep_read(path, &now, error))
                return FALSE;
        return same(&now, before) ||
               pi_keep_refuse(path, "was changed meanwhile by somebody else; try again", error);
}

/* What the record is to say once `after` is there. */
static void advance(Record *record, Likeness likeness, const PiKeepText *now, const char *after) {
        /* Nothing of another's is in it any more when it is as it was before us. */
        record->mixed = likeness == LIKE_NEITHER || (record->mixed && likeness == LIKE_WRITTEN);
        g_free(record->previous);
        record->previous = likeness == LIKE_WRITTEN ? checksum(now) : NULL;
        g_free(record->written);
        record->written = g_compute_checksum_for_string(G_CHECKSUM_SHA256, after, -1);
}

/* Backup, then record, then the file. Whenever it ends in between, undo finds its way: the record
 * names both what is to be written and what of ours it is written over. */
gboolean pi_keep_write(const char *path, const PiKeepText *before, const char *after,
                       GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        Likeness likeness = LIKE_BACKUP;
        struct stat st = {};

        if (!pi_keep_is_still(path, before, error) || !pi_keep_read(path, &now, error) ||
            !read_record(path, &record, error))
                return FALSE;
        if (now.exists && lstat(path, &st) < 0)
                return pi_keep_fail(path, "cannot be looked at", errno, error);
        if (!record.there) {
                record.existed = now.exists;
                if (!make_backup(path, &now, &st, error))
                        return FALSE;
        } else if (!compare(path, &record, &now, &likeness, error))
                return FALSE;
        advance(&record, likeness, &now, after);
        return write_record(path, &record, error) &&
               pi_keep_put(path, after, strlen(after), now.exists ? &st : NULL, error);
}

/* With all that was looked at. */
static gboolean look(const char *path, PiKeepText *now, Record *record, PiKeepState *ret,
                     GError **error) {
        Likeness likeness;

        *ret = PI_KEEP_NONE;
        if (!read_record(path, record, error) || !pi_keep_read(path, now, error))
                return FALSE;
        if (!record->there)
                return TRUE;
        if (!compare(path, record, now, &likeness, error))
                return FALSE;
        *ret = likeness == LIKE_BACKUP || (likeness == LIKE_WRITTEN && !record->mixed)
                       ? PI_KEEP_OURS
                       : PI_KEEP_EDITED;
        return TRUE;
}

gboolean pi_keep_state(const char *path, PiKeepState *ret, GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};

        return look(path, &now, &record, ret, error);
}

static gboolean remove_file(const char *path, const char *ending, GError **error) {
        g_autofree char *name = beside(path, ending);

        return unlink(name) == 0 || errno == ENOENT ||
               pi_keep_fail(name, "cannot be removed", errno, error);
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
                return pi_keep_fail(path, "cannot be looked at", errno, error);
        return same(&before, now) || pi_keep_put(path, before.text, before.length, &st, error);
}

/* What an earlier undo kept is the only copy of it. */
static gboolean may_keep_edited(const char *path, const PiKeepText *now, GError **error) {
        g_autofree char *edited = beside(path, ".pi-edited");
        g_auto(PiKeepText) old = {};

        if (!pi_keep_read(edited, &old, error))
                return FALSE;
        return !now->exists || !old.exists || same(&old, now) ||
               pi_keep_refuse(edited,
                              "is there from an earlier time, and differs; move it away first",
                              error);
}

static gboolean keep_edited(const char *path, const PiKeepText *now, GError **error) {
        g_autofree char *edited = beside(path, ".pi-edited");
        struct stat st;

        if (!now->exists)
                return TRUE;
        if (lstat(path, &st) < 0)
                return pi_keep_fail(path, "cannot be looked at", errno, error);
        return pi_keep_put(edited, now->text, now->length, &st, error);
}

static gboolean check_state(const char *path, PiKeepState state, const PiKeepText *now,
                            gboolean force, GError **error) {
        if (state != PI_KEEP_EDITED)
                return TRUE;
        return force ? may_keep_edited(path, now, error)
                     : pi_keep_refuse(path,
                                      "was edited since pictl wsl setup, and nothing was changed: "
                                      "take back by hand what pictl wsl undo --print shows, or run "
                                      "pictl wsl undo --force, which keeps it as it is now in "
                                      ".pi-edited beside it", error);
}

gboolean pi_keep_may_restore(const char *path, gboolean force, GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        PiKeepState state;

        if (!look(path, &now, &record, &state, error))
                return FALSE;
        return state == PI_KEEP_NONE || (check_state(path, state, &now, force, error) &&
                                         pi_keep_may_write(path, error));
}

gboolean pi_keep_restore(const char *path, gboolean force, GError **error) {
        g_auto(PiKeepText) now = {};
        g_auto(Record) record = {};
        PiKeepState state;

        if (!look(path, &now, &record, &state, error) ||
            !check_state(path, state, &now, force, error))
                return FALSE;
        if (state == PI_KEEP_NONE)
                return TRUE;
        if (state == PI_KEEP_EDITED && !keep_edited(path, &now, error))
                return FALSE;
        /* A backup without a record is no harm when it ends in between, the contrary is refused. */
        return put_back(path, &record, &now, error) && remove_file(path, ".pi-setup", error) &&
               remove_file(path, ".pi-backup", error);
}

gboolean pi_keep_may_write(const char *path, GError **error) {
        g_autofree char *folder = g_path_get_dirname(path);

        return access(folder, W_OK | X_OK) == 0 ||
               pi_keep_fail(path, "cannot be written", errno, error);
}
