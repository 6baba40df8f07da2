/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/writer.h"

#include "daemon/store/ids.h"
#include "daemon/store/opening.h"
#include "dbus/error.h"
#include "tests/unit/store/sample.h"

static const PiRetention keep_all = { .jobs = UINT32_MAX, .sweeps = UINT32_MAX };

static PiRequest *job(uint64_t id, const char *state) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_JOB, id);

        r->job = sample_job(id, state);
        return r;
}

static PiRequest *checkpoint(uint64_t id) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_CHECKPOINT, id);

        r->checkpoint = sample_checkpoint(id, 9, 3);
        return r;
}

static PiRequest *ask(PiRequestKind kind, uint64_t id) {
        PiRequest *r = pi_request_new(kind, id);

        r->limit = 100;
        return r;
}

/* Links requests that follow one another in an array. */
static PiRequest *chain(PiRequest *const *r, size_t n) {
        for (size_t i = 0; i + 1 < n; i++)
                r[i]->next = r[i + 1];
        return n > 0 ? r[0] : NULL;
}

#define CHAIN(...) \
        chain((PiRequest *const[]) { __VA_ARGS__ }, \
              sizeof((PiRequest *const[]) { __VA_ARGS__ }) / sizeof(PiRequest *))

/* Frees the requests. */
static void write_well(PiWriter *w, PiRequest *first, PiWriting *ret) {
        g_autoptr(GError) error = NULL;
        PiWriting writing;

        pi_writer_write(w, first, &keep_all, FALSE, &writing, &error);
        g_assert_no_error(error);
        pi_request_free_list(first);
        if (ret)
                *ret = writing;
        else
                pi_writing_clear(&writing);
}

static char *ids_of(const PiRequest *answered) {
        GString *text = g_string_new(NULL);

        g_assert_no_error(answered->error);
        for (guint i = 0; i < answered->records->len; i++)
                g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i ? " " : "",
                                       ((PiJobRecord *) answered->records->pdata[i])->id);
        return g_string_free(text, FALSE);
}

static void assert_listed(PiWriter *w, const char *want) {
        g_autoptr(PiRequest) r = ask(PI_REQUEST_LIST_JOBS, 0);
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE, "why");
        g_autofree char *ids = NULL;

        pi_writer_answer(w, r, why);
        ids = ids_of(r);
        g_assert_cmpstr(ids, ==, want);
}

static int64_t number(const char *directory, const char *sql) {
        g_autofree char *path = g_build_filename(directory, PI_STORE_FILE, NULL);
        sqlite3_stmt *statement = NULL;
        sqlite3 *sqlite = NULL;
        int64_t value;

        g_assert_cmpint(sqlite3_open(path, &sqlite), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        value = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        sqlite3_close(sqlite);
        return value;
}

static void run_sql(const char *directory, const char *sql) {
        g_autofree char *path = g_build_filename(directory, PI_STORE_FILE, NULL);
        char *message = NULL;
        sqlite3 *sqlite = NULL;

        g_assert_cmpint(sqlite3_open(path, &sqlite), ==, SQLITE_OK);
        (void) sqlite3_exec(sqlite, sql, NULL, NULL, &message);
        g_assert_cmpstr(message, ==, NULL);
        sqlite3_close(sqlite);
}

static void test_first(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(PiWriter) w = pi_writer_new(directory);
        PiWriting writing;

        write_well(w, NULL, &writing);
        g_assert_nonnull(writing.contents);
        g_assert_cmpuint(writing.set_aside->len, ==, 0);
        g_assert_cmpuint(writing.ids_from, ==, 1);
        g_assert_cmpuint(writing.ids_to, ==, 1 + PI_IDS_BLOCK);
        pi_writing_clear(&writing);
        write_well(w, CHAIN(job(1, "running"), checkpoint(1), checkpoint(2)), &writing);
        g_assert_null(writing.contents);
        g_assert_cmpuint(writing.ids_to, ==, 0);
        g_assert_cmpuint(writing.checkpoints, ==, 1);
        g_assert_cmpuint(writing.checkpoint_usec, ==, 1700000000000001);
        pi_writing_clear(&writing);
        sample_remove(directory);
}

static void test_reserves(void) {
        g_autofree char *directory = sample_directory();
        PiWriter *w = pi_writer_new(directory);
        PiWriting writing;

        write_well(w, NULL, NULL);
        write_well(w, CHAIN(pi_request_new(PI_REQUEST_RESERVE_IDS, 1001)), &writing);
        g_assert_cmpuint(writing.ids_from, ==, 1001);
        g_assert_cmpuint(writing.ids_to, ==, 2001);
        pi_writing_clear(&writing);
        g_assert_cmpint(number(directory, "SELECT value FROM meta"), ==, 2001);

        g_assert_true(pi_writer_release_ids(w, 1500, 2001));
        g_assert_cmpint(number(directory, "SELECT value FROM meta"), ==, 1500);
        pi_writer_free(w);

        /* Somebody else's numbers stay. */
        run_sql(directory, "UPDATE meta SET value = 9000");
        w = pi_writer_new(directory);
        write_well(w, NULL, &writing);
        g_assert_cmpuint(writing.ids_from, ==, 9000);
        pi_writing_clear(&writing);
        g_assert_true(pi_writer_release_ids(w, 9001, 9500));
        g_assert_cmpint(number(directory, "SELECT value FROM meta"), ==, 10000);
        pi_writer_free(w);

        /* Lost, or nonsense. */
        run_sql(directory, "DELETE FROM meta; INSERT INTO job SELECT 77777, 0, 0, 'queued', '', '',"
                           " 1, 1, 1, '', 0, 1, 0, 0, 0, 0, '', '', 0.0, x'', NULL, 0, '', 0,"
                           " 'local'");
        w = pi_writer_new(directory);
        write_well(w, NULL, &writing);
        g_assert_cmpuint(writing.ids_from, ==, 77778);
        pi_writing_clear(&writing);
        pi_writer_free(w);
        run_sql(directory, "UPDATE meta SET value = -1");
        w = pi_writer_new(directory);
        write_well(w, NULL, &writing);
        g_assert_cmpuint(writing.ids_from, >, 1700000000000000);
        g_assert_cmpuint(writing.ids_from, <, INT64_MAX / 2);
        pi_writing_clear(&writing);
        pi_writer_free(w);
        sample_remove(directory);
}

/* One change that the database does not take is given up, the others are written. */
static void test_unwritable(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(PiWriter) w = pi_writer_new(directory);
        g_autoptr(GError) error = NULL;
        PiRequest *bad = job(2, "done"), *list = ask(PI_REQUEST_LIST_JOBS, 0), *first;
        g_autofree char *ids = NULL;
        PiWriting writing;

        write_well(w, NULL, NULL);
        run_sql(directory, "CREATE TRIGGER t BEFORE INSERT ON job WHEN NEW.id = 2 BEGIN"
                           " SELECT RAISE(ABORT, 'not this one'); END");
        first = CHAIN(job(1, "done"), bad, job(3, "done"), list);
        g_assert_true(pi_writer_write(w, first, &keep_all, FALSE, &writing, &error));
        pi_writing_clear(&writing);
        g_assert_true(bad->unwritable);
        g_assert_error(bad->error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_assert_nonnull(strstr(bad->error->message, "not this one"));
        g_assert_false(first->unwritable);
        ids = ids_of(list);
        g_assert_cmpstr(ids, ==, "3 1");
        pi_request_free_list(first);
        sample_remove(directory);
}

static void assert_restored(PiWriter *w, const char *directory) {
        write_well(w, CHAIN(checkpoint(2), job(9, "done")), NULL);
        g_assert_cmpint(number(directory, "SELECT count(*) FROM job WHERE ended IS NULL"), ==, 2);
        g_assert_cmpint(number(directory, "SELECT sum(id) FROM job WHERE ended IS NULL"), ==, 3);
        g_assert_cmpint(number(directory, "SELECT job FROM checkpoint"), ==, 2);
        g_assert_cmpint(number(directory, "SELECT cpu FROM bad_core"), ==, 6);
        g_assert_cmpint(number(directory, "SELECT value FROM meta"), ==, 1001);
        assert_listed(w, "9");
}

static void fill(PiWriter *w) {
        PiRequest *core = pi_request_new(PI_REQUEST_PUT_BAD_CORE, 0);
        PiRequest *gone = pi_request_new(PI_REQUEST_PUT_BAD_CORE, 0);
        PiRequest *remove = pi_request_new(PI_REQUEST_REMOVE_BAD_CORE, 0);

        core->core.cpu = 6;
        gone->core.cpu = remove->core.cpu = 7;
        write_well(w, CHAIN(job(1, "queued"), job(2, "running"), job(3, "running"), core, gone),
                   NULL);
        write_well(w, CHAIN(job(3, "done"), remove), NULL);
}

/* The file is gone, or its directory: what must not be forgotten is in the new one. */
static void test_deleted(void) {
        g_autofree char *directory = sample_directory();
        g_autofree char *path = g_build_filename(directory, PI_STORE_FILE, NULL);
        PiWriter *w = pi_writer_new(directory);

        fill(w);
        g_assert_cmpint(g_unlink(path), ==, 0);
        assert_restored(w, directory);
        sample_remove(directory);
        assert_restored(w, directory);
        pi_writer_free(w);

        /* Also what another run of the service had put. */
        w = pi_writer_new(directory);
        write_well(w, NULL, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
        write_well(w, CHAIN(checkpoint(1)), NULL);
        g_assert_cmpint(number(directory, "SELECT count(*) FROM job"), ==, 2);
        g_assert_cmpint(number(directory, "SELECT job FROM checkpoint"), ==, 1);
        g_assert_cmpint(number(directory, "SELECT count(*) FROM bad_core"), ==, 1);
        pi_writer_free(w);
        sample_remove(directory);
}

/* Damaged while it is open: noticed, then set aside. */
static void test_damaged(void) {
        g_autofree char *directory = sample_directory();
        g_autofree char *path = g_build_filename(directory, PI_STORE_FILE, NULL);
        g_autofree char *noise = g_strnfill(4 * 4096, 'x');
        g_autoptr(PiWriter) w = pi_writer_new(directory);
        g_autoptr(GError) error = NULL;
        PiRequest *first = job(9, "done");
        PiWriting writing;
        FILE *file;

        fill(w);
        /* All is in the file itself, whose first page every transaction reads. */
        run_sql(directory, "PRAGMA wal_checkpoint(TRUNCATE)");
        file = fopen(path, "r+");
        g_assert_nonnull(file);
        g_assert_cmpuint(fwrite(noise, 1, 4 * 4096, file), ==, 4 * 4096);
        fclose(file);
        g_assert_false(pi_writer_write(w, first, &keep_all, FALSE, &writing, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_test_message("%s", error->message);
        g_clear_error(&error);
        pi_writing_clear(&writing);
        pi_request_free_list(first);

        write_well(w, NULL, &writing);
        g_assert_cmpuint(writing.set_aside->len, ==, 1);
        g_assert_null(writing.contents);
        pi_writing_clear(&writing);
        assert_restored(w, directory);
        sample_remove(directory);
}

/* Another store takes the place of the one that is open. */
static void test_replaced(void) {
        g_autofree char *a = sample_directory(), *b = sample_directory();
        g_autofree char *from = g_build_filename(b, PI_STORE_FILE, NULL);
        g_autofree char *to = g_build_filename(a, PI_STORE_FILE, NULL);
        PiWriter *w = pi_writer_new(b);

        write_well(w, CHAIN(job(50, "done"), job(51, "done")), NULL);
        pi_writer_free(w);
        w = pi_writer_new(a);
        fill(w);
        g_assert_cmpint(g_rename(from, to), ==, 0);
        write_well(w, CHAIN(checkpoint(2), job(9, "done")), NULL);
        assert_listed(w, "9 51 50");
        g_assert_cmpint(number(a, "SELECT count(*) FROM job WHERE ended IS NULL"), ==, 2);
        pi_writer_free(w);
        sample_remove(a);
        sample_remove(b);
}

static void test_bad_rows_told_once(void) {
        g_autofree char *directory = sample_directory();
        PiWriter *w = pi_writer_new(directory);
        PiWriting writing;

        fill(w);
        pi_writer_free(w);
        run_sql(directory, "UPDATE job SET state = 'mad' WHERE id IN (1, 3)");
        w = pi_writer_new(directory);
        write_well(w, NULL, &writing);
        g_assert_cmpuint(writing.contents->unfinished->len, ==, 1);
        g_assert_cmpuint(writing.set_aside->len, ==, 1);
        g_test_message("%s", ((GError *) writing.set_aside->pdata[0])->message);
        pi_writing_clear(&writing);
        write_well(w, CHAIN(ask(PI_REQUEST_LIST_JOBS, 0)), &writing);
        g_assert_cmpuint(writing.set_aside->len, ==, 0);
        pi_writing_clear(&writing);
        pi_writer_free(w);
        sample_remove(directory);
}

static void test_answers_without(void) {
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE, "the reason");
        g_autoptr(PiWriter) w = pi_writer_new("/proc/self/no/such/place");
        g_autoptr(PiRequest) list = ask(PI_REQUEST_LIST_JOBS, 0);
        g_autoptr(PiRequest) sweep = ask(PI_REQUEST_PUT_SWEEP, 0);
        g_autoptr(GError) error = NULL;
        PiWriting writing;

        g_assert_false(pi_writer_write(w, NULL, &keep_all, FALSE, &writing, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        pi_writing_clear(&writing);
        pi_writer_answer(w, list, why);
        g_assert_cmpstr(list->error->message, ==, "the reason");
        pi_writer_answer(w, sweep, why);
        g_assert_cmpstr(sweep->error->message, ==, "the reason");
        g_assert_false(pi_writer_release_ids(w, 5, 9));
}

/* What is not written yet is in front of what is, and in place of what it replaces. */
static void test_answers_with_newer(void) {
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE, "the reason");
        g_autoptr(PiRequest) list = ask(PI_REQUEST_LIST_JOBS, 0);
        g_autoptr(PiRequest) find = ask(PI_REQUEST_FIND_JOB, 4);
        g_autoptr(PiWriter) w = pi_writer_new(NULL);
        g_autofree char *ids = NULL;

        write_well(w, CHAIN(job(1, "done"), job(2, "done"), job(3, "done"), job(4, "running")),
                   NULL);
        list->limit = 4;
        list->newer = g_ptr_array_new_with_free_func((GDestroyNotify) pi_job_record_free);
        g_ptr_array_add(list->newer, sample_job(4, "failed"));
        g_ptr_array_add(list->newer, sample_job(3, "done"));
        pi_writer_answer(w, list, why);
        ids = ids_of(list);
        g_assert_cmpstr(ids, ==, "4 3 2 1");
        find->limit = 1;
        find->newer = g_ptr_array_new_with_free_func((GDestroyNotify) pi_job_record_free);
        g_ptr_array_add(find->newer, sample_job(4, "failed"));
        pi_writer_answer(w, find, why);
        g_assert_cmpuint(find->records->len, ==, 1);
        g_assert_cmpstr(((PiJobRecord *) find->records->pdata[0])->state, ==, "failed");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/writer/first", test_first);
        g_test_add_func("/store/writer/reserves", test_reserves);
        g_test_add_func("/store/writer/unwritable", test_unwritable);
        g_test_add_func("/store/writer/deleted", test_deleted);
        g_test_add_func("/store/writer/damaged", test_damaged);
        g_test_add_func("/store/writer/replaced", test_replaced);
        g_test_add_func("/store/writer/bad-rows-told-once", test_bad_rows_told_once);
        g_test_add_func("/store/writer/answers-without", test_answers_without);
        g_test_add_func("/store/writer/answers-with-newer", test_answers_with_newer);
        return g_test_run();
}
