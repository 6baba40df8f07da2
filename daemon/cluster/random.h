/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Bytes that nobody can guess. Errors: PI_ERROR_FAILED. */
gboolean pi_random_bytes(guint8 *ret, gsize n, GError **error);

/* In lower-case hex, to be freed with g_free(). */
char *pi_bytes_to_hex(const guint8 *bytes, gsize n);
