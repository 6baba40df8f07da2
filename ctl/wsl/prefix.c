/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/prefix.h"

#include <arpa/inet.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

#define SHOWN_MAX 80
#define SHORTEST_4 8
#define SHORTEST_6 16

/* As 16 bytes or the first 4 of them. */
static char *write_prefix(int family, const guint8 *bytes, guint length) {
        char text[INET6_ADDRSTRLEN];
        guint bits = family == AF_INET ? 32 : 128;

        if (!inet_ntop(family, bytes, text, sizeof(text)))
                return NULL;
        return length == bits ? g_strdup(text) : g_strdup_printf("%s/%u", text, length);
}

static void clear_host_bits(guint8 *bytes, gsize n, guint length) {
        for (gsize i = 0; i < n; i++) {
                guint kept = length > 8 * i ? MIN(length - 8 * (guint) i, 8) : 0;

                bytes[i] &= (guint8) (0xff00u >> kept);
        }
}

/* One of them; NULL if it is none or too many. */
static char *parse_one(const char *text) {
        g_auto(GStrv) parts = g_strsplit(text, "/", 3);
        int family = strchr(text, ':') ? AF_INET6 : AF_INET;
        guint bits = family == AF_INET ? 32 : 128, shortest = family == AF_INET ? SHORTEST_4
                                                                               : SHORTEST_6;
        guint64 length = bits;
        guint8 bytes[16] = {};

        if (g_strv_length(parts) < 1 || g_strv_length(parts) > 2 ||
            inet_pton(family, parts[0], bytes) != 1)
                return NULL;
        if (parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, shortest, bits, &length, NULL))
                return NULL;
        clear_host_bits(bytes, bits / 8, (guint) length);
        if (bytes[0] == 0)
                return NULL;
        return write_prefix(family, bytes, (guint) length);
}

char **pi_prefixes_parse(const char *text, GError **error) {
        g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
        g_auto(GStrv) words = g_strsplit(text, ",", PI_PREFIXES_MAX + 1);
        g_autofree char *quoted = NULL;

        if (g_strv_length(words) > PI_PREFIXES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--from takes at most %d networks: name one that holds them",
                            PI_PREFIXES_MAX);
                return NULL;
        }
        for (char **word = words; *word; word++) {
                g_autofree char *prefix = parse_one(*word);

                if (prefix) {
                        g_strv_builder_add(builder, prefix);
                        continue;
                }
                quoted = pi_text_quote(*word, SHOWN_MAX);
                break;
        }
        if (!quoted && words[0])
                return g_strv_builder_end(builder);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is no network of members: --from takes addresses and networks with commas "
                    "between, IPv4 from /%d and IPv6 from /%d on, for example 192.168.1.0/24",
                    quoted ? quoted : "''", SHORTEST_4, SHORTEST_6);
        return NULL;
}

static const char *member(JsonObject *object, const char *name) {
        JsonNode *node = json_object_get_member(object, name);

        if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_STRING)
                return "";
        return json_node_get_string(node);
}

static JsonObject *object_at(JsonArray *array, guint i) {
        JsonNode *node = json_array_get_element(array, i);

        return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* The network of a route to neighbours, "" for another. */
static const char *neighbours(JsonObject *route, const char *dev) {
        const char *dst = member(route, "dst");

        return strcmp(member(route, "dev"), dev) == 0 &&
                               strcmp(member(route, "scope"), "link") == 0 && strchr(dst, '/')
                       ? dst
                       : "";
}

static gboolean contains(const char *prefix, const char *address) {
        g_autofree char *both = g_strconcat(address, strchr(prefix, '/'), NULL);
        g_autofree char *network = parse_one(prefix), *other = parse_one(both);

        return network && g_strcmp0(network, other) == 0;
}

/* Several networks may be on the interface, and one that it gave itself for want of another is none
 * that members are in. */
static char *choose(JsonArray *routes, const char *dev, const char *gateway) {
        const char *found = NULL;

        for (guint i = 0; i < json_array_get_length(routes); i++) {
                JsonObject *route = object_at(routes, i);
                const char *dst = route ? neighbours(route, dev) : "";

                if (dst[0] != '\0' && contains(dst, gateway))
                        return parse_one(dst);
                if (dst[0] != '\0' && !found && !g_str_has_prefix(dst, "169.254."))
                        found = dst;
        }
        return found ? parse_one(found) : NULL;
}

char *pi_prefix_from_routes(const char *json) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonNode *root = NULL;
        JsonArray *routes;

        if (json_parser_load_from_data(parser, json, -1, NULL))
                root = json_parser_get_root(parser);
        if (!root || !JSON_NODE_HOLDS_ARRAY(root))
                return NULL;
        routes = json_node_get_array(root);
        for (guint i = 0; i < json_array_get_length(routes); i++) {
                JsonObject *route = object_at(routes, i);

                if (route && strcmp(member(route, "dst"), "default") == 0)
                        return choose(routes, member(route, "dev"), member(route, "gateway"));
        }
        return NULL;
}
