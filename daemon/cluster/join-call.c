/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/join-call.h"

#include <string.h>

#include "daemon/cluster/roster-variant.h"

void pi_join_request_clear(PiJoinRequest *r) {
        g_clear_pointer(&r->addresses, g_strfreev);
}

static GVariant *bytes(const guint8 *data, gsize n) {
        return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, n, 1);
}

GVariant *pi_join_request_to_variant(const PiJoinRequest *r) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert_value(&d, "token", bytes(r->token, sizeof(r->token)));
        g_variant_dict_insert_value(&d, "proof", bytes(r->proof, sizeof(r->proof)));
        pi_edition_to_dict(&r->edition, &d);
        g_variant_dict_insert(&d, "name", "s", r->name);
        g_variant_dict_insert(&d, "instance", "s", r->instance);
        g_variant_dict_insert(&d, "clock_usec", "t", r->clock_usec);
        g_variant_dict_insert(&d, "port", "u", (guint32) r->port);
        g_variant_dict_insert(&d, "addresses", "^as", r->addresses);
        return g_variant_dict_end(&d);
}

gboolean pi_join_request_from_variant(GVariant *dict, PiJoinRequest *ret, GError **error) {
        const guint8 *token, *proof;
        PiFields f;

        *ret = (PiJoinRequest) { .name = "" };
        pi_fields_init(&f, "Join", dict);
        token = pi_fields_bytes(&f, "token", sizeof(ret->token));
        proof = pi_fields_bytes(&f, "proof", sizeof(ret->proof));
        if (token)
                memcpy(ret->token, token, sizeof(ret->token));
        if (proof)
                memcpy(ret->proof, proof, sizeof(ret->proof));
        pi_edition_from_fields(&f, &ret->edition);
        g_strlcpy(ret->name, pi_fields_name(&f, "name"), sizeof(ret->name));
        g_strlcpy(ret->instance, pi_fields_hex(&f, "instance", PI_INSTANCE_LENGTH),
                  sizeof(ret->instance));
        ret->clock_usec = pi_fields_u64(&f, "clock_usec", 0, G_MAXINT64);
        ret->port = (uint16_t) pi_fields_u32(&f, "port", 0, UINT16_MAX);
        ret->addresses = pi_fields_addresses(&f, "addresses");
        if (ret->port > 0 && !ret->addresses[0])
                pi_fields_fail(&f, "\"addresses\" is empty, and \"port\" is not 0");
        if (pi_fields_end(&f, error))
                return TRUE;
        pi_join_request_clear(ret);
        return FALSE;
}

GVariant *pi_join_answer_to_variant(const PiRoster *roster, const char *name) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "name", "s", name);
        pi_roster_to_dict(roster, FALSE, &d);
        return g_variant_dict_end(&d);
}

PiRoster *pi_join_answer_from_variant(GVariant *dict, const char *joiner, const char *member,
                                      char **ret_name, GError **error) {
        g_autoptr(PiRoster) roster = NULL;
        const char *name;
        PiFields f;

        pi_fields_init(&f, "Join", dict);
        name = pi_fields_name(&f, "name");
        roster = pi_roster_from_fields(&f, FALSE);
        if (roster && (!pi_roster_find_member(roster, joiner) ||
                       !pi_roster_find_member(roster, member)))
                pi_fields_fail(&f, "the roster lacks this node or the one that sent it");
        if (!pi_fields_end(&f, error))
                return NULL;
        *ret_name = g_strdup(name);
        return g_steal_pointer(&roster);
}
