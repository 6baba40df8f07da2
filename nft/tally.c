/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/tally.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "dbus/error.h"
#include "nft/ruleset.h"

/* Of the sets refused4 and refused6: what is left of it tells when an address was last seen. */
#define REFUSED_TIMEOUT_SEC 3600

typedef struct Refused {
        char *address;
        uint64_t attempts, ago_usec;
} Refused;

struct PiTally {
        GHashTable *members;  /* address in text -> uint64_t packets, owned; so the next */
        GHashTable *counters; /* by name */
        GArray *refused;      /* Refused */
};

static JsonObject *object_in(JsonObject *object, const char *name) {
        JsonNode *node = object ? json_object_get_member(object, name) : NULL;

        return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static uint64_t number_in(JsonObject *object, const char *name) {
        JsonNode *node = object ? json_object_get_member(object, name) : NULL;
        gint64 n = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;

        return (uint64_t) MAX(n, 0);
}

static const char *string_in(JsonObject *object, const char *name) {
        JsonNode *node = object ? json_object_get_member(object, name) : NULL;

        return node && JSON_NODE_HOLDS_VALUE(node) &&
                               json_node_get_value_type(node) == G_TYPE_STRING
                       ? json_node_get_string(node)
                       : NULL;
}

static void put(GHashTable *table, const char *key, uint64_t number) {
        uint64_t *value = g_new(uint64_t, 1);

        *value = number;
        g_hash_table_replace(table, g_strdup(key), value);
}

/* "\tcounter seen {" and, beneath it, "\t\tpackets 23 bytes 1380". */
void pi_tally_add_counters(PiTally *tally, const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; line[0] && line[1]; line++) {
                g_auto(GStrv) words = NULL;

                if (!g_str_has_prefix(line[0], "\tcounter ") ||
                    !g_str_has_prefix(line[1], "\t\tpackets "))
                        continue;
                words = g_strsplit(line[0] + strlen("\tcounter "), " ", 2);
                put(tally->counters, words[0],
                    g_ascii_strtoull(line[1] + strlen("\t\tpackets "), NULL, 10));
        }
}

typedef void (*ElementFunc)(PiTally *tally, const char *address, JsonObject *element);

static void for_each_element(JsonObject *set, ElementFunc func, PiTally *tally) {
        JsonNode *node = json_object_get_member(set, "elem");
        JsonArray *elements;

        if (!node || !JSON_NODE_HOLDS_ARRAY(node))
                return;
        elements = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(elements); i++) {
                JsonNode *entry = json_array_get_element(elements, i);
                JsonObject *element = JSON_NODE_HOLDS_OBJECT(entry)
                                              ? object_in(json_node_get_object(entry), "elem")
                                              : NULL;
                const char *address = string_in(element, "val");

                if (address)
                        func(tally, address, element);
        }
}

static void read_member(PiTally *tally, const char *address, JsonObject *element) {
        put(tally->members, address, number_in(object_in(element, "counter"), "packets"));
}

static void read_refused(PiTally *tally, const char *address, JsonObject *element) {
        uint64_t expires = MIN(number_in(element, "expires"), REFUSED_TIMEOUT_SEC);
        Refused refused = {
                .address = g_strdup(address),
                .attempts = number_in(object_in(element, "counter"), "packets"),
                .ago_usec = (REFUSED_TIMEOUT_SEC - expires) * G_USEC_PER_SEC,
        };

        g_array_append_val(tally->refused, refused);
}

static void read_set(JsonObject *set, PiTally *tally) {
        const char *name = string_in(set, "name");

        if (name && g_str_has_prefix(name, PI_NFT_MEMBERS))
                for_each_element(set, read_member, tally);
        else if (name && g_str_has_prefix(name, PI_NFT_REFUSED))
                for_each_element(set, read_refused, tally);
}

static void read_all(PiTally *tally, JsonArray *list) {
        for (guint i = 0; i < json_array_get_length(list); i++) {
                JsonNode *node = json_array_get_element(list, i);
                JsonObject *entry = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node)
                                                                 : NULL;
                JsonObject *set = object_in(entry, "set");

                if (set)
                        read_set(set, tally);
        }
}

gboolean pi_tally_add_sets(PiTally *tally, const char *json, GError **error) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();
        g_autoptr(GError) problem = NULL;
        JsonNode *root = NULL, *list = NULL;

        if (json_parser_load_from_data(parser, json, -1, &problem))
                root = json_parser_get_root(parser);
        if (root && JSON_NODE_HOLDS_OBJECT(root))
                list = json_object_get_member(json_node_get_object(root), "nftables");
        if (!list || !JSON_NODE_HOLDS_ARRAY(list)) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "nftables listed its table in a form that is not known: %s",
                            problem ? problem->message : "no list \"nftables\"");
                return FALSE;
        }
        read_all(tally, json_node_get_array(list));
        return TRUE;
}

static void clear_refused(gpointer data) {
        g_free(((Refused *) data)->address);
}

PiTally *pi_tally_new(void) {
        PiTally *tally = g_new0(PiTally, 1);

        tally->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        tally->counters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        tally->refused = g_array_new(FALSE, FALSE, sizeof(Refused));
        g_array_set_clear_func(tally->refused, clear_refused);
        return tally;
}

void pi_tally_free(PiTally *tally) {
        if (!tally)
                return;
        g_hash_table_unref(tally->members);
        g_hash_table_unref(tally->counters);
        g_array_unref(tally->refused);
        g_free(tally);
}

uint64_t pi_tally_of_member(const PiTally *tally, const char *address) {
        const uint64_t *packets = g_hash_table_lookup(tally->members, address);

        return packets ? *packets : 0;
}

GVariant *pi_tally_counters(const PiTally *tally) {
        GHashTableIter iter;
        GVariantBuilder b;
        gpointer name, packets;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a{st}"));
        g_hash_table_iter_init(&iter, tally->counters);
        while (g_hash_table_iter_next(&iter, &name, &packets))
                g_variant_builder_add(&b, "{st}", name, *(const uint64_t *) packets);
        return g_variant_builder_end(&b);
}

GVariant *pi_tally_refused(const PiTally *tally) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(stt)"));
        for (guint i = 0; i < tally->refused->len; i++) {
                const Refused *r = &g_array_index(tally->refused, Refused, i);

                g_variant_builder_add(&b, "(stt)", r->address, r->attempts, r->ago_usec);
        }
        return g_variant_builder_end(&b);
}
