/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/record.h"

/* What is known of this machine's cores: those out of service, and the rates of a thread. False:
 * the database has failed. Rows that are bad are counted and left out. */

/* Lists hold PiBadCores, by number. */
bool pi_bad_core_rows_put(PiDatabase *db, const PiBadCore *core);
bool pi_bad_core_rows_delete(PiDatabase *db, uint32_t cpu);
bool pi_bad_core_rows_list(PiDatabase *db, uint32_t limit, GArray *cores);

/* The last few of its kernel and CPU model are kept. */
bool pi_calibration_rows_put(PiDatabase *db, const PiCalibration *calibration);
bool pi_calibration_rows_list(PiDatabase *db, GArray *calibrations); /* oldest first */

/* Numbers by name, such as PI_META_NEXT_ID. *ret stays when there is none. */
#define PI_META_NEXT_ID "next_id" /* the first job number that was never given */
bool pi_meta_rows_get(PiDatabase *db, const char *name, uint64_t *ret);
bool pi_meta_rows_put(PiDatabase *db, const char *name, uint64_t value);
