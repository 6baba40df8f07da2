/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

/* An IPv6 address, a zone, brackets and a port. */
#define TEXT_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE + 16)

/* 4 or 16 bytes in network order. */
typedef struct Bytes {
        int family;
        gsize n;
        guint8 byte[16];
} Bytes;

static gboolean read_bytes(const char *text, Bytes *ret) {
        if (inet_pton(AF_INET, text, ret->byte) == 1)
                *ret = (Bytes) { AF_INET, 4, { ret->byte[0], ret->byte[1], ret->byte[2],
                                               ret->byte[3] } };
        else if (inet_pton(AF_INET6, text, ret->byte) == 1) {
                ret->family = AF_INET6;
                ret->n = 16;
        } else
                return FALSE;
        return TRUE;
}

static char *print_bytes(const Bytes *bytes) {
        char text[INET6_ADDRSTRLEN] = "";

        return g_strdup(inet_ntop(bytes->family, bytes->byte, text, sizeof(text)) ?: "");
}

char *pi_address_canonical(const char *text) {
        const char *zone = strchr(text, '%');
        g_autofree char *bare = NULL;
        Bytes bytes;

        if (strlen(text) > TEXT_MAX)
                return NULL;
        bare = zone ? g_strndup(text, (gsize) (zone - text)) : g_strdup(text);
        if (!read_bytes(bare, &bytes) || (zone && bytes.family != AF_INET6))
                return NULL;
        return print_bytes(&bytes);
}

char *pi_address_of_endpoint(const char *text, guint16 *ret_port) {
        const char *colon = strrchr(text, ':');
        g_autofree char *host = NULL;
        guint64 port;

        if (strlen(text) > TEXT_MAX || !colon || colon == text ||
            !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))
                return NULL;
        if (ret_port)
                *ret_port = (guint16) port;
        if (text[0] == '[' && colon[-1] == ']') {
                host = g_strndup(text + 1, (gsize) (colon - text) - 2);
                return strchr(host, ':') ? pi_address_canonical(host) : NULL;
        }
        host = g_strndup(text, (gsize) (colon - text));
        /* Of 2001:db8::7 nobody can say whether the 7 is a port. */
        return strchr(host, ':') ? NULL : pi_address_canonical(host);
}

static gboolean has_bits_beyond(const Bytes *bytes, guint length) {
        for (guint bit = length; bit < bytes->n * 8; bit++)
                if (bytes->byte[bit / 8] & (0x80 >> bit % 8))
                        return TRUE;
        return FALSE;
}

static void clear_bits_beyond(Bytes *bytes, guint length) {
        for (guint bit = length; bit < bytes->n * 8; bit++)
                bytes->byte[bit / 8] &= (guint8) ~(0x80 >> bit % 8);
}

static char *refuse(const char *text, GError **error) {
        g_autofree char *quoted = pi_text_quote(text, TEXT_MAX);

        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is neither an address nor a prefix: give for example 192.0.2.7, "
                    "192.0.2.0/24 or 2001:db8::/64", quoted);
        return NULL;
}

static gboolean read_prefix(const char *text, Bytes *bytes, guint *ret_length) {
        const char *slash = strchr(text, '/');
        g_autofree char *host = slash ? g_strndup(text, (gsize) (slash - text)) : g_strdup(text);
        guint64 length = 0;

        if (!read_bytes(host, bytes) ||
            (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, bytes->n * 8, &length, NULL)))
                return FALSE;
        *ret_length = slash ? (guint) length : (guint) bytes->n * 8;
        return TRUE;
}

gboolean pi_address_is_within(const char *address, const char *prefix) {
        Bytes inner, outer;
        guint length;

        if (strlen(prefix) > TEXT_MAX || !read_bytes(address, &inner) ||
            !read_prefix(prefix, &outer, &length) || inner.family != outer.family)
                return FALSE;
        clear_bits_beyond(&inner, length);
        clear_bits_beyond(&outer, length);
        return memcmp(inner.byte, outer.byte, inner.n) == 0;
}

char *pi_address_prefix(const char *text, GError **error) {
        g_autofree char *printed = NULL;
        Bytes bytes;
        guint length;

        if (strlen(text) > TEXT_MAX || !read_prefix(text, &bytes, &length))
                return refuse(text, error);
        if (has_bits_beyond(&bytes, length)) {
                clear_bits_beyond(&bytes, length);
                printed = print_bytes(&bytes);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is no prefix, as it has bits beyond its length: give %s/%u, or an "
                            "address without a length", text, printed, length);
                return NULL;
        }
        printed = print_bytes(&bytes);
        return length < bytes.n * 8 ? g_strdup_printf("%s/%u", printed, length)
                                    : g_steal_pointer(&printed);
}
