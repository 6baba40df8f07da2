/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Replaces a file by one with this text, mode 0644, at once: whoever reads it sees the old one or
 * the new one, never a part. What is there and is no ordinary file is left alone, and that is an
 * error. Errors are PI_ERROR_FAILED and name the file. */
gboolean pi_file_replace(const char *path, const char *text, gsize length, GError **error);

/* Writes all of a text to a descriptor. Returns 0 or a negative errno. */
int pi_file_write(int fd, const char *text, gsize length);
