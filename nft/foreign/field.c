/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/foreign/field.h"

#include <string.h>

#include "nft/foreign/json.h"
#include "nft/foreign/value.h"

typedef struct Name {
        const char *group;
        const char *name;
        PiForeignField field;
} Name;

static const Name payload_names[] = {
        { "ip", "saddr", PI_FOREIGN_FIELD_SADDR4 },
        { "ip", "protocol", PI_FOREIGN_FIELD_PROTOCOL4 },
        { "ip", NULL, PI_FOREIGN_FIELD_OTHER4 },
        { "ip6", "saddr", PI_FOREIGN_FIELD_SADDR6 },
        { "ip6", "nexthdr", PI_FOREIGN_FIELD_PROTOCOL6 },
        { "ip6", NULL, PI_FOREIGN_FIELD_OTHER6 },
        { "tcp", "sport", PI_FOREIGN_FIELD_SPORT },
        { "tcp", "dport", PI_FOREIGN_FIELD_DPORT },
        { "tcp", "flags", PI_FOREIGN_FIELD_TCP_FLAGS },
        { "th", "sport", PI_FOREIGN_FIELD_SPORT },
        { "th", "dport", PI_FOREIGN_FIELD_DPORT },
        { "udp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "udplite", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "sctp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "dccp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "icmp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "icmpv6", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "igmp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "ah", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "esp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "comp", NULL, PI_FOREIGN_FIELD_ABSENT },
        { "arp", NULL, PI_FOREIGN_FIELD_ABSENT },
};

static const Name key_names[] = {
        { "meta", "l4proto", PI_FOREIGN_FIELD_PROTOCOL },
        { "meta", "nfproto", PI_FOREIGN_FIELD_NFPROTO },
        { "meta", "protocol", PI_FOREIGN_FIELD_ETHERTYPE },
        { "meta", "iif", PI_FOREIGN_FIELD_INTERFACE },
        { "meta", "iifname", PI_FOREIGN_FIELD_INTERFACE },
        { "meta", "iiftype", PI_FOREIGN_FIELD_INTERFACE_TYPE },
        { "meta", "pkttype", PI_FOREIGN_FIELD_PKTTYPE },
        { "meta", "mark", PI_FOREIGN_FIELD_MARK },
        { "ct", "state", PI_FOREIGN_FIELD_CT_STATE },
        { "ct", "status", PI_FOREIGN_FIELD_CT_STATUS },
};

static PiForeignField look_up(const Name *names, gsize n, const char *group, const char *name) {
        for (gsize i = 0; i < n; i++)
                if (g_strcmp0(names[i].group, group) == 0 &&
                    (!names[i].name || g_strcmp0(names[i].name, name) == 0))
                        return names[i].field;
        return PI_FOREIGN_FIELD_OTHER;
}

static gboolean has_element(JsonArray *array, const char *word) {
        for (guint i = 0; array && i < json_array_get_length(array); i++)
                if (g_strcmp0(pi_foreign_string(json_array_get_element(array, i)), word) == 0)
                        return TRUE;
        return FALSE;
}

/* Of what kind the address is to which the packet goes: it comes to this machine. And whether there
 * is a way back to where it comes from. */
static PiForeignField fib_field(JsonObject *fib) {
        const char *result = pi_foreign_member_string(fib, "result");
        JsonArray *flags = pi_foreign_member_array(fib, "flags");

        if (g_strcmp0(result, "type") == 0 && flags && json_array_get_length(flags) == 1 &&
            has_element(flags, "daddr"))
                return PI_FOREIGN_FIELD_FIB_TYPE;
        if (g_strcmp0(result, "oif") == 0 && has_element(flags, "saddr"))
                return PI_FOREIGN_FIELD_FIB_RETURN;
        return PI_FOREIGN_FIELD_OTHER;
}

static PiForeignField extension_field(JsonObject *header) {
        if (!pi_foreign_member_string(header, "name"))
                return PI_FOREIGN_FIELD_OTHER;
        return pi_foreign_member(header, "field") ? PI_FOREIGN_FIELD_ABSENT :
                                                    PI_FOREIGN_FIELD_EXTENSION6;
}

static PiForeignField field_of(JsonNode *node) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);
        JsonObject *o = pi_foreign_object(value);

        if (!tag || !o)
                return PI_FOREIGN_FIELD_OTHER;
        if (strcmp(tag, "payload") == 0)
                return look_up(payload_names, G_N_ELEMENTS(payload_names),
                               pi_foreign_member_string(o, "protocol"),
                               pi_foreign_member_string(o, "field"));
        if (strcmp(tag, "meta") == 0 || (strcmp(tag, "ct") == 0 && !pi_foreign_member(o, "dir")))
                return look_up(key_names, G_N_ELEMENTS(key_names), tag,
                               pi_foreign_member_string(o, "key"));
        if (strcmp(tag, "fib") == 0)
                return fib_field(o);
        if (strcmp(tag, "exthdr") == 0)
                return extension_field(o);
        return PI_FOREIGN_FIELD_OTHER;
}

/* Keeps a field of the other version of IP, and an absent one, which matches in no case. */
static PiForeignField without_value(PiForeignField field) {
        if (field == PI_FOREIGN_FIELD_SADDR4 || field == PI_FOREIGN_FIELD_PROTOCOL4)
                return PI_FOREIGN_FIELD_OTHER4;
        if (field == PI_FOREIGN_FIELD_SADDR6 || field == PI_FOREIGN_FIELD_PROTOCOL6)
                return PI_FOREIGN_FIELD_OTHER6;
        if (field == PI_FOREIGN_FIELD_OTHER4 || field == PI_FOREIGN_FIELD_OTHER6 ||
            field == PI_FOREIGN_FIELD_ABSENT)
                return field;
        return PI_FOREIGN_FIELD_OTHER;
}

/* {"&": [what, mask]} */
static void read_masked(JsonArray *parts, PiForeignKey *ret) {
        ret->n = 1;
        if (json_array_get_length(parts) != 2)
                return;
        ret->fields[0] = field_of(json_array_get_element(parts, 0));
        if (!pi_foreign_read_number(ret->fields[0], json_array_get_element(parts, 1), &ret->mask))
                ret->fields[0] = without_value(ret->fields[0]);
}

static void read_concat(JsonArray *parts, PiForeignKey *ret) {
        guint n = json_array_get_length(parts);

        ret->n = 1;
        if (n == 0 || n > PI_FOREIGN_FIELDS_MAX)
                return;
        ret->n = n;
        for (guint i = 0; i < n; i++)
                ret->fields[i] = field_of(json_array_get_element(parts, i));
}

void pi_foreign_read_key(JsonNode *node, PiForeignKey *ret) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);
        JsonArray *parts = pi_foreign_array(value);

        *ret = (PiForeignKey) { .n = 1, .mask = PI_FOREIGN_NUMBER_MAX };
        if (tag && parts && strcmp(tag, "&") == 0)
                read_masked(parts, ret);
        else if (tag && parts && strcmp(tag, "concat") == 0)
                read_concat(parts, ret);
        else
                ret->fields[0] = field_of(node);
}
