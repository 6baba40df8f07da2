/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "daemon/store/checkpoint-rows.h"
#include "daemon/store/contents.h"
#include "daemon/store/core-rows.h"
#include "daemon/store/job-rows.h"
#include "daemon/store/opening.h"
#include "daemon/store/request.h"
#include "daemon/store/sweep-rows.h"
#include "tests/unit/store/sample.h"

static PiDatabase *fresh(void) {
        g_autoptr(GError) error = NULL;
        PiOpening opening;
        PiDatabase *db = pi_database_open(NULL, TRUE, &opening, &error);

        g_assert_no_error(error);
        return db;
}

static void put(PiDatabase *db, uint64_t id, const char *state) {
        g_autoptr(PiJobRecord) r = sample_job(id, state);

        g_assert_true(pi_job_rows_put(db, r));
}

static void sql(PiDatabase *db, const char *text) {
        char *message = NULL;

        (void) sqlite3_exec(pi_database_sqlite(db), text, NULL, NULL, &message);
        g_assert_cmpstr(message, ==, NULL);
}

static void assert_ids(GPtrArray *records, const char *want) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < records->len; i++)
                g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i ? " " : "",
                                       ((PiJobRecord *) records->pdata[i])->id);
        g_assert_cmpstr(text->str, ==, want);
}

static void assert_listed(PiDatabase *db, const char *want) {
        g_autoptr(GPtrArray) records = pi_job_records_new();

        g_assert_true(pi_job_rows_list(db, 100, records));
        assert_ids(records, want);
}

static void assert_job_comes_back(PiDatabase *db, const PiJobRecord *r) {
        g_autoptr(GPtrArray) records = pi_job_records_new();

        g_assert_true(pi_job_rows_put(db, r));
        g_assert_true(pi_job_rows_find(db, r->id, records));
        g_assert_cmpuint(records->len, ==, 1);
        assert_same_job(records->pdata[0], r);
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 0);
}

static void test_job(void) {
        static const char *const states[] = { "queued", "running", "done", "failed", "cancelled" };
        g_autoptr(PiDatabase) db = fresh();

        for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
                g_autoptr(PiJobRecord) r = sample_job(i + 1, states[i]);

                assert_job_comes_back(db, r);
        }
}

static void test_job_extremes(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiJobRecord) r = sample_job(INT64_MAX, "failed");
        g_autofree char *label = g_strnfill(PI_COLUMN_TEXT_MAX, 'x');

        r->created_usec = r->started_usec = INT64_MAX;
        r->owner = UINT32_MAX;
        r->attached = TRUE;
        r->terms = UINT64_C(10000000000000000);
        r->parts = UINT64_C(1250000000000000);
        r->cpus = UINT32_MAX;
        r->priority = INT32_MIN;
        r->numerics = UINT32_MAX;
        r->deadline_usec = UINT64_MAX;
        r->finished_usec = INT64_MAX;
        r->cpus_most = UINT32_MAX;
        sample_set(&r->nodes, label);
        r->pi = -INFINITY;
        sample_set(&r->label, label);
        sample_set(&r->error_message, "\xcf\x80 \"' \n ;--");
        assert_job_comes_back(db, r);

        r->id = 1;
        r->cluster = FALSE;
        sample_set(&r->nodes, "");
        r->pi = NAN;
        r->priority = INT32_MAX;
        assert_job_comes_back(db, r);
}

/* What is too long or no text would not be read again: it is mended when it is written. */
static void test_job_mended(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiJobRecord) r = sample_job(1, "failed");
        g_autoptr(GPtrArray) records = pi_job_records_new();
        g_autofree char *message = g_strnfill(PI_COLUMN_TEXT_MAX + 1, 'x');
        const PiJobRecord *back;

        sample_set(&r->error_message, message);
        sample_set(&r->label, "a\xff" "b");
        g_assert_true(pi_job_rows_put(db, r));
        g_assert_true(pi_job_rows_find(db, 1, records));
        g_assert_cmpuint(records->len, ==, 1);
        back = records->pdata[0];
        g_assert_cmpstr(back->label, ==, "a\xef\xbf\xbd" "b");
        g_assert_cmpuint(strlen(back->error_message), >, 1000);
        g_assert_cmpuint(strlen(back->error_message), <=, PI_COLUMN_TEXT_MAX);
}

static void test_job_ends_once(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GPtrArray) records = pi_job_records_new();

        put(db, 7, "running");
        assert_listed(db, "");
        put(db, 7, "done");
        assert_listed(db, "7");
        put(db, 7, "running");
        assert_listed(db, "7");
        g_assert_true(pi_job_rows_unfinished(db, 10, records));
        g_assert_cmpuint(records->len, ==, 0);
}

/* Newest is what ended last, whatever the clock said. */
static void test_order(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GPtrArray) unfinished = pi_job_records_new();

        put(db, 30, "running");
        put(db, 20, "running");
        put(db, 10, "queued");
        put(db, 20, "done");
        put(db, 30, "failed");
        sql(db, "UPDATE job SET finished_usec = 1 WHERE id = 30");
        put(db, 5, "cancelled");
        put(db, 20, "done"); /* once more changes nothing */
        put(db, 9, "running");
        assert_listed(db, "5 30 20");
        g_assert_true(pi_job_rows_unfinished(db, 10, unfinished));
        assert_ids(unfinished, "9 10");
}

static void test_forget(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GPtrArray) records = pi_job_records_new();

        put(db, 1, "running");
        put(db, 2, "done");
        g_assert_true(pi_job_rows_forget(db, 1));
        g_assert_true(pi_job_rows_forget(db, 2));
        g_assert_true(pi_job_rows_find(db, 1, records));
        g_assert_cmpuint(records->len, ==, 0);
        assert_listed(db, "2");
}

static void test_trim_number(void) {
        g_autoptr(PiDatabase) db = fresh();
        bool more;

        put(db, 1000, "running");
        for (uint64_t id = 1; id <= 200; id++)
                put(db, id, "done");
        g_assert_true(pi_job_rows_trim(db, 3, 0, &more));
        g_assert_true(more); /* in small steps */
        while (more)
                g_assert_true(pi_job_rows_trim(db, 3, 0, &more));
        assert_listed(db, "200 199 198");
        put(db, 201, "done");
        assert_listed(db, "201 200 199 198");
        g_assert_true(pi_job_rows_trim(db, 3, 0, &more));
        g_assert_false(more);
        assert_listed(db, "201 200 199");
        g_assert_true(pi_job_rows_trim(db, 0, 0, &more));
        assert_listed(db, "");
        g_assert_true(pi_job_rows_trim(db, 0, 0, &more));
        put(db, 202, "done");
        assert_listed(db, "202");
}

static void test_trim_age(void) {
        g_autoptr(PiDatabase) db = fresh();
        bool more;

        for (uint64_t id = 1; id <= 100; id++)
                put(db, id, "done"); /* at 1700000000000002 + id */
        put(db, 500, "running");
        do
                g_assert_true(pi_job_rows_trim(db, 1000, 1700000000000002 + 98, &more));
        while (more);
        assert_listed(db, "100 99 98");
}

static void test_checkpoint(void) {
        static const uint32_t sizes[][2] = {
                { 1, 0 }, { 2, 1 }, { 7, 2 }, { 8, 5 }, { 9, 6 }, { 128, 16 }, { 4096, 1024 },
        };
        g_autoptr(PiDatabase) db = fresh();

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autoptr(PiCheckpoint) old = sample_checkpoint(i + 1, 9, 3);
                g_autoptr(PiCheckpoint) c = sample_checkpoint(i + 1, sizes[i][0], sizes[i][1]);
                g_autoptr(PiStoreContents) contents = NULL;
                bool written;

                put(db, i + 1, "running");
                g_assert_true(pi_checkpoint_rows_put(db, old, &written));
                g_assert_true(written);
                g_assert_true(pi_checkpoint_rows_put(db, c, &written));
                g_assert_true(written);
                contents = pi_store_contents_load(db);
                g_assert_nonnull(contents);
                g_assert_cmpuint(contents->checkpoints->len, ==, i + 1);
                assert_same_checkpoint(contents->checkpoints->pdata[i], c);
        }
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 0);
}

static unsigned count_rows(PiDatabase *db, const char *table) {
        g_autofree char *text = g_strdup_printf("SELECT count(*) FROM %s", table);
        int64_t n = -1;

        g_assert_true(pi_database_ask(db, text, &n));
        return (unsigned) n;
}

static void test_checkpoint_of_whom(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiCheckpoint) c = sample_checkpoint(1, 9, 3);
        bool written;

        g_assert_true(pi_checkpoint_rows_put(db, c, &written));
        g_assert_false(written);
        put(db, 1, "running");
        g_assert_true(pi_checkpoint_rows_put(db, c, &written));
        g_assert_true(written);
        g_assert_cmpuint(count_rows(db, "partial"), ==, 3);
        put(db, 1, "done");
        g_assert_cmpuint(count_rows(db, "checkpoint"), ==, 0);
        g_assert_cmpuint(count_rows(db, "partial"), ==, 0);
        g_assert_true(pi_checkpoint_rows_put(db, c, &written));
        g_assert_false(written);
}

/* Each makes the row of job 2 or its checkpoint one that cannot be. */
static const char *const damages_of_job[] = {
        "UPDATE job SET state = 'dreaming' WHERE id = 2",
        "UPDATE job SET state = 'done' WHERE id = 2",
        "UPDATE job SET owner = -1 WHERE id = 2",
        "UPDATE job SET owner = 4294967296 WHERE id = 2",
        "UPDATE job SET attached = 2 WHERE id = 2",
        "UPDATE job SET terms = 10000000000000001 WHERE id = 2",
        "UPDATE job SET terms = -1 WHERE id = 2",
        "UPDATE job SET priority = 3000000000 WHERE id = 2",
        "UPDATE job SET created_usec = -5 WHERE id = 2",
        "UPDATE job SET label = CAST(x'61ff62' AS TEXT) WHERE id = 2",
        "UPDATE job SET label = CAST(x'610062' AS TEXT) WHERE id = 2",
        "UPDATE job SET label = CAST(zeroblob(9000) AS TEXT) WHERE id = 2",
        "UPDATE job SET kernel = hex(zeroblob(100)) WHERE id = 2",
        "UPDATE job SET report = x'0102030405' WHERE id = 2",
        "UPDATE job SET report = zeroblob(5000000) WHERE id = 2",
        "UPDATE job SET cluster = 2 WHERE id = 2",
        "UPDATE job SET nodes = CAST(x'61ff62' AS TEXT) WHERE id = 2",
        "UPDATE job SET nodes = hex(zeroblob(5000)) WHERE id = 2",
        "UPDATE job SET cpus_most = -1 WHERE id = 2",
        "UPDATE job SET cpus_most = 4294967296 WHERE id = 2",
        "UPDATE job SET id = -2 WHERE id = 2",
};

static const char *const damages_of_checkpoint[] = {
        "UPDATE checkpoint SET sum = 'xyz' WHERE job = 2",
        "UPDATE checkpoint SET sum = sum || '0' WHERE job = 2",
        "UPDATE checkpoint SET tolerance = substr(tolerance, 2) WHERE job = 2",
        "UPDATE checkpoint SET n_leases = 0 WHERE job = 2",
        "UPDATE checkpoint SET n_leases = 4097, verified = zeroblob(513) WHERE job = 2",
        "UPDATE checkpoint SET n_leases = 17 WHERE job = 2",
        "UPDATE checkpoint SET verified = x'ffff' WHERE job = 2",
        "UPDATE checkpoint SET verified = x'49' WHERE job = 2",
        "UPDATE checkpoint SET terms_done = 10000000000000001 WHERE job = 2",
        "UPDATE checkpoint SET resumes = -1 WHERE job = 2",
        "UPDATE checkpoint SET verdict = hex(zeroblob(100)) WHERE job = 2",
        "UPDATE partial SET lease = 9 WHERE job = 2 AND lease = 4",
        "UPDATE partial SET lease = 3 WHERE job = 2 AND lease = 4",
        "UPDATE partial SET lease = -1 WHERE job = 2 AND lease = 4",
        "UPDATE partial SET sum = 'x' WHERE job = 2 AND lease = 4",
        "UPDATE partial SET tolerance = '' WHERE job = 2 AND lease = 4",
        "UPDATE partial SET next_term = -1 WHERE job = 2 AND lease = 4",
};

static void assert_left_out(const char *damage, guint jobs, guint checkpoints) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiStoreContents) contents = NULL;

        g_test_message("%s", damage);
        for (uint64_t id = 1; id <= 3; id++) {
                g_autoptr(PiCheckpoint) c = sample_checkpoint(id, 9, 3);
                bool written;

                put(db, id, "running");
                g_assert_true(pi_checkpoint_rows_put(db, c, &written));
        }
        sql(db, "PRAGMA foreign_keys = OFF");
        sql(db, damage);
        contents = pi_store_contents_load(db);
        g_assert_nonnull(contents);
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 1);
        g_assert_cmpuint(contents->unfinished->len, ==, jobs);
        g_assert_cmpuint(contents->checkpoints->len, ==, checkpoints);
        for (guint i = 0; i < contents->checkpoints->len; i++)
                g_assert_cmpuint(((PiCheckpoint *) contents->checkpoints->pdata[i])->job, ==,
                                 i == 0 ? 1 : 3);
}

static void test_bad_rows(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(damages_of_job); i++)
                assert_left_out(damages_of_job[i], 2, 2);
        for (size_t i = 0; i < G_N_ELEMENTS(damages_of_checkpoint); i++)
                assert_left_out(damages_of_checkpoint[i], 3, 2);
}

static void test_bad_cores(void) {
        static const PiBadCore cores[] = { { 9, 1700000000000000, 5 },
                                           { UINT32_MAX, 0, INT64_MAX },
                                           { 0, INT64_MAX, 0 },
                                           { 9, 1800000000000000, 6 } };
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiStoreContents) contents = NULL;
        const PiBadCore *back;

        for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
                g_assert_true(pi_bad_core_rows_put(db, &cores[i]));
        g_assert_true(pi_bad_core_rows_put(db, &(PiBadCore) { .cpu = 3 }));
        g_assert_true(pi_bad_core_rows_delete(db, 3));
        g_assert_true(pi_bad_core_rows_delete(db, 4));
        sql(db, "INSERT INTO bad_core VALUES (-1, 0, 0)");
        contents = pi_store_contents_load(db);
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 1);
        g_assert_cmpuint(contents->bad_cores->len, ==, 3);
        back = (const PiBadCore *) (const void *) contents->bad_cores->data;
        g_assert_cmpuint(back[0].cpu, ==, 0);
        g_assert_cmpuint(back[0].since_usec, ==, INT64_MAX);
        g_assert_cmpuint(back[1].cpu, ==, 9);
        g_assert_cmpuint(back[1].since_usec, ==, 1800000000000000);
        g_assert_cmpuint(back[1].job, ==, 6);
        g_assert_cmpuint(back[2].cpu, ==, UINT32_MAX);
        g_assert_cmpuint(back[2].job, ==, INT64_MAX);
}

static void test_calibrations(void) {
        static char generic[] = "generic", avx2[] = "avx2", model[] = "A CPU", other[] = "Another";
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(PiStoreContents) contents = NULL;
        unsigned n = 0;

        for (unsigned i = 0; i < 20; i++) {
                g_assert_true(pi_calibration_rows_put(
                        db, &(PiCalibration) { generic, model, i, 1e9 + i }));
                g_assert_true(pi_calibration_rows_put(
                        db, &(PiCalibration) { avx2, i % 2 ? model : other, i, 1e308 }));
        }
        sql(db, "INSERT INTO calibration VALUES (NULL, 'generic', 'A CPU', 1, 0.0)");
        sql(db, "INSERT INTO calibration VALUES (NULL, 'generic', 'A CPU', 1, -1.0)");
        contents = pi_store_contents_load(db);
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 2);
        g_assert_cmpuint(contents->calibrations->len, ==, 27);
        for (guint i = 0; i < contents->calibrations->len; i++) {
                const PiCalibration *c = &g_array_index(contents->calibrations, PiCalibration, i);

                if (!g_str_equal(c->kernel, generic))
                        continue;
                g_assert_cmpuint(c->measured_usec, ==, 11 + n);
                g_assert_cmpfloat(c->terms_per_second, ==, 1e9 + 11 + n);
                n++;
        }
        g_assert_cmpuint(n, ==, 9);
}

static void test_sweeps(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GPtrArray) list = pi_sweep_records_new(), found = pi_sweep_records_new();
        bool more = true;

        for (unsigned i = 1; i <= 40; i++) {
                g_autoptr(GVariant) run = sample_dict("parts", i);
                g_autoptr(PiSweepRecord) r = pi_sweep_record_new(i, run);

                r->time_usec = i;
                g_assert_true(pi_sweep_rows_put(db, r));
                g_assert_cmpuint(r->id, ==, i);
        }
        while (more)
                g_assert_true(pi_sweep_rows_trim(db, 5, &more));
        g_assert_true(pi_sweep_rows_list(db, 3, list));
        g_assert_cmpuint(list->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
                const PiSweepRecord *r = list->pdata[i];
                g_autoptr(GVariant) want = sample_dict("parts", 40 - i);

                g_assert_cmpuint(r->id, ==, 40 - i);
                g_assert_cmpuint(r->owner, ==, 40 - i);
                g_assert_cmpuint(r->time_usec, ==, 40 - i);
                g_assert_cmpvariant(r->run, want);
        }
        g_assert_true(pi_sweep_rows_find(db, 36, found));
        g_assert_cmpuint(found->len, ==, 1);
        g_assert_true(pi_sweep_rows_find(db, 35, found));
        g_assert_cmpuint(found->len, ==, 1);
        sql(db, "UPDATE sweep SET run = x'00ff01' WHERE id = 40");
        g_assert_true(pi_sweep_rows_list(db, 100, found));
        g_assert_cmpuint(found->len, ==, 1 + 4);
        g_assert_cmpuint(pi_database_bad_rows(db), ==, 1);
}

/* The number of a run that was deleted is not given to another. */
static void test_sweep_numbers(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GVariant) run = sample_dict("parts", 1);
        g_autoptr(PiSweepRecord) r = pi_sweep_record_new(0, run);
        bool more;

        g_assert_true(pi_sweep_rows_put(db, r));
        g_assert_true(pi_sweep_rows_trim(db, 0, &more));
        g_assert_true(pi_sweep_rows_put(db, r));
        g_assert_cmpuint(r->id, ==, 2);
}

static void test_meta(void) {
        g_autoptr(PiDatabase) db = fresh();
        uint64_t value = 5;

        g_assert_true(pi_meta_rows_get(db, "a", &value));
        g_assert_cmpuint(value, ==, 5);
        g_assert_true(pi_meta_rows_put(db, "a", UINT64_MAX));
        g_assert_true(pi_meta_rows_get(db, "a", &value));
        g_assert_cmpuint(value, ==, UINT64_MAX);
}

/* What SQLite says is told, not swallowed. */
static void test_failure(void) {
        g_autoptr(PiDatabase) db = fresh();
        g_autoptr(GPtrArray) records = pi_job_records_new();
        g_autoptr(PiJobRecord) r = sample_job(1, "queued");

        sql(db, "PRAGMA foreign_keys = OFF; DROP TABLE job");
        g_assert_false(pi_job_rows_put(db, r));
        g_assert_false(pi_job_rows_list(db, 1, records));
        g_assert_null(pi_store_contents_load(db));
        g_assert_cmpint(pi_database_trouble(db), ==, PI_TROUBLE_DAMAGE);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/rows/job", test_job);
        g_test_add_func("/store/rows/job-extremes", test_job_extremes);
        g_test_add_func("/store/rows/job-mended", test_job_mended);
        g_test_add_func("/store/rows/job-ends-once", test_job_ends_once);
        g_test_add_func("/store/rows/order", test_order);
        g_test_add_func("/store/rows/forget", test_forget);
        g_test_add_func("/store/rows/trim-number", test_trim_number);
        g_test_add_func("/store/rows/trim-age", test_trim_age);
        g_test_add_func("/store/rows/checkpoint", test_checkpoint);
        g_test_add_func("/store/rows/checkpoint-of-whom", test_checkpoint_of_whom);
        g_test_add_func("/store/rows/bad-rows", test_bad_rows);
        g_test_add_func("/store/rows/bad-cores", test_bad_cores);
        g_test_add_func("/store/rows/calibrations", test_calibrations);
        g_test_add_func("/store/rows/sweeps", test_sweeps);
        g_test_add_func("/store/rows/sweep-numbers", test_sweep_numbers);
        g_test_add_func("/store/rows/meta", test_meta);
        g_test_add_func("/store/rows/failure", test_failure);
        return g_test_run();
}
