/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Files of one kind that may lie beside a store. */
#define PI_SET_ASIDE_MAX 100

/* Renames a database that is not open, and its log with it, to "PATH.KIND-N" with the first N from
 * 1 on that is not in use. Nothing is overwritten. The new name is the caller's; NULL with a
 * PI_ERROR_STORE_UNAVAILABLE, and then the file is where it was. */
char *pi_set_aside(const char *path, const char *kind, GError **error);
