/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sqlite3.h>

/* "PiC1": tells a store of ours from other databases. */
#define PI_SCHEMA_APPLICATION_ID 0x50694331

/* The version of the tables this program works with; stores of older ones are migrated. */
extern const int pi_schema_version;

/* Brings the tables from version `from` (0: none) to version `to` in one transaction. A code of
 * SQLite; unless it is SQLITE_OK nothing has changed. */
int pi_schema_migrate(sqlite3 *sqlite, int from, int to);
