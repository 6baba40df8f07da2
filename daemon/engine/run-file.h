/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/engine/contract.h"

/* The file that the stdout of an engine went to, of several runs after each other also. */

/* Is given one line after the other; they are numbered from 1. FALSE ends the reading. */
typedef gboolean (*PiRunFileTake)(const PiContractLine *line, guint64 number, gpointer userdata,
                                  GError **error);

/* Reads a file, or stdin when `path` is "-". A chunk is verified before it is given to `take`. The
 * last line is torn when its writer was killed: it is passed over, and `ret_torn`, which may be
 * NULL, is its number, else 0. All errors but that of opening begin with "PATH:LINE: ":
 * PI_ERROR_FAILED when it cannot be read, or a line is too long or none that an engine tells,
 * PI_ERROR_INCOMPATIBLE for sums of another version of the numbers, PI_ERROR_VERIFICATION_FAILED
 * with range, rank and host, and those of `take`. */
gboolean pi_run_file_read(const char *path, PiRunFileTake take, gpointer userdata,
                          guint64 *ret_torn, GError **error);
