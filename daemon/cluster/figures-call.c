/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/figures-call.h"

#include "daemon/cluster/fields.h"
#include "daemon/cluster/introduction.h"

/* Far more than any machine has. */
#define MEMORY_BYTES_MAX (UINT64_C(1) << 60)

GVariant *pi_figures_to_variant(const PiNodeUsage *usage) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        if (usage->has_cpu_usage)
                g_variant_dict_insert(&d, "cpu_usage", "d", usage->cpu_usage);
        if (usage->has_memory)
                g_variant_dict_insert(&d, "memory_bytes", "t", usage->memory_bytes);
        if (usage->has_slots_in_use)
                g_variant_dict_insert(&d, "slots_in_use", "u", usage->slots_in_use);
        return g_variant_dict_end(&d);
}

gboolean pi_figures_from_variant(GVariant *dict, PiNodeUsage *ret, GError **error) {
        PiFields f;

        *ret = (PiNodeUsage) { 0 };
        pi_fields_init(&f, "Figures", dict);
        ret->has_cpu_usage = pi_fields_has(&f, "cpu_usage");
        if (ret->has_cpu_usage)
                ret->cpu_usage = pi_fields_double(&f, "cpu_usage", 0, PI_CPUS_MAX);
        ret->has_memory = pi_fields_has(&f, "memory_bytes");
        if (ret->has_memory)
                ret->memory_bytes = pi_fields_u64(&f, "memory_bytes", 0, MEMORY_BYTES_MAX);
        ret->has_slots_in_use = pi_fields_has(&f, "slots_in_use");
        if (ret->has_slots_in_use)
                ret->slots_in_use = pi_fields_u32(&f, "slots_in_use", 0, PI_CPUS_MAX);
        return pi_fields_end(&f, error);
}
