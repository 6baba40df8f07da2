/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/foreign/value.h"

#include <arpa/inet.h>
#include <string.h>

#include "nft/foreign/json.h"

/* A word that is none of a field's own: a number that no packet of ours has there. */
#define NOT_OURS ((PiForeignNumber) 1 << 64)

#define OTHER_TYPE 1

typedef struct Word {
        PiForeignField field;
        const char *word;
        guint number;
} Word;

static const Word words[] = {
        { PI_FOREIGN_FIELD_PROTOCOL, "tcp", 6 },
        { PI_FOREIGN_FIELD_PROTOCOL4, "tcp", 6 },
        { PI_FOREIGN_FIELD_PROTOCOL6, "tcp", 6 },
        { PI_FOREIGN_FIELD_NFPROTO, "ipv4", 2 },
        { PI_FOREIGN_FIELD_NFPROTO, "ipv6", 10 },
        { PI_FOREIGN_FIELD_ETHERTYPE, "ip", 0x0800 },
        { PI_FOREIGN_FIELD_ETHERTYPE, "ip6", 0x86dd },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "fin", 1 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "syn", 2 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "rst", 4 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "psh", 8 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "ack", 16 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "urg", 32 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "ecn", 64 },
        { PI_FOREIGN_FIELD_TCP_FLAGS, "cwr", 128 },
        { PI_FOREIGN_FIELD_INTERFACE, "lo", PI_FOREIGN_LOOPBACK },
        { PI_FOREIGN_FIELD_INTERFACE_TYPE, "loopback", PI_FOREIGN_LOOPBACK },
        { PI_FOREIGN_FIELD_PKTTYPE, "host", 0 },
        { PI_FOREIGN_FIELD_PKTTYPE, "unicast", 0 },
        { PI_FOREIGN_FIELD_CT_STATE, "invalid", PI_FOREIGN_CT_INVALID },
        { PI_FOREIGN_FIELD_CT_STATE, "established", PI_FOREIGN_CT_ESTABLISHED },
        { PI_FOREIGN_FIELD_CT_STATE, "related", PI_FOREIGN_CT_RELATED },
        { PI_FOREIGN_FIELD_CT_STATE, "new", PI_FOREIGN_CT_NEW },
        { PI_FOREIGN_FIELD_CT_STATE, "untracked", PI_FOREIGN_CT_UNTRACKED },
        { PI_FOREIGN_FIELD_CT_STATUS, "expected", 1 },
        { PI_FOREIGN_FIELD_CT_STATUS, "seen-reply", 2 },
        { PI_FOREIGN_FIELD_CT_STATUS, "assured", 4 },
        { PI_FOREIGN_FIELD_CT_STATUS, "confirmed", 8 },
        { PI_FOREIGN_FIELD_CT_STATUS, "snat", 16 },
        { PI_FOREIGN_FIELD_CT_STATUS, "dnat", 32 },
        { PI_FOREIGN_FIELD_FIB_TYPE, "local", 2 },
};

/* Those of whose other words nothing is known but that they are others. */
static gboolean other_word(PiForeignField field, PiForeignNumber *ret) {
        if (field == PI_FOREIGN_FIELD_INTERFACE)
                *ret = PI_FOREIGN_OTHER_INTERFACE;
        else if (field == PI_FOREIGN_FIELD_INTERFACE_TYPE)
                *ret = OTHER_TYPE;
        else if (field == PI_FOREIGN_FIELD_PROTOCOL || field == PI_FOREIGN_FIELD_PROTOCOL4 ||
                 field == PI_FOREIGN_FIELD_PROTOCOL6 || field == PI_FOREIGN_FIELD_NFPROTO ||
                 field == PI_FOREIGN_FIELD_ETHERTYPE || field == PI_FOREIGN_FIELD_PKTTYPE ||
                 field == PI_FOREIGN_FIELD_FIB_TYPE)
                *ret = NOT_OURS;
        else
                return FALSE;
        return TRUE;
}

static gboolean read_address(int family, const char *text, PiForeignNumber *ret) {
        guint8 bytes[16];
        PiForeignNumber number = 0;

        if (inet_pton(family, text, bytes) != 1)
                return FALSE;
        for (guint i = 0; i < (family == AF_INET ? 4 : 16); i++)
                number = number << 8 | bytes[i];
        *ret = number;
        return TRUE;
}

static gboolean read_word(PiForeignField field, const char *text, PiForeignNumber *ret) {
        if (field == PI_FOREIGN_FIELD_SADDR4 || field == PI_FOREIGN_FIELD_SADDR6)
                return read_address(field == PI_FOREIGN_FIELD_SADDR4 ? AF_INET : AF_INET6, text,
                                    ret);
        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
                if (words[i].field == field && strcmp(words[i].word, text) == 0) {
                        *ret = words[i].number;
                        return TRUE;
                }
        /* A pattern such as "l*" may have "lo" in it. */
        if (field == PI_FOREIGN_FIELD_INTERFACE && strchr(text, '*'))
                return FALSE;
        return other_word(field, ret);
}

static gboolean read_integer(PiForeignField field, gint64 number, PiForeignNumber *ret) {
        if (number < 0 || field == PI_FOREIGN_FIELD_SADDR4 || field == PI_FOREIGN_FIELD_SADDR6)
                return FALSE;
        if (field == PI_FOREIGN_FIELD_INTERFACE) /* the index of "lo" is 1 everywhere */
                *ret = number == 1 ? PI_FOREIGN_LOOPBACK : PI_FOREIGN_OTHER_INTERFACE;
        else if (field == PI_FOREIGN_FIELD_INTERFACE_TYPE) /* ARPHRD_LOOPBACK */
                *ret = number == 772 ? PI_FOREIGN_LOOPBACK : OTHER_TYPE;
        else
                *ret = (PiForeignNumber) number;
        return TRUE;
}

static gboolean has_flags(PiForeignField field) {
        return field == PI_FOREIGN_FIELD_TCP_FLAGS || field == PI_FOREIGN_FIELD_CT_STATE ||
               field == PI_FOREIGN_FIELD_CT_STATUS;
}

/* ["syn", "ack"], or the same as {"|": [...]}. */
static JsonArray *flags_of(JsonNode *node) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);

        if (tag && strcmp(tag, "|") == 0)
                return pi_foreign_array(value);
        return pi_foreign_array(node);
}

static gboolean read_flags(PiForeignField field, JsonArray *flags, PiForeignNumber *ret) {
        PiForeignNumber one;

        *ret = 0;
        for (guint i = 0; i < json_array_get_length(flags); i++) {
                JsonNode *node = json_array_get_element(flags, i);

                if (JSON_NODE_HOLDS_ARRAY(node) || !pi_foreign_read_number(field, node, &one))
                        return FALSE;
                *ret |= one;
        }
        return TRUE;
}

gboolean pi_foreign_read_number(PiForeignField field, JsonNode *node, PiForeignNumber *ret) {
        const char *text = pi_foreign_string(node);
        gint64 integer;

        if (text)
                return read_word(field, text, ret);
        if (pi_foreign_integer(node, &integer))
                return read_integer(field, integer, ret);
        if (has_flags(field) && flags_of(node))
                return read_flags(field, flags_of(node), ret);
        return FALSE;
}

static gboolean read_prefix(PiForeignField field, JsonObject *prefix, PiForeignRange *ret) {
        guint width = field == PI_FOREIGN_FIELD_SADDR4 ? 32 : 128;
        PiForeignNumber rest;
        gint64 length;

        if (field != PI_FOREIGN_FIELD_SADDR4 && field != PI_FOREIGN_FIELD_SADDR6)
                return FALSE;
        if (!pi_foreign_read_number(field, pi_foreign_member(prefix, "addr"), &ret->low) ||
            !pi_foreign_integer(pi_foreign_member(prefix, "len"), &length) || length < 0 ||
            length > width)
                return FALSE;
        rest = length == 0 && width == 128 ? PI_FOREIGN_NUMBER_MAX :
                                             ((PiForeignNumber) 1 << (width - length)) - 1;
        ret->low &= ~rest;
        ret->high = ret->low | rest;
        return TRUE;
}

/* Flags have no order. */
static gboolean read_from_to(PiForeignField field, JsonArray *pair, PiForeignRange *ret) {
        return !has_flags(field) && json_array_get_length(pair) == 2 &&
               pi_foreign_read_number(field, json_array_get_element(pair, 0), &ret->low) &&
               pi_foreign_read_number(field, json_array_get_element(pair, 1), &ret->high) &&
               ret->low <= ret->high;
}

gboolean pi_foreign_read_range(PiForeignField field, JsonNode *node, PiForeignRange *ret) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);

        if (tag && strcmp(tag, "prefix") == 0 && pi_foreign_object(value))
                return read_prefix(field, pi_foreign_object(value), ret);
        if (tag && strcmp(tag, "range") == 0 && pi_foreign_array(value))
                return read_from_to(field, pi_foreign_array(value), ret);
        if (!pi_foreign_read_number(field, node, &ret->low))
                return FALSE;
        ret->high = ret->low;
        /* Of the status only these bits are known to be 0, not all. */
        return field != PI_FOREIGN_FIELD_CT_STATUS || ret->low != 0;
}

/* An element with more than a value: when it ends, and what is counted. Anything else, such as a
 * limit, makes it one that is there at times. */
static JsonNode *value_of(JsonNode *node, gboolean *ret_always) {
        static const char *const harmless[] = { "val",     "timeout", "expires", "comment",
                                                "counter", "last",    NULL };
        JsonNode *inside;
        const char *tag = pi_foreign_tag(node, &inside), *name;
        JsonObject *elem = pi_foreign_object(inside);
        JsonObjectIter iter;

        *ret_always = TRUE;
        if (!tag || strcmp(tag, "elem") != 0 || !elem)
                return node;
        json_object_iter_init(&iter, elem);
        while (json_object_iter_next(&iter, &name, NULL))
                if (!g_strv_contains(harmless, name))
                        *ret_always = FALSE;
        return pi_foreign_member(elem, "val");
}

gboolean pi_foreign_read_element(const PiForeignKey *key, JsonNode *node, PiForeignRange *ranges,
                                 gboolean *ret_rest) {
        gboolean always;
        JsonNode *value = value_of(node, &always), *inside;
        const char *tag = pi_foreign_tag(value, &inside);
        JsonArray *parts = tag && strcmp(tag, "concat") == 0 ? pi_foreign_array(inside) : NULL;

        *ret_rest = g_strcmp0(pi_foreign_string(value), "*") == 0;
        for (guint i = 0; i < key->n; i++)
                ranges[i] = PI_FOREIGN_ANY;
        if (!always || !value)
                return FALSE;
        if (*ret_rest)
                return TRUE;
        if (key->n == 1)
                return pi_foreign_read_range(key->fields[0], value, &ranges[0]);
        if (!parts || json_array_get_length(parts) != key->n)
                return FALSE;
        for (guint i = 0; i < key->n; i++)
                if (!pi_foreign_read_range(key->fields[i], json_array_get_element(parts, i),
                                           &ranges[i]))
                        return FALSE;
        return TRUE;
}
