/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/introduction.h"

#include "dbus/error.h"

#define TERMS_PER_SECOND_MAX 1e18

void pi_edition_to_dict(const PiEdition *e, GVariantDict *dict) {
        g_variant_dict_insert(dict, "protocol", "u", e->protocol);
        g_variant_dict_insert(dict, "protocol_oldest", "u", e->protocol_oldest);
        g_variant_dict_insert(dict, "numerics", "u", e->numerics);
        g_variant_dict_insert(dict, "version", "s", e->version);
}

void pi_edition_from_fields(PiFields *f, PiEdition *ret) {
        ret->protocol = pi_fields_u32(f, "protocol", 1, UINT32_MAX);
        ret->protocol_oldest = pi_fields_u32(f, "protocol_oldest", 1, ret->protocol);
        ret->numerics = pi_fields_u32(f, "numerics", 1, UINT32_MAX);
        g_strlcpy(ret->version, pi_fields_string(f, "version", PI_VERSION_BYTES_MAX),
                  sizeof(ret->version));
}

static char *describe(const PiEdition *e) {
        if (e->protocol_oldest == e->protocol)
                return g_strdup_printf("%s (protocol %u, numerics %u)", e->version, e->protocol,
                                       e->numerics);
        return g_strdup_printf("%s (protocols %u to %u, numerics %u)", e->version,
                               e->protocol_oldest, e->protocol, e->numerics);
}

gboolean pi_edition_check(const PiEdition *a, const char *name_a, const PiEdition *b,
                          const char *name_b, GError **error) {
        gboolean talk = a->protocol >= b->protocol_oldest && b->protocol >= a->protocol_oldest;
        g_autofree char *x = NULL, *y = NULL;

        if (talk && a->numerics == b->numerics)
                return TRUE;
        x = describe(a);
        y = describe(b);
        g_set_error(error, PI_ERROR, PI_ERROR_INCOMPATIBLE,
                    "%s runs pi-computed %s and %s runs %s: their %s; install the same version on "
                    "both", name_a, x, name_b, y,
                    talk ? "sums would not have the same bits" : "protocols do not overlap");
        return FALSE;
}

void pi_introduction_clear(PiIntroduction *in) {
        g_clear_pointer(&in->addresses, g_strfreev);
}

GVariant *pi_introduction_to_variant(const PiIntroduction *in) {
        static const char *const none[] = { NULL };
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        pi_edition_to_dict(&in->edition, &d);
        g_variant_dict_insert(&d, "name", "s", in->name);
        g_variant_dict_insert(&d, "cluster", "s", in->cluster);
        g_variant_dict_insert(&d, "instance", "s", in->instance);
        if (in->roster[0])
                g_variant_dict_insert(&d, "roster", "s", in->roster);
        g_variant_dict_insert(&d, "cpus", "u", in->cpus);
        g_variant_dict_insert(&d, "terms_per_second", "d", in->terms_per_second);
        g_variant_dict_insert(&d, "kernel", "s", in->kernel);
        g_variant_dict_insert(&d, "clock_usec", "t", in->clock_usec);
        g_variant_dict_insert(&d, "port", "u", in->port);
        g_variant_dict_insert(&d, "outbound_only", "b", in->outbound_only);
        g_variant_dict_insert(&d, "addresses", "^as",
                              in->addresses ? (const char *const *) in->addresses : none);
        return g_variant_dict_end(&d);
}

static void read_texts(PiFields *f, PiIntroduction *ret) {
        const char *cluster = pi_fields_string(f, "cluster", PI_CLUSTER_ID_LENGTH);

        if (cluster[0])
                cluster = pi_fields_hex(f, "cluster", PI_CLUSTER_ID_LENGTH);
        g_strlcpy(ret->cluster, cluster, sizeof(ret->cluster));
        g_strlcpy(ret->name, pi_fields_name(f, "name"), sizeof(ret->name));
        g_strlcpy(ret->instance, pi_fields_hex(f, "instance", PI_INSTANCE_LENGTH),
                  sizeof(ret->instance));
        if (pi_fields_has(f, "roster"))
                g_strlcpy(ret->roster, pi_fields_hex(f, "roster", PI_ROSTER_DIGEST_LENGTH),
                          sizeof(ret->roster));
        g_strlcpy(ret->kernel, pi_fields_string(f, "kernel", sizeof(ret->kernel) - 1),
                  sizeof(ret->kernel));
}

gboolean pi_introduction_from_variant(GVariant *dict, PiIntroduction *ret, GError **error) {
        PiFields f;

        *ret = (PiIntroduction) { .name = "" };
        pi_fields_init(&f, "Identify", dict);
        pi_edition_from_fields(&f, &ret->edition);
        read_texts(&f, ret);
        ret->cpus = pi_fields_u32(&f, "cpus", 1, PI_CPUS_MAX);
        ret->terms_per_second = pi_fields_double(&f, "terms_per_second", 0, TERMS_PER_SECOND_MAX);
        ret->clock_usec = pi_fields_u64(&f, "clock_usec", 0, G_MAXINT64);
        ret->port = pi_fields_u32(&f, "port", 0, UINT16_MAX);
        ret->outbound_only = pi_fields_boolean(&f, "outbound_only");
        ret->addresses = pi_fields_addresses(&f, "addresses");
        if (pi_fields_end(&f, error))
                return TRUE;
        pi_introduction_clear(ret);
        return FALSE;
}
