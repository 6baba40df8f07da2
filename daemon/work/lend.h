/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/work/task.h"

/* Leases of a task that other nodes run while the workers of the pool are at the rest. A lease
 * counts once, however often it was lent and whoever runs it, too: the first verified sum counts.
 * All for the main thread, and for exact kernels only. */

/* Takes neighbours that nobody has taken, for another node: at least one, at most `max_leases`, and
 * no more than fit into `max_terms` but for the first. Returns how many, 0 when there are none. */
uint32_t pi_task_lend(PiTask *task, uint32_t max_leases, uint64_t max_terms, uint32_t *ret_first);

/* Finds a lease that a worker of this node is at, and has been since before `start_nsec` (since the
 * task was made), for another node to try as well. False when there is none. */
bool pi_task_lend_second(PiTask *task, uint64_t start_nsec, uint32_t *ret_lease);

/* Leaves a lease that has failed to other nodes: no core of this one tries it again. */
void pi_task_give_up(PiTask *task, uint32_t lease);

/* Takes such a lease for another node. False when there is none. */
bool pi_task_lend_given_up(PiTask *task, uint32_t *ret_lease);

/* Lets workers take a lease that is lent: since the loan is over, or beside it. The first does
 * nothing to one that has got on meanwhile. */
void pi_task_return(PiTask *task, uint32_t lease);
void pi_task_double(PiTask *task, uint32_t lease);

typedef enum PiLoanOutcome {
        PI_LOAN_COUNTED,
        PI_LOAN_SETTLED, /* counted, and workers of this node had got the lease wrong */
        PI_LOAN_LATE,    /* somebody else was first */
} PiLoanOutcome;

/* Counts the verified sum of a lease for node `node`, 1 or more. */
PiLoanOutcome pi_task_accept(PiTask *task, uint32_t lease, uint16_t node, const PiFixed *sum);

/* About how many terms nobody has taken. */
uint64_t pi_task_untaken_terms(const PiTask *task);
