/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/record.h"

/* The table of sweeps. False: the database has failed. Lists hold PiSweepRecords; rows that are bad
 * are counted and left out. */

/* Gives the record its number. */
bool pi_sweep_rows_put(PiDatabase *db, PiSweepRecord *record);

/* The newest first. */
bool pi_sweep_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *records);
bool pi_sweep_rows_find(PiDatabase *db, uint64_t id, GPtrArray *records);

/* Deletes a few of the oldest that are more than `keep`; *more: there are still some. */
bool pi_sweep_rows_trim(PiDatabase *db, uint32_t keep, bool *more);
