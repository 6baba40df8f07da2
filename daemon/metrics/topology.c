/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/topology.h"

#include "daemon/metrics/source.h"

/* -1 is what the kernel writes for what it does not know. */
static gboolean read_id(PiSource *source, const char *directory, const char *name, uint32_t *ret) {
        PiText text, line;
        uint64_t number;

        if (!pi_source_read(source, directory, name, &text) || !pi_text_take_line(&text, &line) ||
            !pi_text_to_uint64(line, &number) || number > UINT32_MAX)
                return FALSE;
        *ret = (uint32_t) number;
        return TRUE;
}

void pi_topology_read(const char *root_dir, uint32_t cpu, PiTopology *ret) {
        g_autofree char *directory =
                        g_strdup_printf("/sys/devices/system/cpu/cpu%u/topology", cpu);
        g_autofree PiSource *source = g_new0(PiSource, 1);
        PiTopology t = {};

        pi_source_init(source, root_dir);
        t.has_package = read_id(source, directory, "physical_package_id", &t.package);
        t.has_core = read_id(source, directory, "core_id", &t.core);
        pi_source_clear(source);
        *ret = t;
}
