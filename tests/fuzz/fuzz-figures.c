/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer of Figures, of any contents. */
#include <math.h>

#include "daemon/cluster/figures-call.h"
#include "tests/fuzz/dictionary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_usage(const PiNodeUsage *usage) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(pi_figures_to_variant(usage));
        PiNodeUsage again;

        g_assert(isfinite(usage->cpu_usage) && usage->cpu_usage >= 0);
        g_assert(usage->has_memory || usage->memory_bytes == 0);
        g_assert(usage->has_slots_in_use || usage->slots_in_use == 0);
        g_assert(pi_figures_from_variant(dict, &again, NULL));
        g_assert(again.memory_bytes == usage->memory_bytes);
        g_assert(again.slots_in_use == usage->slots_in_use);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) dict = dictionary_of(data, size);
        g_autoptr(GError) error = NULL;
        PiNodeUsage usage;

        if (pi_figures_from_variant(dict, &usage, &error))
                check_usage(&usage);
        else
                check_refusal(error, "Figures: ");
        return 0;
}
