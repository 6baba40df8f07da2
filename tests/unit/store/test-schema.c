/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/schema.h"

#include "daemon/store/job-rows.h"
#include "daemon/store/opening.h"
#include "daemon/store/request.h"
#include "tests/unit/store/sample.h"

static sqlite3 *connect_to(const char *directory) {
        g_autofree char *path = g_build_filename(directory, PI_STORE_FILE, NULL);
        sqlite3 *sqlite = NULL;

        g_assert_cmpint(sqlite3_open(path, &sqlite), ==, SQLITE_OK);
        return sqlite;
}

static int number(sqlite3 *sqlite, const char *sql) {
        sqlite3_stmt *statement = NULL;
        int value;

        g_assert_cmpint(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        value = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        return value;
}

/* A store as each version of the program left it becomes one of today. */
static void test_from_every_version(void) {
        for (int v = 0; v <= pi_schema_version; v++) {
                g_autofree char *directory = sample_directory();
                g_autoptr(GError) error = NULL;
                g_autoptr(PiDatabase) db = NULL;
                sqlite3 *sqlite = connect_to(directory);
                PiOpening opening;

                if (v > 0)
                        g_assert_cmpint(pi_schema_migrate(sqlite, 0, v), ==, SQLITE_OK);
                sqlite3_close(sqlite);

                db = pi_database_open(directory, TRUE, &opening, &error);
                g_assert_no_error(error);
                g_assert_no_error(opening.set_aside);
                g_assert_cmpint(opening.is_new, ==, v == 0);
                g_assert_cmpint(number(pi_database_sqlite(db), "PRAGMA user_version"), ==,
                                pi_schema_version);
                g_assert_cmpint(number(pi_database_sqlite(db), "PRAGMA application_id"), ==,
                                PI_SCHEMA_APPLICATION_ID);
                g_clear_pointer(&db, pi_database_close);
                sample_remove(directory);
        }
}

/* A job that version 1 had kept is there, and stays on its node. */
static void test_jobs_of_version_1(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GPtrArray) jobs = pi_job_records_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(PiDatabase) db = NULL;
        sqlite3 *sqlite = connect_to(directory);
        const PiJobRecord *job;
        PiOpening opening;

        g_assert_cmpint(pi_schema_migrate(sqlite, 0, 1), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(sqlite,
                                     "INSERT INTO job VALUES (7, 1000, 0, 'running', 'none', 'old',"
                                     " 1000000, 128, 2, 'generic', 0, 1, 0, 1, 2, 0, '', '', NULL,"
                                     " x'', NULL)",
                                     NULL, NULL, NULL), ==, SQLITE_OK);
        sqlite3_close(sqlite);
        db = pi_database_open(directory, TRUE, &opening, &error);
        g_assert_no_error(error);
        g_assert_true(pi_job_rows_unfinished(db, 10, jobs));
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 0);
        g_assert_cmpuint(jobs->len, ==, 1);
        job = jobs->pdata[0];
        g_assert_cmpuint(job->id, ==, 7);
        g_assert_cmpstr(job->label, ==, "old");
        g_assert_false(job->cluster);
        g_assert_cmpstr(job->nodes, ==, "");
        g_assert_cmpuint(job->cpus_most, ==, 0);
        g_clear_pointer(&db, pi_database_close);
        sample_remove(directory);
}

static void test_all_or_nothing(void) {
        g_autofree char *directory = sample_directory();
        sqlite3 *sqlite = connect_to(directory);

        g_assert_cmpint(sqlite3_exec(sqlite, "CREATE TABLE sweep (a)", NULL, NULL, NULL), ==,
                        SQLITE_OK);
        g_assert_cmpint(pi_schema_migrate(sqlite, 0, pi_schema_version), ==, SQLITE_ERROR);
        g_assert_cmpint(number(sqlite, "SELECT count(*) FROM sqlite_schema"), ==, 1);
        g_assert_cmpint(number(sqlite, "PRAGMA user_version"), ==, 0);
        g_assert_cmpint(sqlite3_get_autocommit(sqlite), !=, 0);
        sqlite3_close(sqlite);
        sample_remove(directory);
}

/* Tables of a type: what is no number does not become one. */
static void test_strict(void) {
        g_autofree char *directory = sample_directory();
        sqlite3 *sqlite = connect_to(directory);
        const char *sql = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                          "name NOT LIKE 'sqlite_%' AND strict = 0";

        g_assert_cmpint(pi_schema_migrate(sqlite, 0, pi_schema_version), ==, SQLITE_OK);
        g_assert_cmpint(number(sqlite, sql), ==, 0);
        sqlite3_close(sqlite);
        sample_remove(directory);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/schema/from-every-version", test_from_every_version);
        g_test_add_func("/store/schema/jobs-of-version-1", test_jobs_of_version_1);
        g_test_add_func("/store/schema/all-or-nothing", test_all_or_nothing);
        g_test_add_func("/store/schema/strict", test_strict);
        return g_test_run();
}
