/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Small files that are replaced as a whole: after a loss of power there is the old one or the new
 * one. Only for a thread that may block. Errors: PI_ERROR_FAILED with the path, why and what to
 * do. */
gboolean pi_roster_disk_write(const char *directory, const char *name, const char *text,
                              GError **error);
/* Good also when there is none. */
gboolean pi_roster_disk_remove(const char *directory, const char *name, GError **error);
/* `ret_text`: NUL-terminated, to be freed with g_free(); NULL when there is none. */
gboolean pi_roster_disk_read(const char *directory, const char *name, gsize bytes_max,
                             char **ret_text, GError **error);
