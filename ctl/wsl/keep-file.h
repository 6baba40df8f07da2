/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Files of a person's, read and written as a whole. Errors as in keep.h. */

typedef struct PiKeepText {
        char *text; /* "" if the file is not there; a NUL behind it */
        gsize length;
        gboolean exists;
} PiKeepText;

void pi_keep_text_clear(PiKeepText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiKeepText, pi_keep_text_clear)

/* At most PI_INI_BYTES_MAX. */
gboolean pi_keep_read(const char *path, PiKeepText *ret, GError **error);

/* Replaces the whole file at once, with mode and owner of `like` unless that is NULL. */
gboolean pi_keep_put(const char *path, const char *text, gsize length, const struct stat *like,
                     GError **error);

/* Set the error that a file cannot be dealt with, "PATH WHAT", the first with what errno `code`
 * says, and with who may; FALSE. */
gboolean pi_keep_fail(const char *path, const char *what, int code, GError **error);
gboolean pi_keep_refuse(const char *path, const char *what, GError **error);
