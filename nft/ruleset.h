/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/intent.h"

/* The table, as nft(8) reads it. Only packets to the port are looked at, and without connection
 * tracking: a member that is taken out loses the connections it has. */
#define PI_NFT_FAMILY "inet"
#define PI_NFT_TABLE "picomputed"
#define PI_NFT_MEMBERS "members" /* the sets are members4 and members6; so with the others */
#define PI_NFT_JOIN "join"
#define PI_NFT_REFUSED "refused"

/* SYN packets a minute from an address that is none of a member's, beyond which they are dropped
 * even within a window. A /64 of IPv6 counts as one. */
#define PI_NFT_STRANGER_RATE 10

/* What the kernel can do. */
typedef struct PiNftVariant {
        gboolean owner;  /* the table goes with the socket that made it, and is its owner's alone */
        gboolean limits; /* a rate limit and a log, which may be modules that are not there */
} PiNftVariant;

/* Replaces the table, whether it is there or not, in one transaction. `now_usec`: for the time
 * that windows have left. */
char *pi_ruleset_whole(const PiIntent *intent, PiNftVariant variant, gint64 now_usec);

/* Makes members and windows those of `intent`, which differ from `before` only in these; "" when
 * there is nothing to do. */
char *pi_ruleset_change(const PiIntent *before, const PiIntent *intent, gint64 now_usec);

/* Takes the table away, whether it is there or not. */
char *pi_ruleset_none(PiNftVariant variant);
