/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Whether a run of a sweep, an a{sv}, may be stored: every key of org.picompute1(5), "Sweeps", is
 * there once with its type and within its range, and none else. Errors: PI_ERROR_INVALID_OPTION
 * with the key, what is wrong with it and the range. */
gboolean pi_sweep_check(GVariant *run, GError **error);
