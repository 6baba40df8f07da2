/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_NODE_ID_LENGTH 32 /* hex digits */

/* The node's id: the first half of the fingerprint of the certificate in the state directory. Has
 * key and certificate made at the first start, in a process of its own, so that what it takes to
 * make them stays in no memory here. Call it while there is one thread. Errors: PI_ERROR_FAILED
 * with the file and what is wrong. */
gboolean pi_node_key_ensure(const char *directory, char ret_id[PI_NODE_ID_LENGTH + 1],
                            GError **error);
