/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Appends the completion script of "bash" or "zsh", made from the tables of verbs and options.
 * Another shell is PI_ERROR_INVALID_OPTION. */
gboolean pi_completion_append(GString *out, const char *shell, GError **error);
