/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/wsl/keep-file.h"

/* Changes a file of a person's so that it can be put back as it was, byte for byte. Beside FILE are
 * FILE.pi-backup, what it was before the first change (none if it was not there), and
 * FILE.pi-setup, the record: whether it was there, and checksums of what was written. Both are gone
 * after pi_keep_restore(). A record that is damaged, or does not fit the backup, is an error. Files
 * are replaced as a whole, and what is no regular file, as a link is, is refused. Errors are
 * PI_ERROR_FAILED, or PI_ERROR_NOT_AUTHORIZED if the caller may not, and name the file. */

/* Whether the file still is what `before` says: FALSE with an error if not. */
gboolean pi_keep_is_still(const char *path, const PiKeepText *before, GError **error);

/* Writes `after`, if the file still is what `before` says. */
gboolean pi_keep_write(const char *path, const PiKeepText *before, const char *after,
                       GError **error);

typedef enum PiKeepState {
        PI_KEEP_NONE,   /* never changed by us */
        PI_KEEP_OURS,   /* as we left it */
        PI_KEEP_EDITED, /* somebody changed it, too, since the first time */
} PiKeepState;

gboolean pi_keep_state(const char *path, PiKeepState *ret, GError **error);

/* What it was before. */
gboolean pi_keep_backup(const char *path, PiKeepText *ret, GError **error);

/* Puts it back, and removes it if it was not there. One that was edited is left alone, with an
 * error, unless `force`: what it is now is then kept as FILE.pi-edited, which never replaces
 * another one. */
gboolean pi_keep_restore(const char *path, gboolean force, GError **error);

/* Whether it may be tried: the same errors, and nothing is done. */
gboolean pi_keep_may_restore(const char *path, gboolean force, GError **error);

/* Whether pi_keep_write() may be tried: FALSE with an error that says who may. */
gboolean pi_keep_may_write(const char *path, GError **error);
