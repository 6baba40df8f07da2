/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/series/range.h"

/* Adds the ranges (PiRange) of the chunks that are told in a file. Each is verified; a last line
 * that is torn, as one is when its writer is killed, is passed over. Errors: PI_ERROR_FAILED when
 * it cannot be read, PI_ERROR_ENGINE_FAILED and PI_ERROR_VERIFICATION_FAILED with file and line. */
gboolean pi_resume_read(const char *path, GArray *done, GError **error);

/* What of the range is in none of `done`, which is sorted by this, in order. */
GArray *pi_resume_holes(PiRange range, GArray *done);
