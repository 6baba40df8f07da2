/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/job-rows.h"

#include "daemon/series/range.h"
#include "daemon/store/checkpoint-rows.h"

/* Of one transaction: few enough for it to be short. */
#define TRIM_MAX 64

#define WORD_MAX 64

static const char *const states[] = { "queued", "running", "done", "failed", "cancelled", NULL };

static void bind(PiBinder *b, const PiJobRecord *r) {
        pi_bind_u64(b, r->id);
        pi_bind_i64(b, r->owner);
        pi_bind_i64(b, r->attached ? 1 : 0);
        pi_bind_text(b, r->state);
        pi_bind_text(b, r->verdict);
        pi_bind_text(b, r->label);
        pi_bind_u64(b, r->terms);
        pi_bind_u64(b, r->parts);
        pi_bind_i64(b, r->cpus);
        pi_bind_text(b, r->kernel);
        pi_bind_i64(b, r->priority);
        pi_bind_i64(b, r->numerics);
        pi_bind_u64(b, r->deadline_usec);
        pi_bind_u64(b, r->created_usec);
        pi_bind_u64(b, r->started_usec);
        pi_bind_u64(b, r->finished_usec);
        pi_bind_text(b, r->error_name);
        pi_bind_text(b, r->error_message);
        pi_bind_double(b, r->pi);
        pi_bind_dict(b, r->report);
        pi_bind_i64(b, r->cluster ? 1 : 0);
        pi_bind_text(b, r->nodes);
        pi_bind_i64(b, r->cpus_most);
        pi_bind_text(b, r->engine);
        pi_bind_i64(b, pi_job_record_is_finished(r));
}

bool pi_job_rows_put(PiDatabase *db, const PiJobRecord *record) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_PUT);

        bind(&b, record);
        if (!pi_database_run(db, &b))
                return false;
        return !pi_job_record_is_finished(record) || pi_checkpoint_rows_delete(db, record->id);
}

bool pi_job_rows_forget(PiDatabase *db, uint64_t id) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_FORGET);

        pi_bind_u64(&b, id);
        return pi_database_run(db, &b);
}

static char *take(char *old, char *new) {
        g_free(old);
        return new;
}

static PiJobRecord *read_row(PiColumns *c) {
        g_autoptr(PiJobRecord) r = pi_job_record_new();

        r->id = pi_columns_u64(c, INT64_MAX);
        r->owner = pi_columns_u32(c);
        r->attached = (gboolean) pi_columns_i64(c, 0, 1);
        r->state = take(r->state, pi_columns_text(c, WORD_MAX));
        r->verdict = take(r->verdict, pi_columns_text(c, WORD_MAX));
        r->label = take(r->label, pi_columns_text(c, PI_COLUMN_TEXT_MAX));
        r->terms = pi_columns_u64(c, PI_TERMS_MAX);
        r->parts = pi_columns_u64(c, PI_TERMS_MAX);
        r->cpus = pi_columns_u32(c);
        r->kernel = take(r->kernel, pi_columns_text(c, WORD_MAX));
        r->priority = (int32_t) pi_columns_i64(c, INT32_MIN, INT32_MAX);
        r->numerics = pi_columns_u32(c);
        r->deadline_usec = pi_columns_u64(c, UINT64_MAX);
        r->created_usec = pi_columns_u64(c, INT64_MAX);
        r->started_usec = pi_columns_u64(c, INT64_MAX);
        r->finished_usec = pi_columns_u64(c, INT64_MAX);
        r->error_name = take(r->error_name, pi_columns_text(c, PI_COLUMN_TEXT_MAX));
        r->error_message = take(r->error_message, pi_columns_text(c, PI_COLUMN_TEXT_MAX));
        r->pi = pi_columns_double(c);
        g_variant_unref(r->report);
        r->report = pi_columns_dict(c);
        r->cluster = (gboolean) pi_columns_i64(c, 0, 1);
        r->nodes = take(r->nodes, pi_columns_text(c, PI_COLUMN_TEXT_MAX));
        r->cpus_most = pi_columns_u32(c);
        r->engine = take(r->engine, pi_columns_text(c, WORD_MAX));
        pi_columns_require(c, g_strv_contains(states, r->state));
        pi_columns_require(c, pi_columns_is_null(c) == !pi_job_record_is_finished(r));
        return c->bad ? NULL : g_steal_pointer(&r);
}

static bool read_all(PiDatabase *db, PiBinder *b, GPtrArray *records) {
        PiStep step;

        while ((step = pi_database_next(db, b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b->statement };
                PiJobRecord *r = read_row(&c);

                if (r)
                        g_ptr_array_add(records, r);
                else
                        pi_database_note_bad_row(db);
        }
        return step == PI_STEP_DONE;
}

bool pi_job_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *records) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_LIST);

        pi_bind_i64(&b, limit);
        return read_all(db, &b, records);
}

bool pi_job_rows_find(PiDatabase *db, uint64_t id, GPtrArray *records) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_FIND);

        pi_bind_u64(&b, id);
        return read_all(db, &b, records);
}

bool pi_job_rows_unfinished(PiDatabase *db, uint32_t limit, GPtrArray *records) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_UNFINISHED);

        pi_bind_i64(&b, limit);
        return read_all(db, &b, records);
}

bool pi_job_rows_last_id(PiDatabase *db, uint64_t *ret) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_JOB_LAST_ID);
        PiStep step = pi_database_next(db, &b);

        *ret = 0;
        if (step == PI_STEP_ROW) {
                int64_t id = sqlite3_column_int64(b.statement, 0);

                *ret = (uint64_t) MAX(id, 0);
                pi_database_reset(&b);
        }
        return step != PI_STEP_FAILED;
}

bool pi_job_rows_trim(PiDatabase *db, uint32_t keep, uint64_t before_usec, bool *more) {
        PiBinder number = pi_database_bind(db, PI_STATEMENT_JOB_TRIM_NUMBER), age;

        pi_bind_i64(&number, keep);
        pi_bind_i64(&number, TRIM_MAX);
        if (!pi_database_run(db, &number))
                return false;
        *more = sqlite3_changes(pi_database_sqlite(db)) == TRIM_MAX;
        if (before_usec == 0)
                return true;
        age = pi_database_bind(db, PI_STATEMENT_JOB_TRIM_AGE);
        pi_bind_u64(&age, before_usec);
        pi_bind_i64(&age, TRIM_MAX);
        if (!pi_database_run(db, &age))
                return false;
        *more |= sqlite3_changes(pi_database_sqlite(db)) == TRIM_MAX;
        return true;
}
