/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "nft/address.h"

/* Which rule of which table drops a new TCP connection: found out from the text of the rules,
 * without a packet. Our own table, "inet picomputed", is left out. */

/* As much as is read: text, rules, chains, and elements of sets over all tables. */
#define PI_FOREIGN_BYTES_MAX ((gsize) 16 << 20)
#define PI_FOREIGN_RULES_MAX 200000
#define PI_FOREIGN_CHAINS_MAX 50000
#define PI_FOREIGN_ELEMENTS_MAX 2000000

typedef struct PiForeign PiForeign;

/* The first packet of a connection, a SYN that comes in by an interface other than "lo". Where it
 * comes from and to which TCP port of this machine. */
typedef struct PiForeignPacket {
        PiNftAddress source;
        guint16 dport;
} PiForeignPacket;

typedef enum PiForeignVerdict {
        PI_FOREIGN_DROP,
        PI_FOREIGN_REJECT,
        PI_FOREIGN_MAYBE, /* what the rule does cannot be told without a packet */
} PiForeignVerdict;

/* One rule in the way. The strings belong to the PiForeign. */
typedef struct PiForeignBlock {
        PiForeignVerdict verdict;
        const char *family;
        const char *table;
        const char *chain;
        guint64 handle; /* 0: the policy of the chain */
} PiForeignBlock;

/* Reads what libnftables prints in JSON for `list ruleset`. The answer is the caller's.
 * PI_ERROR_FAILED when it is not that, or more than the limits above.
 *
 * All tables ought to be there: marks, NAT and untracked connections of one table are seen by the
 * others. And what is in sets, which NFT_CTX_OUTPUT_TERSE leaves out. */
PiForeign *pi_foreign_parse(const char *json, gsize length, GError **error);
void pi_foreign_free(PiForeign *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiForeign, pi_foreign_free)

/* Looks up in the text of the same rules, as libnftables prints them with handles, what JSON does
 * not say: the states of a connection and the types of addresses that extensions of iptables match.
 * Only a libnftables that was built with xtables prints them; else nothing changes. What does not
 * fit is passed over, and stays a maybe. */
void pi_foreign_explain(PiForeign *f, const char *text, gsize length);

/* Appends to `blocks`, an array of PiForeignBlock, at most one for each table: what is certain
 * before what may be. Takes time in proportion to the rules, whichever way they jump. */
void pi_foreign_find_blocks(const PiForeign *f, const PiForeignPacket *packet, GArray *blocks);

/* "drop", "reject" or "maybe". */
const char *pi_foreign_verdict_name(PiForeignVerdict verdict);
