/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "nft/foreign/ruleset.h"

/* What a rule compares a field with. FALSE when it is not understood. */

/* One number: a word that nft has for it, an address, or flags in a list. */
gboolean pi_foreign_read_number(PiForeignField field, JsonNode *node, PiForeignNumber *ret);

/* That, a prefix or a range. */
gboolean pi_foreign_read_range(PiForeignField field, JsonNode *node, PiForeignRange *ret);

/* An element of a set for a key, ranges[key->n]. "*", which is whatever no other element is, sets
 * *ret_rest; the ranges are all then. */
gboolean pi_foreign_read_element(const PiForeignKey *key, JsonNode *node, PiForeignRange *ranges,
                                 gboolean *ret_rest);
