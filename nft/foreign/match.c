/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "nft/foreign/field.h"
#include "nft/foreign/json.h"
#include "nft/foreign/reader.h"
#include "nft/foreign/value.h"

char *pi_foreign_reader_name(const char *place, const char *name) {
        return g_strdup_printf("%s\t%s", place, name);
}

/* "@name" */
static JsonArray *named_elements(PiForeignReader *r, const char *reference) {
        g_autofree char *name = pi_foreign_reader_name(r->place, reference + 1);

        return g_hash_table_lookup(r->named, name);
}

static void add_element(PiForeignSet *set, const PiForeignKey *key, JsonNode *node) {
        PiForeignRange ranges[PI_FOREIGN_FIELDS_MAX];
        gboolean rest;

        if (pi_foreign_read_element(key, node, ranges, &rest))
                g_array_append_vals(set->ranges, ranges, key->n);
        else
                set->opaque = TRUE;
}

static PiForeignSet *read_elements(PiForeignReader *r, const PiForeignKey *key, JsonArray *array) {
        PiForeignSet *set = pi_foreign_set_new(key->n);

        for (guint i = 0; i < json_array_get_length(array); i++, r->elements++)
                add_element(set, key, json_array_get_element(array, i));
        pi_foreign_set_order(set);
        g_ptr_array_add(r->f->sets, set);
        return set;
}

/* Once for all rules that compare the same fields with it: their words mean other numbers. */
static PiForeignSet *read_named(PiForeignReader *r, const PiForeignKey *key, const char *name) {
        JsonArray *array = named_elements(r, name);
        g_autoptr(GString) id = g_string_new(r->place);
        PiForeignSet *set;

        if (!array)
                return NULL;
        g_string_append_printf(id, "\t%s", name);
        for (guint i = 0; i < key->n; i++)
                g_string_append_printf(id, "\t%d", key->fields[i]);
        set = g_hash_table_lookup(r->sets, id->str);
        if (!set) {
                set = read_elements(r, key, array);
                g_hash_table_insert(r->sets, g_string_free(g_steal_pointer(&id), FALSE), set);
        }
        return set;
}

static PiForeignSet *read_one(PiForeignReader *r, const PiForeignKey *key, JsonNode *node) {
        PiForeignSet *set = pi_foreign_set_new(key->n);

        add_element(set, key, node);
        g_ptr_array_add(r->f->sets, set);
        r->elements++;
        return set;
}

/* NULL when it is not understood. */
static PiForeignSet *read_right(PiForeignReader *r, const PiForeignKey *key, JsonNode *node) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value), *text = pi_foreign_string(node);

        if (text && *text == '@')
                return read_named(r, key, text);
        if (tag && strcmp(tag, "set") == 0) {
                text = pi_foreign_string(value);
                if (text && *text == '@')
                        return read_named(r, key, text);
                return pi_foreign_array(value) ? read_elements(r, key, pi_foreign_array(value)) :
                                                 read_one(r, key, value);
        }
        return read_one(r, key, node);
}

/* "<" and the like, as what is in a range. */
static PiForeignSet *read_order(PiForeignReader *r, const PiForeignKey *key, const char *op,
                                JsonNode *node) {
        PiForeignRange range = PI_FOREIGN_ANY;
        PiForeignSet *set;
        PiForeignNumber number;

        if (key->n != 1 || !pi_foreign_read_number(key->fields[0], node, &number))
                return NULL;
        if (key->fields[0] == PI_FOREIGN_FIELD_INTERFACE)
                return NULL;
        set = pi_foreign_set_new(1);
        g_ptr_array_add(r->f->sets, set);
        if (*op == '<')
                range.high = op[1] ? number : number - 1;
        else
                range.low = op[1] ? number : number + 1;
        if (op[1] || number != (*op == '<' ? 0 : PI_FOREIGN_NUMBER_MAX))
                g_array_append_val(set->ranges, range);
        return set;
}

void pi_foreign_read_match(PiForeignReader *r, JsonObject *json, PiForeignMatch *ret) {
        const char *op = pi_foreign_member_string(json, "op");
        JsonNode *right = pi_foreign_member(json, "right");

        *ret = (PiForeignMatch) { .test = PI_FOREIGN_TEST_EQUAL };
        pi_foreign_read_key(pi_foreign_member(json, "left"), &ret->key);
        if (!op || !right)
                return;
        if (strcmp(op, "in") == 0 || strcmp(op, "!") == 0) {
                ret->test = PI_FOREIGN_TEST_COMMON_BITS;
                ret->negated = *op == '!';
                if (ret->key.n == 1 &&
                    pi_foreign_read_number(ret->key.fields[0], right, &ret->bits))
                        return;
                ret->test = PI_FOREIGN_TEST_EQUAL; /* without a set: not understood */
        } else if (strcmp(op, "==") == 0 || strcmp(op, "!=") == 0) {
                ret->negated = *op == '!';
                ret->set = read_right(r, &ret->key, right);
        } else if (*op == '<' || *op == '>')
                ret->set = read_order(r, &ret->key, op, right);
}

static void add_row(PiForeignReader *r, PiForeignMap *map, JsonNode *node) {
        JsonArray *pair = pi_foreign_array(node);
        PiForeignMapRow row = { .action.act = PI_FOREIGN_ACT_UNKNOWN };
        JsonNode *value = NULL;
        const char *tag = NULL;

        if (!pair || json_array_get_length(pair) != 2)
                row.opaque = TRUE;
        else {
                row.opaque = !pi_foreign_read_element(&map->key, json_array_get_element(pair, 0),
                                                      row.ranges, &row.rest);
                tag = pi_foreign_tag(json_array_get_element(pair, 1), &value);
        }
        if (!tag || !pi_foreign_read_verdict(r, tag, value, &row.action))
                row.action.act = PI_FOREIGN_ACT_UNKNOWN;
        g_array_append_val(map->rows, row);
}

PiForeignMap *pi_foreign_read_map(PiForeignReader *r, JsonObject *json) {
        PiForeignMap *map = g_new0(PiForeignMap, 1);
        JsonNode *data = pi_foreign_member(json, "data"), *value;
        const char *name = pi_foreign_string(data), *tag = pi_foreign_tag(data, &value);
        JsonArray *rows = NULL;

        pi_foreign_read_key(pi_foreign_member(json, "key"), &map->key);
        if (name && *name == '@')
                rows = named_elements(r, name);
        else if (tag && strcmp(tag, "set") == 0)
                rows = pi_foreign_array(value);
        if (!rows)
                return map;
        map->rows = g_array_new(FALSE, FALSE, sizeof(PiForeignMapRow));
        for (guint i = 0; i < json_array_get_length(rows); i++, r->elements++)
                add_row(r, map, json_array_get_element(rows, i));
        return map;
}
