/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/record.h"

/* The tables of checkpoints and of their leases that were begun. False: the database has failed. */

/* In place of an older one; *written: there is such a job, and it has not ended. */
bool pi_checkpoint_rows_put(PiDatabase *db, const PiCheckpoint *checkpoint, bool *written);
bool pi_checkpoint_rows_delete(PiDatabase *db, uint64_t job);

/* PiCheckpoints by job. One that is bad, in whatever row of it, is counted and left out. */
bool pi_checkpoint_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *checkpoints);
