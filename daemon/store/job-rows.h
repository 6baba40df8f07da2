/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/record.h"

/* The table of jobs. False: the database has failed. Lists hold PiJobRecords; rows that are bad are
 * counted and left out. */

/* In place of what there is of the job; but one that has ended does not go on. A job that ends
 * loses its checkpoint. */
bool pi_job_rows_put(PiDatabase *db, const PiJobRecord *record);

/* Deletes a job unless it has ended. */
bool pi_job_rows_forget(PiDatabase *db, uint64_t id);

/* Those that have ended, the last one first. */
bool pi_job_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *records);
bool pi_job_rows_find(PiDatabase *db, uint64_t id, GPtrArray *records);

/* Those that have not, by number. */
bool pi_job_rows_unfinished(PiDatabase *db, uint32_t limit, GPtrArray *records);

/* The highest number, 0 when there is none. */
bool pi_job_rows_last_id(PiDatabase *db, uint64_t *ret);

/* Deletes a few of the oldest that are more than `keep` or ended before a time; *more: there are
 * still some. */
bool pi_job_rows_trim(PiDatabase *db, uint32_t keep, uint64_t before_usec, bool *more);
