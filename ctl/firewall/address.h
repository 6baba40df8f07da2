/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* An address as inet_ntop(3) prints it, to be freed, or NULL: of "192.0.2.7", "2001:db8::7" and
 * "fe80::7%eth0", whose zone is left out. */
char *pi_address_canonical(const char *text);

/* The same of "192.0.2.7:31415" or "[2001:db8::7]:31415", with the port if `ret_port`; NULL also
 * where the host is a name. */
char *pi_address_of_endpoint(const char *text, guint16 *ret_port);

/* An address or a prefix such as 192.0.2.0/24, in its one spelling. Bits beyond its length are
 * PI_ERROR_INVALID_OPTION, as is all else that is none. */
char *pi_address_prefix(const char *text, GError **error);

/* Whether an address lies within a prefix; no, where one of them is none. */
gboolean pi_address_is_within(const char *address, const char *prefix);
