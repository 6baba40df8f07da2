/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>

/* An address of AF_INET or AF_INET6. */
typedef struct PiNftAddress {
        int family;
        union {
                struct in_addr v4;
                struct in6_addr v6;
        };
} PiNftAddress;
