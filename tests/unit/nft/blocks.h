/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/foreign/foreign.h"

/* What is in the way from an address to a port, by rules in JSON that have to be good: lines
 * "verdict family table chain handle", the caller's. */
char *blocks_text(const char *json, const char *source, guint16 port);

/* The same with rules explained by their text. */
char *blocks_explained(const char *json, const char *text, const char *source, guint16 port);

/* With tables of a few rules, given as what is in the list "nftables". */
void assert_blocks(const char *objects, const char *source, const char *wanted);

/* A table "inet t" whose chain "i" at the hook of input has this policy, and these statements one
 * rule each, in turn with handles from 10 on; more chains "a", "b", "c" are empty. */
char *table_of_rules(const char *policy, const char *const *rules);
