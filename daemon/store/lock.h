/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Keeps other services out of a state directory: two of them would run the same jobs. Programs that
 * only read the database do not look at it. */

/* Makes the directory if need be and locks it; *fd is the lock held before, -1 for none, and is
 * replaced when the directory is not the same any more. FALSE with a PI_ERROR_STORE_UNAVAILABLE. */
gboolean pi_store_lock(const char *directory, int *fd, GError **error);
