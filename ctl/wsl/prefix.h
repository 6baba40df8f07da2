/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_PREFIXES_MAX 16

/* Reads "192.168.1.0/24,fd00::7": addresses and networks with commas between, and writes them anew
 * from their bits, the only form that goes into a script: host bits cleared, a single address
 * without its length. NULL and PI_ERROR_INVALID_OPTION for anything else, for more than
 * PI_PREFIXES_MAX, for names, and for networks that are (nearly) everybody: shorter than /8, or /16
 * of IPv6. Free it with g_strfreev(). */
char **pi_prefixes_parse(const char *text, GError **error);

/* The network of the default route's gateway, or another one of its interface, from what
 * "ip -j -4 route show" prints; NULL if that says none. */
char *pi_prefix_from_routes(const char *json);
