/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/engine/contract.h"
#include "daemon/jobs/job.h"

/* The ranks of a launch, and the rows of a report that they have. */
typedef struct PiRanks {
        uint32_t n; /* 0 before the hello */
        char **host;
        uint32_t *threads;
} PiRanks;

void pi_ranks_take(PiRanks *ranks, const PiContractHello *hello);
void pi_ranks_clear(PiRanks *ranks);

/* The share of a rank in the job, by the name "HOST#RANK"; see pi_job_member(). Of a later launch
 * the same rank on the same host has the same. */
PiMemberShare *pi_ranks_share(const PiRanks *ranks, PiJob *job, uint32_t rank, uint16_t *ret_index);

/* The host in the name of a rank's share. */
char *pi_rank_host(const char *name);

/* "3 ranks on n1, n2, n3", not more than a line. */
char *pi_ranks_to_text(const PiRanks *ranks);
