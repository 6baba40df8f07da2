/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "dbus/error.h"

#define FORM                                                                                       \
        "write 192.0.2.7:31415, [2001:db8::7]:31415 or, with its interface, [fe80::7%%eth0]:31415"

static gboolean fail(GError **error, const char *text, const char *problem) {
        /* What came from outside is shown, but not as long as somebody likes it. */
        g_autofree char *shown = g_strndup(text, PI_ADDRESS_LENGTH_MAX);

        g_strcanon(shown, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:[]%-_",
                   '?');
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "The address \"%s\" %s; " FORM, shown,
                    problem);
        return FALSE;
}

/* Splits "[HOST]:PORT", "HOST:PORT" and a host alone. */
static gboolean split(const char *text, char **ret_host, const char **ret_port, GError **error) {
        const char *colon = strchr(text, ':'), *end;

        *ret_port = NULL;
        if (text[0] == '[') {
                end = strchr(text, ']');
                if (!end)
                        return fail(error, text, "has no ] behind its [");
                if (end[1] != '\0' && end[1] != ':')
                        return fail(error, text, "has something else than :PORT behind its ]");
                *ret_port = end[1] == ':' ? end + 2 : NULL;
                *ret_host = g_strndup(text + 1, (gsize) (end - text - 1));
                return TRUE;
        }
        if (colon && strchr(colon + 1, ':')) {
                /* An IPv6 address without brackets, hence without a port. */
                *ret_host = g_strdup(text);
                return TRUE;
        }
        *ret_port = colon ? colon + 1 : NULL;
        *ret_host = colon ? g_strndup(text, (gsize) (colon - text)) : g_strdup(text);
        return TRUE;
}

static gboolean parse_port(const char *text, const char *port, uint16_t default_port, uint16_t *ret,
                           GError **error) {
        guint64 number;

        if (!port) {
                *ret = default_port;
                return default_port > 0 || fail(error, text, "has no port");
        }
        if (!g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, &number, NULL))
                return fail(error, text, "has a port out of range: 1 to 65535");
        *ret = (uint16_t) number;
        return TRUE;
}

/* Takes "%eth0" or "%2" off the host. */
static gboolean take_scope(const char *text, char *host, guint32 *ret, GError **error) {
        char *percent = strchr(host, '%');
        guint64 number;

        *ret = 0;
        if (!percent)
                return TRUE;
        *percent = '\0';
        *ret = if_nametoindex(percent + 1);
        if (*ret == 0 && g_ascii_string_to_unsigned(percent + 1, 10, 1, G_MAXINT32, &number, NULL))
                *ret = (guint32) number;
        return *ret > 0 || fail(error, text, "names an interface that this machine has not");
}

/* ::ffff:192.0.2.7, as a socket for both families shows IPv4. */
static GInetAddress *plain_ipv4(GInetAddress *address) {
        const guint8 *bytes = g_inet_address_to_bytes(address);

        if (g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6 ||
            !IN6_IS_ADDR_V4MAPPED((const struct in6_addr *) (const void *) bytes))
                return g_object_ref(address);
        return g_inet_address_new_from_bytes(bytes + 12, G_SOCKET_FAMILY_IPV4);
}

static const char *fault_of(GInetAddress *address, guint32 scope) {
        static const guint8 broadcast[4] = { 255, 255, 255, 255 };
        gboolean six = g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6;
        gboolean needs_scope = six && g_inet_address_get_is_link_local(address);

        if (g_inet_address_get_is_any(address))
                return "is that of no machine";
        if (g_inet_address_get_is_multicast(address) ||
            (!six && memcmp(g_inet_address_to_bytes(address), broadcast, sizeof(broadcast)) == 0))
                return "is that of many machines";
        if (needs_scope && scope == 0)
                return "is link-local and names no interface";
        if (!needs_scope && scope > 0)
                return "names an interface, which only link-local ones of IPv6 need";
        return NULL;
}

GSocketAddress *pi_address_parse(const char *text, uint16_t default_port, GError **error) {
        g_autoptr(GInetAddress) address = NULL;
        g_autoptr(GInetAddress) plain = NULL;
        g_autofree char *host = NULL;
        const char *port_text, *fault;
        guint32 scope;
        uint16_t port;

        if (strlen(text) > PI_ADDRESS_LENGTH_MAX) {
                fail(error, text,
                     "is longer than " G_STRINGIFY(PI_ADDRESS_LENGTH_MAX) " bytes");
                return NULL;
        }
        if (!split(text, &host, &port_text, error) ||
            !parse_port(text, port_text, default_port, &port, error) ||
            !take_scope(text, host, &scope, error))
                return NULL;
        address = g_inet_address_new_from_string(host);
        if (!address || (text[0] == '[' &&
                         g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6)) {
                fail(error, text, "is no numeric address, and names are not looked up");
                return NULL;
        }
        plain = plain_ipv4(address);
        fault = fault_of(plain, scope);
        if (fault) {
                fail(error, text, fault);
                return NULL;
        }
        return g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", plain, "port", port, "scope-id",
                            scope, NULL);
}

char *pi_address_to_string(GSocketAddress *address) {
        GInetSocketAddress *socket = G_INET_SOCKET_ADDRESS(address);
        g_autoptr(GInetAddress) plain = plain_ipv4(g_inet_socket_address_get_address(socket));
        g_autofree char *host = g_inet_address_to_string(plain);
        guint16 port = g_inet_socket_address_get_port(socket);
        char name[IF_NAMESIZE];
        guint32 scope;

        if (g_inet_address_get_family(plain) == G_SOCKET_FAMILY_IPV4)
                return g_strdup_printf("%s:%u", host, port);
        scope = g_inet_socket_address_get_scope_id(socket);
        if (scope == 0)
                return g_strdup_printf("[%s]:%u", host, port);
        if (!if_indextoname(scope, name))
                g_snprintf(name, sizeof(name), "%u", scope);
        return g_strdup_printf("[%s%%%s]:%u", host, name, port);
}

/* NULL if no other machine would get here by it. */
static GInetAddress *address_of(const struct ifaddrs *entry, gboolean loopback) {
        g_autoptr(GInetAddress) address = NULL;
        const void *sa = entry->ifa_addr;
        const struct sockaddr_in *four = sa;
        const struct sockaddr_in6 *six = sa;

        if (!sa || (entry->ifa_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING))
                return NULL;
        if (four->sin_family == AF_INET)
                address = g_inet_address_new_from_bytes((const guint8 *) &four->sin_addr,
                                                        G_SOCKET_FAMILY_IPV4);
        else if (four->sin_family == AF_INET6)
                address = g_inet_address_new_from_bytes((const guint8 *) &six->sin6_addr,
                                                        G_SOCKET_FAMILY_IPV6);
        if (!address || g_inet_address_get_is_link_local(address) ||
            g_inet_address_get_is_loopback(address) != loopback)
                return NULL;
        return g_steal_pointer(&address);
}

static void add_family(GPtrArray *texts, const struct ifaddrs *entries, GSocketFamily family,
                       gboolean loopback, uint16_t port) {
        for (const struct ifaddrs *e = entries; e && texts->len < PI_ADDRESSES_MAX;
             e = e->ifa_next) {
                g_autoptr(GInetAddress) address = address_of(e, loopback);
                g_autoptr(GSocketAddress) full = NULL;

                if (!address || g_inet_address_get_family(address) != family)
                        continue;
                full = g_inet_socket_address_new(address, port);
                g_ptr_array_add(texts, pi_address_to_string(full));
        }
}

char **pi_addresses_of_this_machine(uint16_t port) {
        GPtrArray *texts = g_ptr_array_new();
        struct ifaddrs *entries = NULL;

        if (getifaddrs(&entries) < 0)
                entries = NULL;
        for (int loopback = 0; loopback <= 1 && texts->len == 0; loopback++) {
                add_family(texts, entries, G_SOCKET_FAMILY_IPV4, loopback, port);
                add_family(texts, entries, G_SOCKET_FAMILY_IPV6, loopback, port);
        }
        if (texts->len == 0)
                g_ptr_array_add(texts, g_strdup_printf("127.0.0.1:%u", port));
        freeifaddrs(entries);
        g_ptr_array_add(texts, NULL);
        return (char **) g_ptr_array_free(texts, FALSE);
}

char **pi_addresses_complete(const char *const *texts, uint16_t port, GError **error) {
        g_autoptr(GStrvBuilder) list = g_strv_builder_new();

        for (; *texts; texts++) {
                g_autoptr(GSocketAddress) address = pi_address_parse(*texts, port, error);
                g_autofree char *full = address ? pi_address_to_string(address) : NULL;

                if (!address)
                        return NULL;
                g_strv_builder_add(list, full);
        }
        return g_strv_builder_end(list);
}
