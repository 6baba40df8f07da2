/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/client.h"

/* What the service takes in a list of nodes, and has in a cluster. */
#define PI_NODES_MAX 128

/* The members of the cluster, this node first, then by name: an a{sv} of the properties of each,
 * GVariant, owned. Empty when the service is in no cluster. */
GPtrArray *pi_nodes_fetch(PiClient *client, GError **error);

/* A list "node1,node2" of ids or names as a floating "as". Errors: PI_ERROR_INVALID_OPTION. */
GVariant *pi_nodes_parse(const char *text, GError **error);

/* Whether the State is this one. */
gboolean pi_node_is(GVariant *node, const char *state);
