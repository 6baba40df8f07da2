/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
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
static gboolean take_scope(const char *text, char *host, uint32_t *ret, GError **error) {
        char *percent = strchr(host, '%');
        guint64 number;

        *ret = 0;
        if (!percent)
                return TRUE;
        *percent = '\0';
        *ret = if_nametoindex(percent + 1);
        if (*ret == 0 && g_ascii_string_to_unsigned(percent + 1, 10, 1, G_MAXINT32, &number, NULL))
                *ret = (uint32_t) number;
        return *ret > 0 || fail(error, text, "names an interface that this machine has not");
}

/* ::ffff:192.0.2.7, as a socket for both families shows IPv4. */
static struct in6_addr mapped(const struct in_addr *four) {
        struct in6_addr six = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

        six.s6_addr32[3] = four->s_addr;
        return six;
}

/* FALSE: it is no numeric address. */
static gboolean read_host(const char *text, struct in6_addr *ret) {
        struct in_addr four;

        if (inet_pton(AF_INET, text, &four) == 1)
                *ret = mapped(&four);
        else if (inet_pton(AF_INET6, text, ret) != 1)
                return FALSE;
        return TRUE;
}

/* Of IPv4, in the byte order of this machine. */
static uint32_t number_of(const PiAddress *address) {
        return ntohl(address->host.s6_addr32[3]);
}

static gboolean is_link_local(const PiAddress *address) {
        if (pi_address_is_ipv4(address))
                return number_of(address) >> 16 == 0xa9fe; /* 169.254.0.0/16 */
        return IN6_IS_ADDR_LINKLOCAL(&address->host);
}

static gboolean is_loopback(const PiAddress *address) {
        if (pi_address_is_ipv4(address))
                return number_of(address) >> 24 == IN_LOOPBACKNET;
        return IN6_IS_ADDR_LOOPBACK(&address->host);
}

static gboolean is_any(const PiAddress *address) {
        if (pi_address_is_ipv4(address))
                return number_of(address) == INADDR_ANY;
        return IN6_IS_ADDR_UNSPECIFIED(&address->host);
}

static gboolean is_of_many(const PiAddress *address) {
        if (pi_address_is_ipv4(address))
                return IN_MULTICAST(number_of(address)) || number_of(address) == INADDR_BROADCAST;
        return IN6_IS_ADDR_MULTICAST(&address->host);
}

static const char *fault_of(const PiAddress *address) {
        gboolean needs_scope = !pi_address_is_ipv4(address) && is_link_local(address);

        if (is_any(address))
                return "is that of no machine";
        if (is_of_many(address))
                return "is that of many machines";
        if (needs_scope && address->scope == 0)
                return "is link-local and names no interface";
        if (!needs_scope && address->scope > 0)
                return "names an interface, which only link-local ones of IPv6 need";
        return NULL;
}

gboolean pi_address_parse(const char *text, uint16_t default_port, PiAddress *ret,
                          GError **error) {
        g_autofree char *host = NULL;
        const char *port, *fault;
        PiAddress address;

        if (strlen(text) > PI_ADDRESS_LENGTH_MAX)
                return fail(error, text,
                            "is longer than " G_STRINGIFY(PI_ADDRESS_LENGTH_MAX) " bytes");
        if (!split(text, &host, &port, error) ||
            !parse_port(text, port, default_port, &address.port, error) ||
            !take_scope(text, host, &address.scope, error))
                return FALSE;
        /* Brackets are for IPv6. */
        if (!read_host(host, &address.host) || (text[0] == '[' && !strchr(host, ':')))
                return fail(error, text, "is no numeric address, and names are not looked up");
        fault = fault_of(&address);
        if (fault)
                return fail(error, text, fault);
        *ret = address;
        return TRUE;
}

gboolean pi_address_is_ipv4(const PiAddress *address) {
        return IN6_IS_ADDR_V4MAPPED(&address->host);
}

char *pi_address_host(const PiAddress *address) {
        char text[INET6_ADDRSTRLEN];

        if (pi_address_is_ipv4(address))
                (void) inet_ntop(AF_INET, &address->host.s6_addr32[3], text, sizeof(text));
        else
                (void) inet_ntop(AF_INET6, &address->host, text, sizeof(text));
        return g_strdup(text);
}

char *pi_address_to_string(const PiAddress *address) {
        g_autofree char *host = pi_address_host(address);
        char name[IF_NAMESIZE];

        if (pi_address_is_ipv4(address))
                return g_strdup_printf("%s:%u", host, address->port);
        if (address->scope == 0)
                return g_strdup_printf("[%s]:%u", host, address->port);
        if (!if_indextoname(address->scope, name))
                g_snprintf(name, sizeof(name), "%u", address->scope);
        return g_strdup_printf("[%s%%%s]:%u", host, name, address->port);
}

gboolean pi_address_from_native(const struct sockaddr *native, socklen_t size, PiAddress *ret) {
        const struct sockaddr_in *four = (const void *) native;
        const struct sockaddr_in6 *six = (const void *) native;

        if (size >= sizeof(*four) && native->sa_family == AF_INET)
                *ret = (PiAddress) { mapped(&four->sin_addr), 0, ntohs(four->sin_port) };
        else if (size >= sizeof(*six) && native->sa_family == AF_INET6)
                *ret = (PiAddress) { six->sin6_addr, six->sin6_scope_id, ntohs(six->sin6_port) };
        else
                return FALSE;
        return TRUE;
}

socklen_t pi_address_to_native(const PiAddress *address, struct sockaddr_storage *ret) {
        struct sockaddr_in *four = (void *) ret;
        struct sockaddr_in6 *six = (void *) ret;

        *ret = (struct sockaddr_storage) { 0 };
        if (pi_address_is_ipv4(address)) {
                four->sin_family = AF_INET;
                four->sin_port = htons(address->port);
                four->sin_addr.s_addr = address->host.s6_addr32[3];
                return sizeof(*four);
        }
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(address->port);
        six->sin6_addr = address->host;
        six->sin6_scope_id = address->scope;
        return sizeof(*six);
}

/* FALSE if no other machine would get here by it. */
static gboolean address_of(const struct ifaddrs *entry, gboolean loopback, PiAddress *ret) {
        const struct sockaddr *sa = entry->ifa_addr;

        if (!sa || (entry->ifa_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING))
                return FALSE;
        /* It says nothing of its size, which follows from the family. */
        return pi_address_from_native(sa, sizeof(struct sockaddr_storage), ret) &&
               !is_link_local(ret) && is_loopback(ret) == loopback;
}

static void add_family(GPtrArray *texts, const struct ifaddrs *entries, gboolean ipv4,
                       gboolean loopback, uint16_t port) {
        for (const struct ifaddrs *e = entries; e && texts->len < PI_ADDRESSES_MAX;
             e = e->ifa_next) {
                PiAddress address;

                if (!address_of(e, loopback, &address) || pi_address_is_ipv4(&address) != ipv4)
                        continue;
                address.port = port;
                g_ptr_array_add(texts, pi_address_to_string(&address));
        }
}

char **pi_addresses_of_this_machine(uint16_t port) {
        GPtrArray *texts = g_ptr_array_new();
        struct ifaddrs *entries = NULL;

        if (getifaddrs(&entries) < 0)
                entries = NULL;
        for (int loopback = 0; loopback <= 1 && texts->len == 0; loopback++) {
                add_family(texts, entries, TRUE, loopback, port);
                add_family(texts, entries, FALSE, loopback, port);
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
                g_autofree char *full = NULL;
                PiAddress address;

                if (!pi_address_parse(*texts, port, &address, error))
                        return NULL;
                full = pi_address_to_string(&address);
                g_strv_builder_add(list, full);
        }
        return g_strv_builder_end(list);
}
