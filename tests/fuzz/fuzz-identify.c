/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer of Identify, of any contents. */
#include <math.h>

#include "daemon/cluster/introduction.h"
#include "tests/fuzz/dictionary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_introduction(const PiIntroduction *in) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(pi_introduction_to_variant(in));
        g_auto(PiIntroduction) again = { .name = "" };

        g_assert(in->edition.protocol_oldest >= 1);
        g_assert(in->edition.protocol >= in->edition.protocol_oldest && in->edition.numerics >= 1);
        g_assert(pi_node_name_is_valid(in->name));
        g_assert(in->cpus >= 1 && in->cpus <= PI_CPUS_MAX && in->port <= UINT16_MAX);
        g_assert(isfinite(in->terms_per_second) && in->terms_per_second >= 0);
        g_assert(in->cluster[0] == '\0' || strlen(in->cluster) == PI_CLUSTER_ID_LENGTH);
        g_assert(strlen(in->instance) == PI_INSTANCE_LENGTH);
        g_assert(pi_introduction_from_variant(dict, &again, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) dict = dictionary_of(data, size);
        g_auto(PiIntroduction) in = { .name = "" };
        g_autoptr(GError) error = NULL;

        if (pi_introduction_from_variant(dict, &in, &error))
                check_introduction(&in);
        else
                check_refusal(error, "Identify: ");
        return 0;
}
