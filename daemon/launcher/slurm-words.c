/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/slurm-words.h"

#include <string.h>

/* Slurm's src/srun/libsrun/allocate.c, the same since version 2. */
gboolean pi_slurm_words(const char *line, PiContractState *ret) {
        static const struct {
                const char *words; /* after the job's number */
                PiContractState state;
        } known[] = {
                { " queued and waiting for resources", PI_CONTRACT_STATE_QUEUED },
                { " has been allocated resources", PI_CONTRACT_STATE_LAUNCHING },
        };
        static const char beginning[] = "srun: job ";
        gsize digits;

        if (!g_str_has_prefix(line, beginning))
                return FALSE;
        line += strlen(beginning);
        digits = strspn(line, G_CSET_DIGITS);
        for (guint i = 0; digits > 0 && i < G_N_ELEMENTS(known); i++)
                if (g_str_equal(line + digits, known[i].words)) {
                        *ret = known[i].state;
                        return TRUE;
                }
        return FALSE;
}
