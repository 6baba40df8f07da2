/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdint.h>

#include "daemon/series/range.h"

/* The members of a JSON object that somebody else wrote. Each reader fails with an error of `code`
 * that names the member, and what it should be. */
typedef struct PiFields {
        JsonParser *parser;
        JsonObject *object;
        int code; /* PiError */
} PiFields;

/* An object, nested no deeper than `depth_max`. Nothing has to be cleared when it fails. */
gboolean pi_fields_parse(const char *text, gsize length, guint depth_max, int code, PiFields *ret,
                         GError **error);
void pi_fields_clear(PiFields *fields);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiFields, pi_fields_clear)

gboolean pi_fields_has(const PiFields *fields, const char *name);

/* A whole number, min to max. */
gboolean pi_fields_number(const PiFields *fields, const char *name, uint64_t min, uint64_t max,
                          uint64_t *ret, GError **error);

/* As pi_fields_number(), for an element of an array. */
gboolean pi_fields_element(const PiFields *fields, const char *name, JsonNode *node, uint64_t min,
                           uint64_t max, uint64_t *ret, GError **error);

/* A text of at most PI_CONTRACT_TEXT_MAX bytes, borrowed. One that is not there is "" unless it is
 * `needed`. */
gboolean pi_fields_text(const PiFields *fields, const char *name, gboolean needed,
                        const char **ret, GError **error);

/* Whether an array's or a member's value is such a text. */
const char *pi_fields_node_text(JsonNode *node);

gboolean pi_fields_truth(const PiFields *fields, const char *name, gboolean *ret, GError **error);

/* An array of `min` to `max` elements, borrowed. */
gboolean pi_fields_array(const PiFields *fields, const char *name, guint min, guint max,
                         JsonArray **ret, GError **error);

/* "from" and "to". */
gboolean pi_fields_range(const PiFields *fields, PiRange *ret, GError **error);

/* Whether an engine may be asked for these terms. */
gboolean pi_fields_range_is_good(PiRange range);

gboolean pi_fields_fail(const PiFields *fields, GError **error, const char *format, ...)
        G_GNUC_PRINTF(3, 4);
