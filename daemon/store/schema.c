/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/schema.h"

#include <glib.h>

/* Script i makes version i + 1 of version i. Scripts of released versions never change.
 *
 * Numbers without sign are kept as the signed ones of the same bits. Exact sums are 48 hex digits.
 * A variant is its bytes in little-endian normal form.
 *
 * job.nodes has ids with a blank between them, '' for all members. Jobs of version 1 stay here.
 *
 * job.ended counts the jobs in the order they ended, NULL before: a clock that was set does not
 * change what is newest. As only the oldest are deleted, the numbers have no gaps. */
static const char *const scripts[] = {
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE job (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL,"
        " attached INTEGER NOT NULL, state TEXT NOT NULL, verdict TEXT NOT NULL,"
        " label TEXT NOT NULL, terms INTEGER NOT NULL, parts INTEGER NOT NULL,"
        " cpus INTEGER NOT NULL, kernel TEXT NOT NULL, priority INTEGER NOT NULL,"
        " numerics INTEGER NOT NULL, deadline_usec INTEGER NOT NULL,"
        " created_usec INTEGER NOT NULL, started_usec INTEGER NOT NULL,"
        " finished_usec INTEGER NOT NULL, error_name TEXT NOT NULL,"
        " error_message TEXT NOT NULL, pi REAL, report BLOB NOT NULL, ended INTEGER) STRICT;"
        "CREATE INDEX job_by_end ON job (ended, finished_usec) WHERE ended IS NOT NULL;"
        "CREATE INDEX job_unfinished ON job (id) WHERE ended IS NULL;"

        "CREATE TABLE checkpoint (job INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,"
        " numerics INTEGER NOT NULL, saved_usec INTEGER NOT NULL,"
        " started_usec INTEGER NOT NULL, compute_usec INTEGER NOT NULL, slot_usec INTEGER NOT NULL,"
        " submission_usec INTEGER NOT NULL, resumes INTEGER NOT NULL, verdict TEXT NOT NULL,"
        " sum TEXT NOT NULL, tolerance TEXT NOT NULL, terms_done INTEGER NOT NULL,"
        " cpu_nsec INTEGER NOT NULL, retries INTEGER NOT NULL, n_leases INTEGER NOT NULL,"
        " verified BLOB NOT NULL) STRICT;"
        "CREATE TABLE partial (job INTEGER NOT NULL REFERENCES checkpoint ON DELETE CASCADE,"
        " lease INTEGER NOT NULL, next_term INTEGER NOT NULL, sum TEXT NOT NULL,"
        " tolerance TEXT NOT NULL, PRIMARY KEY (job, lease)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE bad_core (cpu INTEGER PRIMARY KEY, since_usec INTEGER NOT NULL,"
        " job INTEGER NOT NULL) STRICT;"

        "CREATE TABLE calibration (id INTEGER PRIMARY KEY, kernel TEXT NOT NULL,"
        " cpu_model TEXT NOT NULL, measured_usec INTEGER NOT NULL,"
        " terms_per_second REAL NOT NULL) STRICT;"
        "CREATE INDEX calibration_of ON calibration (kernel, cpu_model);"

        "CREATE TABLE sweep (id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL,"
        " time_usec INTEGER NOT NULL, run BLOB NOT NULL) STRICT;",

        "ALTER TABLE job ADD COLUMN cluster INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE job ADD COLUMN nodes TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE job ADD COLUMN cpus_most INTEGER NOT NULL DEFAULT 0;",

        "ALTER TABLE job ADD COLUMN engine TEXT NOT NULL DEFAULT 'local';",
};

const int pi_schema_version = G_N_ELEMENTS(scripts);

static int mark(sqlite3 *sqlite, int version) {
        g_autofree char *sql =
                g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                PI_SCHEMA_APPLICATION_ID, version);

        return sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
}

int pi_schema_migrate(sqlite3 *sqlite, int from, int to) {
        int rc = sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL);

        for (int v = from; v < to && rc == SQLITE_OK; v++)
                rc = sqlite3_exec(sqlite, scripts[v], NULL, NULL, NULL);
        if (rc == SQLITE_OK)
                rc = mark(sqlite, to);
        if (rc == SQLITE_OK)
                rc = sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL);
        if (rc != SQLITE_OK && !sqlite3_get_autocommit(sqlite))
                (void) sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL);
        return rc;
}
