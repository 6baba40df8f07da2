/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "nft/foreign/ruleset.h"

/* While rules are read. Names are looked up by "family table name", with a tab between, since a
 * name may have blanks. */
typedef struct PiForeignReader {
        PiForeign *f;
        GHashTable *tables; /* PiForeignTable of f by "family table" */
        GHashTable *chains; /* index + 1 in f->chains */
        GHashTable *named;  /* JsonArray: elements of a set or map */
        GHashTable *sets;   /* PiForeignSet of f, by name and the fields it is compared with */
        const char *place;  /* "family table" of the rule that is read */
        guint rules;
        guint elements; /* over all sets and maps */
} PiForeignReader;

char *pi_foreign_reader_name(const char *place, const char *name);

/* A match of a rule, from {"op": ..., "left": ..., "right": ...}. */
void pi_foreign_read_match(PiForeignReader *r, JsonObject *json, PiForeignMatch *ret);

/* A map of verdicts, from {"key": ..., "data": ...}. The caller's. */
PiForeignMap *pi_foreign_read_map(PiForeignReader *r, JsonObject *json);

/* A verdict by its tag. FALSE when it is none. */
gboolean pi_foreign_read_verdict(PiForeignReader *r, const char *tag, JsonNode *value,
                                 PiForeignAction *ret);

/* A rule from its "expr"; the caller's. */
PiForeignRule *pi_foreign_read_rule(PiForeignReader *r, guint64 handle, JsonArray *statements);
