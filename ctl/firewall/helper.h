/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/client.h"

/* How long the helper may take: much longer than it does with tens of thousands of rules. */
#define PI_HELPER_USEC (10 * G_USEC_PER_SEC)

/* Calls of the helper, which answers root alone. Errors: PI_ERROR_NOT_AUTHORIZED,
 * PI_ERROR_UNREACHABLE when it is not installed, PI_ERROR_DEADLINE_EXCEEDED, or what it says. */

/* The description, a{sv}. */
GVariant *pi_helper_describe(PiClient *client, GError **error);

/* An array of PiBlock; of at most PI_FIREWALL_MEMBERS_MAX sources. */
GPtrArray *pi_helper_find_blocks(PiClient *client, guint16 port, const char *const *sources,
                                 GError **error);

gboolean pi_helper_open_window(PiClient *client, const char *prefix, guint64 usec, GError **error);
gboolean pi_helper_close_window(PiClient *client, const char *prefix, GError **error);
