/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdint.h>

#define PI_CLUSTER_PORT 31415
#define PI_ADDRESSES_MAX 8     /* of one node */
#define PI_ADDRESS_LENGTH_MAX 64 /* bytes of one in text */

typedef struct PiAddress {
        struct in6_addr host; /* of IPv4: ::ffff:192.0.2.7 */
        uint32_t scope;       /* the index of an interface, for link-local ones of IPv6; else 0 */
        uint16_t port;
} PiAddress;

/* A numeric address and a port in text: "192.0.2.7:31415", "[2001:db8::7]:31415", or with a scope
 * "[fe80::7%eth0]:31415". Without a port `default_port` counts. Names are not looked up: a member
 * is where it says it is, not where a name server says. Errors: PI_ERROR_INVALID_OPTION with the
 * text, what is wrong with it and the form; `ret` is not touched then. */
gboolean pi_address_parse(const char *text, uint16_t default_port, PiAddress *ret, GError **error);

gboolean pi_address_is_ipv4(const PiAddress *address);

/* The same in its one form, and of the host alone, without scope and port; to be freed with
 * g_free(). */
char *pi_address_to_string(const PiAddress *address);
char *pi_address_host(const PiAddress *address);

/* As sockets have them, `size` in bytes. FALSE: it is no address of IPv4 or IPv6. */
gboolean pi_address_from_native(const struct sockaddr *native, socklen_t size, PiAddress *ret);
/* Of the family AF_INET for IPv4, else AF_INET6. Returns its size. */
socklen_t pi_address_to_native(const PiAddress *address, struct sockaddr_storage *ret);

/* All of them in full, those without a port with this one. NULL-terminated. Errors: as
 * pi_address_parse(). */
char **pi_addresses_complete(const char *const *texts, uint16_t port, GError **error);

/* The addresses at which other machines may reach this one: those of interfaces that are up, none
 * of them loopback or link-local, IPv4 first, at most PI_ADDRESSES_MAX; with the port, in text.
 * Those of loopback when there is no other. NULL-terminated. */
char **pi_addresses_of_this_machine(uint16_t port);
