/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* Parts of JSON that may be anything: NULL, or FALSE, for what is not there or of another type. */
JsonNode *pi_foreign_member(JsonObject *object, const char *name);
const char *pi_foreign_string(JsonNode *node);
JsonObject *pi_foreign_object(JsonNode *node);
JsonArray *pi_foreign_array(JsonNode *node);
gboolean pi_foreign_integer(JsonNode *node, gint64 *ret);

const char *pi_foreign_member_string(JsonObject *object, const char *name);
JsonObject *pi_foreign_member_object(JsonObject *object, const char *name);
JsonArray *pi_foreign_member_array(JsonObject *object, const char *name);

/* Of an object with one member, as libnftables tags things, its name and value. */
const char *pi_foreign_tag(JsonNode *node, JsonNode **ret_value);

/* What json-glib would read with its call stack, or as a comment, is refused before. FALSE when the
 * text nests deeper than `depth_max`, or has a character that JSON has not. */
gboolean pi_foreign_is_flat(const char *json, gsize length, guint depth_max);
