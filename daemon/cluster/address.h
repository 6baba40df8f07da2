/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdint.h>

#define PI_CLUSTER_PORT 31415
#define PI_ADDRESSES_MAX 8     /* of one node */
#define PI_ADDRESS_LENGTH_MAX 64 /* bytes of one in text */

/* A numeric address and a port in text: "192.0.2.7:31415", "[2001:db8::7]:31415", or with a scope
 * "[fe80::7%eth0]:31415". Without a port `default_port` counts. Names are not looked up: a member
 * is where it says it is, not where a name server says. Errors: PI_ERROR_INVALID_OPTION with the
 * text, what is wrong with it and the form. */
GSocketAddress *pi_address_parse(const char *text, uint16_t default_port, GError **error);

/* The same in its one form, to be freed with g_free(). */
char *pi_address_to_string(GSocketAddress *address);

/* All of them in full, those without a port with this one. NULL-terminated. Errors: as
 * pi_address_parse(). */
char **pi_addresses_complete(const char *const *texts, uint16_t port, GError **error);

/* The addresses at which other machines may reach this one: those of interfaces that are up, none
 * of them loopback or link-local, IPv4 first, at most PI_ADDRESSES_MAX; with the port, in text.
 * Those of loopback when there is no other. NULL-terminated. */
char **pi_addresses_of_this_machine(uint16_t port);
