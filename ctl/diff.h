/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_DIFF_BYTES_MAX (1024 * 1024)

/* What changes `before` into `after`, as diff -u writes it: two lines with the names, then hunks of
 * lines with three of context. "" when they are the same. Ends of lines are part of them, so a \r
 * that was lost shows; whoever prints it has to escape what a terminal would obey. Texts beyond
 * PI_DIFF_BYTES_MAX are PI_ERROR_FAILED. Free it with g_free(). */
char *pi_diff(const char *before, const char *after, const char *before_name,
              const char *after_name, GError **error);
