/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/columns.h"
#include "daemon/store/statements.h"

/* A connection to the file of the store, for one thread at a time. What fails tells so by false;
 * what it was stays in the database until something else fails. */
typedef struct PiDatabase PiDatabase;

/* What may help. */
typedef enum PiTrouble {
        PI_TROUBLE_NONE,
        PI_TROUBLE_ROW,        /* writing other rows: it is the fault of this one */
        PI_TROUBLE_PASSING,    /* waiting */
        PI_TROUBLE_CONNECTION, /* a new connection */
        PI_TROUBLE_DAMAGE,     /* another file: this one is damaged */
} PiTrouble;

/* Connects to a file, which is made if need be, and changes nothing in it. Where nothing can be
 * written it is one that can be read at least. NULL is a database in memory. Never NULL; look at
 * pi_database_trouble() before use. */
PiDatabase *pi_database_connect(const char *path);
void pi_database_close(PiDatabase *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiDatabase, pi_database_close)

/* Makes it one to write, with a write-ahead log. */
bool pi_database_settle(PiDatabase *db);

/* Lets the log be written into the file when the connection closes: not before it is sure that the
 * file is ours and sound. */
void pi_database_adopt(PiDatabase *db);

sqlite3 *pi_database_sqlite(PiDatabase *db);
const char *pi_database_path(const PiDatabase *db);

/* Whether another file, or none, has the name of this one. */
bool pi_database_is_moved(const PiDatabase *db);

/* Whether the file could only be opened for reading. */
bool pi_database_is_read_only(const PiDatabase *db);

/* The value of a pragma or of another query of one row; *ret stays when there is none. */
bool pi_database_ask(PiDatabase *db, const char *sql, int64_t *ret);

/* A statement of the table, prepared and ready to be given its values. */
PiBinder pi_database_bind(PiDatabase *db, PiStatement statement);

/* Runs it to its end; rows are not looked at. */
bool pi_database_run(PiDatabase *db, PiBinder *b);

typedef enum PiStep {
        PI_STEP_ROW,
        PI_STEP_DONE,
        PI_STEP_FAILED,
} PiStep;

/* The next row; ready for other values when there is none. One that is not stepped to its end has
 * to be reset. */
PiStep pi_database_next(PiDatabase *db, PiBinder *b);
void pi_database_reset(PiBinder *b);

bool pi_database_begin(PiDatabase *db);
bool pi_database_commit(PiDatabase *db);
void pi_database_rollback(PiDatabase *db);

/* Gives back the space of the log, if there is a use for it. */
void pi_database_empty_log(PiDatabase *db);

/* Notes a code of SQLite that did not come by the functions above; false unless it is SQLITE_OK. */
bool pi_database_note(PiDatabase *db, int rc);

/* Notes that it is damaged in a way SQLite does not see. */
void pi_database_note_damage(PiDatabase *db, const char *what);

/* Rows that were left out because of what they hold. */
void pi_database_note_bad_row(PiDatabase *db);
uint32_t pi_database_bad_rows(const PiDatabase *db);

/* The last failure, and as a PI_ERROR_STORE_UNAVAILABLE: "The store PATH cannot be DONE: ...". */
PiTrouble pi_database_trouble(const PiDatabase *db);
int pi_database_code(const PiDatabase *db); /* of SQLite, the extended one */
const char *pi_database_what(const PiDatabase *db);
GError *pi_database_error(const PiDatabase *db, const char *done);
