/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What differs between two texts, as a unified diff whose head has the two names; "" when nothing
 * does, NULL with an error. To be freed. */
char *pi_diff(const char *before, const char *after, const char *before_name,
              const char *after_name, GError **error);
