/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_SETTINGS_FILE "pi-computed.conf"
#define PI_SETTINGS_DROP_INS_MAX 128

/* The paths of the files pi_settings_load() reads, in that order. Errors: PI_ERROR_INVALID_SETTING
 * when a directory cannot be read or has too many. */
GPtrArray *pi_settings_files_find(const char *const *directories, GError **error);

/* The contents of one; a link to /dev/null is empty. Errors: PI_ERROR_INVALID_SETTING with its path
 * when it cannot be read, is too long, or is no regular file. */
gboolean pi_settings_file_read(const char *path, char **ret_text, gsize *ret_length,
                               GError **error);
