/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The table that a module of the daemon has under that name. Loads the module, from where the run
 * path of the program says, for as long as the process runs. Errors: PI_ERROR_FAILED, with what is
 * missing. */
gconstpointer pi_module_load(const char *file, const char *symbol, GError **error);
