/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/rank.h"

#include <unistd.h>

void pi_rank_init(PiRank *rank, PiWorld *world, PiTeam *team, uint32_t threads, gboolean lies) {
        PiMessage ready = { .kind = PI_MESSAGE_READY, .threads = threads };

        *rank = (PiRank) { .world = world, .team = team, .lies = lies };
        if (gethostname(ready.host, sizeof(ready.host) - 1) < 0)
                g_strlcpy(ready.host, "?", sizeof(ready.host));
        world->send(world, 0, &ready);
}

void pi_rank_clear(PiRank *rank) {
        g_queue_clear_full(&rank->grants, g_free);
}

static void drop(PiRank *rank) {
        pi_rank_clear(rank);
        pi_team_drop(rank->team);
}

void pi_rank_receive(PiRank *rank, const PiMessage *message) {
        if (message->kind == PI_MESSAGE_STOP) {
                drop(rank);
                rank->gone = TRUE;
        } else if (message->kind == PI_MESSAGE_GRANT && !rank->retired)
                g_queue_push_tail(&rank->grants, g_memdup2(&message->range, sizeof(PiRange)));
}

static void tell(PiRank *rank, const PiTeamSum *sum) {
        static const PiFixed lie = { { 0, 0, 1 } }; /* 2^-32 */
        PiMessage message = {
                .kind = PI_MESSAGE_SUM,
                .range = sum->range,
                .sum = sum->sum,
                .usec = sum->usec,
                .cpu_usec = sum->cpu_usec,
                .failed = sum->failed,
        };

        if (rank->lies)
                pi_fixed_add(&message.sum, &lie);
        rank->world->send(rank->world, 0, &message);
}

void pi_rank_step(PiRank *rank) {
        PiTeamSum sum;

        if (pi_team_take(rank->team, &sum)) {
                rank->last_usec = sum.usec;
                tell(rank, &sum);
        }
        if (rank->grants.length > 0 && pi_team_is_idle(rank->team)) {
                g_autofree PiRange *range = g_queue_pop_head(&rank->grants);

                pi_team_start(rank->team, *range);
        }
}

void pi_rank_retire(PiRank *rank) {
        PiMessage retire = { .kind = PI_MESSAGE_RETIRE };

        drop(rank);
        rank->retired = TRUE;
        rank->world->send(rank->world, 0, &retire);
}
