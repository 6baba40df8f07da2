/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdint.h>

/* Bytes of one in text. */
#define PI_NFT_ADDRESS_SIZE INET6_ADDRSTRLEN
#define PI_NFT_PREFIX_SIZE (INET6_ADDRSTRLEN + sizeof("/128"))

/* Typed, so that no text of a caller ever comes into a rule. */
typedef struct PiNftAddress {
        int family; /* AF_INET or AF_INET6 */
        union {
                struct in_addr v4;
                struct in6_addr v6;
        };
} PiNftAddress;

typedef struct PiNftPrefix {
        PiNftAddress address; /* without bits beyond the length */
        unsigned length;      /* in bits: at most 32 or 128 */
} PiNftPrefix;

/* A numeric address; one of IPv4 mapped into IPv6 is that of IPv4, as the packets are. Errors:
 * PI_ERROR_INVALID_OPTION: no such address, with a zone, or one that no host has. */
gboolean pi_nft_address_parse(const char *text, PiNftAddress *ret, GError **error);

/* The same, or with a length behind a slash: "192.0.2.0/24". */
gboolean pi_nft_prefix_parse(const char *text, PiNftPrefix *ret, GError **error);

/* As inet_ntop(3) has it. Returns `buffer`. */
const char *pi_nft_address_print(const PiNftAddress *address, char buffer[PI_NFT_ADDRESS_SIZE]);
const char *pi_nft_prefix_print(const PiNftPrefix *prefix, char buffer[PI_NFT_PREFIX_SIZE]);

/* By family, then by number. */
int pi_nft_address_cmp(const PiNftAddress *a, const PiNftAddress *b);

/* Whether all addresses of `inner` are in `outer`. */
gboolean pi_nft_prefix_contains(const PiNftPrefix *outer, const PiNftPrefix *inner);
gboolean pi_nft_prefix_equal(const PiNftPrefix *a, const PiNftPrefix *b);
