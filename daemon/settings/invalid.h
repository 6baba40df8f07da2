/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Sets PI_ERROR_INVALID_SETTING. FALSE, for the caller to return. */
gboolean pi_setting_invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
