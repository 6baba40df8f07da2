/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/mpi/team.h"
#include "daemon/mpi/world.h"

/* One rank as a worker: sums what the head grants, in the order it comes. */
typedef struct PiRank {
        PiWorld *world;
        PiTeam *team;
        gboolean lies;    /* spoils its sums, for tests */
        gboolean retired; /* it sums nothing more, and waits to be told to stop */
        gboolean gone;    /* it was told to stop */
        uint64_t last_usec; /* that the last grant took; 0: there was none */
        GQueue grants;    /* PiRange, given and not begun; at most PI_GRANTS_OUT */
} PiRank;

/* What a rank is given at a time: one to be at, one to go on with. */
#define PI_GRANTS_OUT 2

/* Tells the head that it is there. `team` and `world` must outlive it. */
void pi_rank_init(PiRank *rank, PiWorld *world, PiTeam *team, uint32_t threads, gboolean lies);
void pi_rank_clear(PiRank *rank);

/* A message of the head, GRANT or STOP. */
void pi_rank_receive(PiRank *rank, const PiMessage *message);

/* Sends what is done and goes on. */
void pi_rank_step(PiRank *rank);

/* Drops what it has and says so. */
void pi_rank_retire(PiRank *rank);
