/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/ranks.h"

#include <string.h>

#define HOSTS_SHOWN 8

void pi_ranks_clear(PiRanks *ranks) {
        g_clear_pointer(&ranks->host, g_strfreev);
        g_clear_pointer(&ranks->threads, g_free);
        ranks->n = 0;
}

void pi_ranks_take(PiRanks *ranks, const PiContractHello *hello) {
        pi_ranks_clear(ranks);
        ranks->n = hello->ranks;
        ranks->host = g_new0(char *, hello->ranks + 1);
        for (uint32_t i = 0; i < hello->ranks; i++)
                ranks->host[i] = g_strdup(hello->hosts[i]);
        ranks->threads = g_memdup2(hello->threads, hello->ranks * sizeof(uint32_t));
}

PiMemberShare *pi_ranks_share(const PiRanks *ranks, PiJob *job, uint32_t rank,
                              uint16_t *ret_index) {
        g_autofree char *id = g_strdup_printf("%s#%u", ranks->host[rank], rank);
        PiMemberShare *share = pi_job_member(job, id, ret_index);

        share->cpus = ranks->threads[rank];
        return share;
}

char *pi_rank_host(const char *name) {
        const char *end = strrchr(name, '#');

        return g_strndup(name, end ? (gsize) (end - name) : strlen(name));
}

char *pi_ranks_to_text(const PiRanks *ranks) {
        GString *text = g_string_new(NULL);
        const char *last = "";
        guint shown = 0;

        g_string_printf(text, "%u rank%s on", ranks->n, ranks->n == 1 ? "" : "s");
        for (uint32_t i = 0; i < ranks->n && shown <= HOSTS_SHOWN; i++) {
                if (strcmp(ranks->host[i], last) == 0)
                        continue;
                last = ranks->host[i];
                if (shown++ < HOSTS_SHOWN)
                        g_string_append_printf(text, "%s %s", shown > 1 ? "," : "", last);
                else
                        g_string_append(text, ", ...");
        }
        return g_string_free(text, FALSE);
}
