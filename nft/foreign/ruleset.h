/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/foreign/foreign.h"

/* What rules are within this library. Everything a rule compares is a number, addresses too: in the
 * order of the network, so that a prefix is a range. */
typedef unsigned __int128 PiForeignNumber;

#define PI_FOREIGN_NUMBER_MAX (~(PiForeignNumber) 0)

/* From and including both. */
typedef struct PiForeignRange {
        PiForeignNumber low, high;
} PiForeignRange;

#define PI_FOREIGN_ANY ((PiForeignRange) { 0, PI_FOREIGN_NUMBER_MAX })

/* What of a packet a rule looks at. Of some there is a dependency that nft leaves unsaid: with
 * "ip saddr" in a table of inet goes that the packet is one of IPv4, even for "!=". */
typedef enum PiForeignField {
        PI_FOREIGN_FIELD_OTHER,   /* cannot be known */
        PI_FOREIGN_FIELD_OTHER4,  /* nor these, in a header of IPv4 or IPv6 */
        PI_FOREIGN_FIELD_OTHER6,
        PI_FOREIGN_FIELD_ABSENT,  /* in a header that no SYN has: UDP and the like */
        PI_FOREIGN_FIELD_SADDR4,
        PI_FOREIGN_FIELD_SADDR6,
        PI_FOREIGN_FIELD_PROTOCOL,
        PI_FOREIGN_FIELD_PROTOCOL4,
        PI_FOREIGN_FIELD_PROTOCOL6,
        PI_FOREIGN_FIELD_NFPROTO,
        PI_FOREIGN_FIELD_ETHERTYPE,
        PI_FOREIGN_FIELD_SPORT,
        PI_FOREIGN_FIELD_DPORT,
        PI_FOREIGN_FIELD_TCP_FLAGS,
        PI_FOREIGN_FIELD_INTERFACE,
        PI_FOREIGN_FIELD_INTERFACE_TYPE,
        PI_FOREIGN_FIELD_PKTTYPE,
        PI_FOREIGN_FIELD_MARK,
        PI_FOREIGN_FIELD_CT_STATE,
        PI_FOREIGN_FIELD_CT_STATUS,
        PI_FOREIGN_FIELD_FIB_TYPE,
        PI_FOREIGN_FIELD_FIB_RETURN,
        PI_FOREIGN_FIELD_EXTENSION6,
} PiForeignField;

/* Interfaces by name: there is "lo", and there are others. */
#define PI_FOREIGN_LOOPBACK 0
#define PI_FOREIGN_OTHER_INTERFACE 1

/* Bits of the kernel. */
#define PI_FOREIGN_CT_INVALID 1
#define PI_FOREIGN_CT_ESTABLISHED 2
#define PI_FOREIGN_CT_RELATED 4
#define PI_FOREIGN_CT_NEW 8
#define PI_FOREIGN_CT_UNTRACKED 64

#define PI_FOREIGN_FIELDS_MAX 8

/* One or several fields beside each other, the latter in nft with dots between. */
typedef struct PiForeignKey {
        guint n;
        PiForeignField fields[PI_FOREIGN_FIELDS_MAX];
        PiForeignNumber mask; /* of a single field */
} PiForeignKey;

/* Values for a key: `n` ranges for each element, one for each field. Of a single field they are in
 * order and apart. */
typedef struct PiForeignSet {
        guint n;
        GArray *ranges;
        gboolean opaque; /* there are elements that were not understood */
} PiForeignSet;

PiForeignSet *pi_foreign_set_new(guint n);
void pi_foreign_set_free(PiForeignSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiForeignSet, pi_foreign_set_free)
/* After the last element. */
void pi_foreign_set_order(PiForeignSet *set);

typedef enum PiForeignAct {
        PI_FOREIGN_ACT_NONE,
        PI_FOREIGN_ACT_ACCEPT,
        PI_FOREIGN_ACT_DROP,
        PI_FOREIGN_ACT_REJECT,
        PI_FOREIGN_ACT_RETURN,
        PI_FOREIGN_ACT_JUMP,
        PI_FOREIGN_ACT_GOTO,
        PI_FOREIGN_ACT_QUEUE,     /* a program decides */
        PI_FOREIGN_ACT_ELSEWHERE, /* to another address or port */
        PI_FOREIGN_ACT_UNKNOWN,   /* any of these */
} PiForeignAct;

typedef struct PiForeignAction {
        PiForeignAct act;
        guint target; /* index of a chain */
} PiForeignAction;

typedef enum PiForeignTest {
        PI_FOREIGN_TEST_EQUAL,
        PI_FOREIGN_TEST_COMMON_BITS,
} PiForeignTest;

typedef struct PiForeignMatch {
        PiForeignKey key;
        PiForeignTest test;
        gboolean negated;
        PiForeignSet *set; /* borrowed from the PiForeign; NULL: not understood */
        PiForeignNumber bits;
} PiForeignMatch;

typedef struct PiForeignMapRow {
        PiForeignRange ranges[PI_FOREIGN_FIELDS_MAX];
        gboolean opaque;
        gboolean rest; /* whatever is no other element */
        PiForeignAction action;
} PiForeignMapRow;

typedef struct PiForeignMap {
        PiForeignKey key;
        GArray *rows; /* NULL: not understood */
} PiForeignMap;

/* Which condition was not understood, where text may tell. */
typedef enum PiForeignHidden {
        PI_FOREIGN_HIDDEN_NONE,
        PI_FOREIGN_HIDDEN_CT_STATE,
        PI_FOREIGN_HIDDEN_FIB_TYPE,
        PI_FOREIGN_HIDDEN_OTHER, /* another one, or several */
} PiForeignHidden;

typedef struct PiForeignRule {
        guint64 handle;
        GArray *matches;
        gboolean uncertain; /* it has a condition that was not understood */
        PiForeignHidden hidden;
        PiForeignMap *map;  /* or NULL, and then the action */
        PiForeignAction action;
} PiForeignRule;

typedef enum PiForeignHook {
        PI_FOREIGN_HOOK_NONE, /* only jumped to, or no place that a connection to here comes by */
        PI_FOREIGN_HOOK_INGRESS,
        PI_FOREIGN_HOOK_PREROUTING,
        PI_FOREIGN_HOOK_INPUT,
} PiForeignHook;

typedef struct PiForeignChain {
        char *name;
        PiForeignHook hook;
        gboolean nat;
        gint64 priority;
        gboolean policy_drop;
        GPtrArray *rules;
} PiForeignChain;

typedef struct PiForeignTable {
        char *family;
        char *name;
        gboolean uncertain; /* it may be dormant */
        GArray *chains; /* indices of all */
        GArray *bases; /* indices of chains, in the order a packet meets them */
} PiForeignTable;

struct PiForeign {
        GPtrArray *tables;
        GPtrArray *chains;
        GPtrArray *sets; /* that matches borrow */
        gboolean marks;    /* something sets marks */
        gboolean untracks; /* something takes connections out of tracking */
};

void pi_foreign_rule_free(PiForeignRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiForeignRule, pi_foreign_rule_free)
void pi_foreign_map_free(PiForeignMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiForeignMap, pi_foreign_map_free)
PiForeign *pi_foreign_new(void);
