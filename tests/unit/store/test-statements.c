/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/statements.h"

#include "daemon/store/opening.h"

static PiDatabase *fresh(void) {
        g_autoptr(GError) error = NULL;
        PiOpening opening;
        PiDatabase *db = pi_database_open(NULL, TRUE, &opening, &error);

        g_assert_no_error(error);
        g_assert_true(opening.is_new);
        return db;
}

static int prepare(PiDatabase *db, const char *sql, sqlite3_stmt **ret) {
        return sqlite3_prepare_v2(pi_database_sqlite(db), sql, -1, ret, NULL);
}

static void test_all_prepare(void) {
        g_autoptr(PiDatabase) db = fresh();

        for (PiStatement s = 0; s < _PI_STATEMENT_MAX; s++) {
                sqlite3_stmt *statement = NULL;

                g_test_message("%s", pi_statement_sql(s));
                g_assert_nonnull(pi_statement_sql(s));
                g_assert_cmpint(prepare(db, pi_statement_sql(s), &statement), ==, SQLITE_OK);
                g_assert_cmpint(sqlite3_finalize(statement), ==, SQLITE_OK);
        }
}

static void test_bad_one_does_not(void) {
        g_autoptr(PiDatabase) db = fresh();
        sqlite3_stmt *statement = NULL;

        g_assert_cmpint(prepare(db, "SELECT nothing FROM job", &statement), !=, SQLITE_OK);
        g_assert_null(statement);
}

/* How SQLite would go about it, all steps in one text. */
static char *plan(PiDatabase *db, const char *sql) {
        g_autofree char *explain = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
        GString *text = g_string_new(NULL);
        sqlite3_stmt *statement = NULL;

        g_assert_cmpint(prepare(db, explain, &statement), ==, SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW)
                g_string_append_printf(text, "%s\n", sqlite3_column_text(statement, 3));
        sqlite3_finalize(statement);
        return g_string_free(text, FALSE);
}

static bool looks_at_all(const char *steps) {
        return strstr(steps, "SCAN job") || strstr(steps, "TEMP B-TREE");
}

/* Whatever is done while the service runs takes as long with 10 000 jobs as with ten. */
static void test_plans(void) {
        static const PiStatement statements[] = {
                PI_STATEMENT_JOB_PUT,         PI_STATEMENT_JOB_FORGET,
                PI_STATEMENT_JOB_LIST,        PI_STATEMENT_JOB_FIND,
                PI_STATEMENT_JOB_TRIM_NUMBER, PI_STATEMENT_JOB_TRIM_AGE,
                PI_STATEMENT_JOB_LAST_ID,     PI_STATEMENT_CHECKPOINT_PUT,
                PI_STATEMENT_PARTIAL_PUT,     PI_STATEMENT_PARTIAL_DELETE,
                PI_STATEMENT_SWEEP_LIST,      PI_STATEMENT_SWEEP_FIND,
        };
        g_autoptr(PiDatabase) db = fresh();

        for (size_t i = 0; i < G_N_ELEMENTS(statements); i++) {
                const char *sql = pi_statement_sql(statements[i]);
                g_autofree char *steps = plan(db, sql);

                g_test_message("%s\n%s", sql, steps);
                g_assert_false(looks_at_all(steps));
        }
}

static void test_plans_can_be_bad(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autofree char *scan = plan(db, "SELECT id FROM job WHERE label = 'x'");
        g_autofree char *sort = plan(db, "SELECT id FROM job WHERE ended > 0 ORDER BY label");

        g_assert_true(looks_at_all(scan));
        g_assert_true(looks_at_all(sort));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/statements/all-prepare", test_all_prepare);
        g_test_add_func("/store/statements/bad-one-does-not", test_bad_one_does_not);
        g_test_add_func("/store/statements/plans", test_plans);
        g_test_add_func("/store/statements/plans-can-be-bad", test_plans_can_be_bad);
        return g_test_run();
}
