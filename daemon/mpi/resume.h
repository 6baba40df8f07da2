/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/series/range.h"

#define PI_RESUME_CHUNKS_MAX 4194304 /* of all files; they take 64 MiB */

/* Adds the ranges (PiRange) of the chunks that are told in a file. Errors: those of
 * pi_run_file_read(), PI_ERROR_INVALID_OPTION for too many chunks. */
gboolean pi_resume_read(const char *path, GArray *done, GError **error);

/* What of the range is in none of `done`, which is sorted by this, in order. Errors:
 * PI_ERROR_INVALID_OPTION when a chunk ends within a group, and terms behind it are wanted. */
GArray *pi_resume_holes(PiRange range, GArray *done, GError **error);
