/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/snapshot.h"

PiSnapshot *pi_snapshot_new(uint32_t n_leases, uint32_t n_partials) {
        PiSnapshot *s = g_new0(PiSnapshot, 1);

        s->n_leases = n_leases;
        s->verified = g_malloc0(n_leases / 8 + 1);
        s->n_partials = n_partials;
        s->partial = g_new0(PiPartial, n_partials);
        return s;
}

void pi_snapshot_free(PiSnapshot *s) {
        if (!s)
                return;
        g_free(s->verified);
        g_free(s->partial);
        g_free(s);
}
