/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/foreign/json.h"

#include <string.h>

JsonNode *pi_foreign_member(JsonObject *object, const char *name) {
        return object ? json_object_get_member(object, name) : NULL;
}

const char *pi_foreign_string(JsonNode *node) {
        if (!node || !JSON_NODE_HOLDS_VALUE(node))
                return NULL;
        return json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

JsonObject *pi_foreign_object(JsonNode *node) {
        return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *pi_foreign_array(JsonNode *node) {
        return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

/* Truth is 0 or 1. */
gboolean pi_foreign_integer(JsonNode *node, gint64 *ret) {
        GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) :
                                                           G_TYPE_INVALID;

        if (type == G_TYPE_INT64)
                *ret = json_node_get_int(node);
        else if (type == G_TYPE_BOOLEAN)
                *ret = json_node_get_boolean(node);
        else
                return FALSE;
        return TRUE;
}

const char *pi_foreign_member_string(JsonObject *object, const char *name) {
        return pi_foreign_string(pi_foreign_member(object, name));
}

JsonObject *pi_foreign_member_object(JsonObject *object, const char *name) {
        return pi_foreign_object(pi_foreign_member(object, name));
}

JsonArray *pi_foreign_member_array(JsonObject *object, const char *name) {
        return pi_foreign_array(pi_foreign_member(object, name));
}

const char *pi_foreign_tag(JsonNode *node, JsonNode **ret_value) {
        JsonObject *object = pi_foreign_object(node);
        JsonObjectIter iter;
        const char *name = NULL;

        *ret_value = NULL;
        if (!object || json_object_get_size(object) != 1)
                return NULL;
        json_object_iter_init(&iter, object);
        return json_object_iter_next(&iter, &name, ret_value) ? name : NULL;
}

/* Behind the string that begins at `at`. */
static gsize skip_string(const char *json, gsize length, gsize at) {
        for (at++; at < length && json[at] != '"'; at++)
                if (json[at] == '\\')
                        at++;
        return at;
}

gboolean pi_foreign_is_flat(const char *json, gsize length, guint depth_max) {
        guint depth = 0;

        for (gsize i = 0; i < length; i++) {
                char c = json[i];

                if (c == '"')
                        i = skip_string(json, length, i);
                else if (c == '[' || c == '{') {
                        if (++depth > depth_max)
                                return FALSE;
                } else if (c == ']' || c == '}')
                        depth = depth ? depth - 1 : 0;
                else if (!g_ascii_isalnum(c) && (c == 0 || !strchr(" \t\r\n,:.+-", c)))
                        return FALSE;
        }
        return TRUE;
}
