/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/dict.h"

#include <math.h>
#include <string.h>

void pi_metric_dict_begin(PiMetricDict *d, const PiMetricKey *keys) {
        d->keys = keys;
        g_variant_builder_init(&d->builder, G_VARIANT_TYPE_VARDICT);
}

GVariant *pi_metric_dict_end(PiMetricDict *d) {
        return g_variant_builder_end(&d->builder);
}

static void add(PiMetricDict *d, unsigned id, GVariant *value) {
        const PiMetricKey *key = &d->keys[id];

        g_assert(strcmp(key->type, g_variant_get_type_string(value)) == 0);
        g_variant_builder_add_value(&d->builder,
                                    g_variant_new_dict_entry(g_variant_new_string(key->name),
                                                             g_variant_new_variant(value)));
}

void pi_metric_dict_boolean(PiMetricDict *d, unsigned id, gboolean value) {
        add(d, id, g_variant_new_boolean(value));
}

void pi_metric_dict_uint32(PiMetricDict *d, unsigned id, uint32_t value) {
        add(d, id, g_variant_new_uint32(value));
}

void pi_metric_dict_uint64(PiMetricDict *d, unsigned id, uint64_t value) {
        add(d, id, g_variant_new_uint64(value));
}

void pi_metric_dict_double(PiMetricDict *d, unsigned id, double value) {
        if (isfinite(value))
                add(d, id, g_variant_new_double(value));
}

void pi_metric_dict_string(PiMetricDict *d, unsigned id, const char *value) {
        add(d, id, g_variant_new_take_string(g_utf8_make_valid(value, -1)));
}

void pi_metric_dict_list(PiMetricDict *d, unsigned id, GVariant *value) {
        add(d, id, value);
}
