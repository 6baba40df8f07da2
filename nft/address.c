/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "dbus/error.h"
#include "dbus/options.h"

#define MAPPED_BITS 96

static unsigned bits_of(int family) {
        return family == AF_INET ? 32 : 128;
}

static const uint8_t *bytes_of(const PiNftAddress *address) {
        return address->family == AF_INET ? (const uint8_t *) &address->v4 : address->v6.s6_addr;
}

static uint8_t *bytes_to(PiNftAddress *address) {
        return address->family == AF_INET ? (uint8_t *) &address->v4 : address->v6.s6_addr;
}

static gboolean read_numbers(const char *text, PiNftAddress *ret, GError **error) {
        PiNftAddress address = {};
        g_autofree char *shown = NULL;

        if (inet_pton(AF_INET, text, &address.v4) == 1)
                address.family = AF_INET;
        else if (inet_pton(AF_INET6, text, &address.v6) == 1)
                address.family = AF_INET6;
        if (address.family != 0) {
                *ret = address;
                return TRUE;
        }
        shown = pi_option_shown(text);
        return pi_option_invalid(error,
                                 "\"%s\" is no address%s: write 192.0.2.7 or 2001:db8::7",
                                 shown, strchr(text, '%') ? " without a zone" : "");
}

static void unmap(PiNftAddress *address) {
        struct in_addr v4;

        if (address->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6))
                return;
        memcpy(&v4, address->v6.s6_addr + MAPPED_BITS / 8, sizeof(v4));
        *address = (PiNftAddress) { .family = AF_INET, .v4 = v4 };
}

static gboolean is_of_a_host(const PiNftAddress *address) {
        if (address->family == AF_INET6)
                return !IN6_IS_ADDR_UNSPECIFIED(&address->v6) &&
                       !IN6_IS_ADDR_MULTICAST(&address->v6);
        return address->v4.s_addr != INADDR_ANY && address->v4.s_addr != INADDR_BROADCAST &&
               !IN_MULTICAST(ntohl(address->v4.s_addr));
}

gboolean pi_nft_address_parse(const char *text, PiNftAddress *ret, GError **error) {
        PiNftAddress address;

        if (!read_numbers(text, &address, error))
                return FALSE;
        unmap(&address);
        if (!is_of_a_host(&address))
                return pi_option_invalid(error, "%s is the address of no host", text);
        *ret = address;
        return TRUE;
}

/* One to three digits, without a sign or leading zeros. */
static gboolean read_length(const char *text, unsigned most, unsigned *ret) {
        gsize n = strspn(text, "0123456789");

        if (n < 1 || n > 3 || text[n] || (n > 1 && text[0] == '0'))
                return FALSE;
        *ret = (unsigned) g_ascii_strtoull(text, NULL, 10);
        return *ret <= most;
}

static void clear_bits_beyond(PiNftAddress *address, unsigned length) {
        uint8_t *bytes = bytes_to(address);

        for (unsigned bit = length; bit < bits_of(address->family); bit++)
                bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

gboolean pi_nft_prefix_parse(const char *text, PiNftPrefix *ret, GError **error) {
        const char *slash = strchr(text, '/');
        g_autofree char *host = slash ? g_strndup(text, (gsize) (slash - text)) : g_strdup(text);
        char shown[PI_NFT_PREFIX_SIZE];
        PiNftPrefix prefix;

        if (!read_numbers(host, &prefix.address, error))
                return FALSE;
        prefix.length = bits_of(prefix.address.family);
        if (slash && !read_length(slash + 1, prefix.length, &prefix.length))
                return pi_option_invalid(error,
                                         "The length of a prefix behind %s/ is a number from 0 to "
                                         "%u", host, bits_of(prefix.address.family));
        *ret = prefix;
        clear_bits_beyond(&ret->address, prefix.length);
        if (pi_nft_address_cmp(&ret->address, &prefix.address) != 0)
                return pi_option_invalid(error,
                                         "%s has bits beyond its length: is %s meant?", text,
                                         pi_nft_prefix_print(ret, shown));
        if (ret->length >= MAPPED_BITS && ret->address.family == AF_INET6 &&
            IN6_IS_ADDR_V4MAPPED(&ret->address.v6)) {
                unmap(&ret->address);
                ret->length -= MAPPED_BITS;
        }
        return TRUE;
}

const char *pi_nft_address_print(const PiNftAddress *address, char buffer[PI_NFT_ADDRESS_SIZE]) {
        return inet_ntop(address->family, bytes_of(address), buffer, PI_NFT_ADDRESS_SIZE);
}

const char *pi_nft_prefix_print(const PiNftPrefix *prefix, char buffer[PI_NFT_PREFIX_SIZE]) {
        gsize n;

        pi_nft_address_print(&prefix->address, buffer);
        n = strlen(buffer);
        if (prefix->length < bits_of(prefix->address.family))
                g_snprintf(buffer + n, PI_NFT_PREFIX_SIZE - n, "/%u", prefix->length);
        return buffer;
}

int pi_nft_address_cmp(const PiNftAddress *a, const PiNftAddress *b) {
        if (a->family != b->family)
                return a->family == AF_INET ? -1 : 1;
        return memcmp(bytes_of(a), bytes_of(b), bits_of(a->family) / 8);
}

gboolean pi_nft_prefix_contains(const PiNftPrefix *outer, const PiNftPrefix *inner) {
        PiNftAddress cut = inner->address;

        if (outer->address.family != inner->address.family || outer->length > inner->length)
                return FALSE;
        clear_bits_beyond(&cut, outer->length);
        return pi_nft_address_cmp(&cut, &outer->address) == 0;
}

gboolean pi_nft_prefix_equal(const PiNftPrefix *a, const PiNftPrefix *b) {
        return a->length == b->length && pi_nft_address_cmp(&a->address, &b->address) == 0;
}
