/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine/fields.h"

#include <string.h>

#include "daemon/engine/contract.h"
#include "dbus/error.h"

/* Behind the string that begins at `at`. */
static gsize skip_string(const char *text, gsize length, gsize at) {
        while (++at < length && text[at] != '"')
                if (text[at] == '\\')
                        at++;
        return at;
}

/* The library parses by recursion: what is nested deeper than any line of ours never reaches it. */
static gboolean is_shallow(const char *text, gsize length, guint depth_max) {
        guint depth = 0;

        for (gsize i = 0; i < length; i++) {
                if (text[i] == '"')
                        i = skip_string(text, length, i);
                else if (text[i] == '{' || text[i] == '[')
                        depth++;
                else if ((text[i] == '}' || text[i] == ']') && depth > 0)
                        depth--;
                if (depth > depth_max)
                        return FALSE;
        }
        return TRUE;
}

gboolean pi_fields_fail(const PiFields *fields, GError **error, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_set_error_literal(error, PI_ERROR, fields->code, message);
        return FALSE;
}

gboolean pi_fields_parse(const char *text, gsize length, guint depth_max, int code, PiFields *ret,
                         GError **error) {
        g_auto(PiFields) fields = { .code = code };
        JsonNode *root;

        if (length > PI_CONTRACT_LINE_MAX)
                return pi_fields_fail(&fields, error,
                                      "A line has %" G_GSIZE_FORMAT " bytes: at most %d are taken",
                                      length, PI_CONTRACT_LINE_MAX);
        if (!g_utf8_validate_len(text, length, NULL))
                return pi_fields_fail(&fields, error, "A line is not UTF-8 without NUL bytes");
        fields.parser = json_parser_new_immutable();
        if (!is_shallow(text, length, depth_max) ||
            !json_parser_load_from_data(fields.parser, text, (gssize) length, NULL))
                return pi_fields_fail(&fields, error, "A line is not JSON, or nested too deeply");
        root = json_parser_get_root(fields.parser);
        if (!root || !JSON_NODE_HOLDS_OBJECT(root))
                return pi_fields_fail(&fields, error, "A line is not one JSON object");
        fields.object = json_node_get_object(root);
        *ret = fields;
        fields.parser = NULL;
        return TRUE;
}

void pi_fields_clear(PiFields *fields) {
        g_clear_object(&fields->parser);
}

gboolean pi_fields_has(const PiFields *fields, const char *name) {
        return json_object_has_member(fields->object, name);
}

static JsonNode *find(const PiFields *fields, const char *name, GError **error) {
        JsonNode *node = json_object_get_member(fields->object, name);

        if (!node)
                pi_fields_fail(fields, error, "A line has no \"%s\"", name);
        return node;
}

gboolean pi_fields_element(const PiFields *fields, const char *name, JsonNode *node, uint64_t min,
                           uint64_t max, uint64_t *ret, GError **error) {
        gint64 value;

        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
                return pi_fields_fail(fields, error, "\"%s\" is not a whole number", name);
        value = json_node_get_int(node);
        if (value < 0 || (uint64_t) value < min || (uint64_t) value > max)
                return pi_fields_fail(fields, error,
                                      "\"%s\" is %" G_GINT64_FORMAT ", out of range: %"
                                      G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                      name, value, min, max);
        *ret = (uint64_t) value;
        return TRUE;
}

gboolean pi_fields_number(const PiFields *fields, const char *name, uint64_t min, uint64_t max,
                          uint64_t *ret, GError **error) {
        JsonNode *node = find(fields, name, error);

        return node && pi_fields_element(fields, name, node, min, max, ret, error);
}

const char *pi_fields_node_text(JsonNode *node) {
        const char *text;

        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
                return NULL;
        text = json_node_get_string(node);
        return strlen(text) <= PI_CONTRACT_TEXT_MAX ? text : NULL;
}

gboolean pi_fields_text(const PiFields *fields, const char *name, gboolean needed,
                        const char **ret, GError **error) {
        JsonNode *node;

        *ret = "";
        if (!needed && !pi_fields_has(fields, name))
                return TRUE;
        node = find(fields, name, error);
        if (!node)
                return FALSE;
        *ret = pi_fields_node_text(node);
        return *ret || pi_fields_fail(fields, error, "\"%s\" is not a text of at most %d bytes",
                                      name, PI_CONTRACT_TEXT_MAX);
}

gboolean pi_fields_truth(const PiFields *fields, const char *name, gboolean *ret, GError **error) {
        JsonNode *node = find(fields, name, error);

        if (!node)
                return FALSE;
        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
                return pi_fields_fail(fields, error, "\"%s\" is neither true nor false", name);
        *ret = json_node_get_boolean(node);
        return TRUE;
}

gboolean pi_fields_array(const PiFields *fields, const char *name, guint min, guint max,
                         JsonArray **ret, GError **error) {
        JsonNode *node = find(fields, name, error);
        guint n;

        if (!node)
                return FALSE;
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return pi_fields_fail(fields, error, "\"%s\" is not an array", name);
        *ret = json_node_get_array(node);
        n = json_array_get_length(*ret);
        return (n >= min && n <= max) ||
               pi_fields_fail(fields, error, "\"%s\" has %u entries: %u to %u are taken", name, n,
                              min, max);
}

gboolean pi_fields_range_is_good(PiRange range) {
        return range.begin < range.end && range.end <= PI_TERMS_MAX &&
               range.begin % PI_GROUP_TERMS == 0;
}

gboolean pi_fields_range(const PiFields *fields, PiRange *ret, GError **error) {
        PiRange range;

        if (!pi_fields_number(fields, "from", 0, PI_TERMS_MAX, &range.begin, error) ||
            !pi_fields_number(fields, "to", 0, PI_TERMS_MAX, &range.end, error))
                return FALSE;
        if (!pi_fields_range_is_good(range))
                return pi_fields_fail(fields, error,
                                      "\"from\" %" G_GUINT64_FORMAT " and \"to\" %" G_GUINT64_FORMAT
                                      " are no range: it begins at a multiple of %d and is not "
                                      "empty",
                                      range.begin, range.end, PI_GROUP_TERMS);
        *ret = range;
        return TRUE;
}
