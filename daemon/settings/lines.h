/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_LINES_FILE_MAX 65536
#define PI_LINES_LINE_MAX 1024

/* An assignment "KEY=VALUE" of a file of systemd's form. The texts live until the next one. */
typedef struct PiLine {
        guint number; /* 1 for the first line of the file */
        const char *section, *key, *value;
} PiLine;

/* Takes a section that begins, with key and value NULL, or an assignment. FALSE, with an error,
 * ends the reading; its message gets the place in front. */
typedef gboolean (*PiLineTaker)(const PiLine *line, gpointer userdata, GError **error);

/* Splits a text into lines and gives what they say to `take`. Blank lines and comments (# and ;)
 * are skipped, blanks at both ends of a line and about the first = are dropped, and so are the
 * carriage returns of DOS and a byte order mark. Errors: PI_ERROR_INVALID_SETTING, the message
 * beginning with "PATH:LINE: ". */
gboolean pi_lines_read(const char *path, const char *text, gsize length, PiLineTaker take,
                       gpointer userdata, GError **error);

/* Text of a file for a message: cut after 64 characters, what does not print is escaped. */
char *pi_lines_show(const char *text);
