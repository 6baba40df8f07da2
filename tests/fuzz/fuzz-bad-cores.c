/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of bad cores as it may lie in the state directory. */
#include "daemon/jobs/bad-cores.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GArray) list = pi_bad_cores_parse((const char *) data, size);

        if (!list)
                return 0;
        g_assert(list->len <= PI_BAD_CORES_MAX);
        for (guint i = 1; i < list->len; i++)
                g_assert(g_array_index(list, PiBadCore, i - 1).cpu <
                         g_array_index(list, PiBadCore, i).cpu);
        return 0;
}
