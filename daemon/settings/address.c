/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

/* Longer than any that is one. */
#define LENGTH_MAX 64

static gboolean is_port(const char *text) {
        guint64 port;

        return text[0] != '0' && g_ascii_isdigit(text[0]) &&
               g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL);
}

static gboolean is_of_one_machine(struct in_addr address) {
        in_addr_t host = ntohl(address.s_addr);

        return host != INADDR_ANY && host != INADDR_BROADCAST && !IN_MULTICAST(host);
}

static gboolean is_ipv4(const char *text) {
        struct in_addr address;

        return inet_pton(AF_INET, text, &address) == 1 && is_of_one_machine(address);
}

/* The name of an interface, or its number. */
static gboolean is_scope(const char *text) {
        gsize length = strlen(text);

        return length > 0 && length < IF_NAMESIZE &&
               strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == length;
}

/* Cuts `text`. */
static gboolean is_ipv6(char *text) {
        char *scope = strchr(text, '%');
        struct in6_addr address;

        if (scope) {
                *scope = '\0';
                if (!is_scope(scope + 1))
                        return FALSE;
        }
        if (inet_pton(AF_INET6, text, &address) != 1 || IN6_IS_ADDR_UNSPECIFIED(&address) ||
            IN6_IS_ADDR_MULTICAST(&address))
                return FALSE;
        if (IN6_IS_ADDR_V4MAPPED(&address)) {
                struct in_addr inner;

                memcpy(&inner, &address.s6_addr[12], sizeof(inner));
                return !scope && is_of_one_machine(inner);
        }
        /* It says nothing without its interface, and no other needs one. */
        return (scope != NULL) == IN6_IS_ADDR_LINKLOCAL(&address);
}

gboolean pi_is_address(const char *text) {
        char copy[LENGTH_MAX + 1], *end;

        if (g_strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
                return FALSE;
        if (copy[0] == '[') {
                end = strchr(copy, ']');
                if (!end || (end[1] != '\0' && (end[1] != ':' || !is_port(end + 2))))
                        return FALSE;
                *end = '\0';
                return is_ipv6(copy + 1);
        }
        end = strchr(copy, ':');
        if (end && strchr(end + 1, ':'))
                return is_ipv6(copy);
        if (end && !is_port(end + 1))
                return FALSE;
        if (end)
                *end = '\0';
        return is_ipv4(copy);
}
