/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The name of a node, for people: 1 to PI_NODE_NAME_MAX letters, digits, "-", "_" and "." of ASCII,
 * the first of them a letter or digit. It is printed on terminals and written into journals. */
#define PI_NODE_NAME_MAX 64

gboolean pi_node_name_is_valid(const char *name);

/* Whether it may be the address of another node: its characters and length are those of one. That
 * is all one machine can tell of another's: "[fe80::7%eth0]:31415" may name an interface that it
 * has not. */
gboolean pi_node_address_is_valid(const char *text);

/* `name` with what must not be in it replaced, to be freed with g_free(). */
char *pi_node_name_make_valid(const char *name);
