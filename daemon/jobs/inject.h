/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/work/fault.h"

/* Checks the options of InjectFault, an a{sv}. Errors: PI_ERROR_INVALID_OPTION with the key, what
 * is wrong with it and the range; then *ret is untouched. */
gboolean pi_inject_parse(GVariant *options, PiFaultOrder *ret, GError **error);
