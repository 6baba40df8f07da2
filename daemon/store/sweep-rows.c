/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/sweep-rows.h"

/* Of one transaction: few enough for it to be short. */
#define TRIM_MAX 16

bool pi_sweep_rows_put(PiDatabase *db, PiSweepRecord *record) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_SWEEP_PUT);

        pi_bind_i64(&b, record->owner);
        pi_bind_u64(&b, record->time_usec);
        pi_bind_dict(&b, record->run);
        if (!pi_database_run(db, &b))
                return false;
        record->id = (uint64_t) sqlite3_last_insert_rowid(pi_database_sqlite(db));
        return true;
}

static PiSweepRecord *read_row(PiColumns *c) {
        g_autoptr(PiSweepRecord) r = g_new0(PiSweepRecord, 1);

        r->id = pi_columns_u64(c, INT64_MAX);
        r->owner = pi_columns_u32(c);
        r->time_usec = pi_columns_u64(c, INT64_MAX);
        r->run = pi_columns_dict(c);
        return c->bad ? NULL : g_steal_pointer(&r);
}

static bool read_all(PiDatabase *db, PiBinder *b, GPtrArray *records) {
        PiStep step;

        while ((step = pi_database_next(db, b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b->statement };
                PiSweepRecord *r = read_row(&c);

                if (r)
                        g_ptr_array_add(records, r);
                else
                        pi_database_note_bad_row(db);
        }
        return step == PI_STEP_DONE;
}

bool pi_sweep_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *records) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_SWEEP_LIST);

        pi_bind_i64(&b, limit);
        return read_all(db, &b, records);
}

bool pi_sweep_rows_find(PiDatabase *db, uint64_t id, GPtrArray *records) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_SWEEP_FIND);

        pi_bind_u64(&b, id);
        return read_all(db, &b, records);
}

bool pi_sweep_rows_trim(PiDatabase *db, uint32_t keep, bool *more) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_SWEEP_TRIM);

        pi_bind_i64(&b, keep);
        pi_bind_i64(&b, TRIM_MAX);
        if (!pi_database_run(db, &b))
                return false;
        *more = sqlite3_changes(pi_database_sqlite(db)) == TRIM_MAX;
        return true;
}
