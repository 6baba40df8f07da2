/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/core-rows.h"

#include <math.h>

/* Of one kernel and CPU model, and of all. */
#define CALIBRATIONS_OF_ONE 9
#define CALIBRATIONS_MAX 512

bool pi_bad_core_rows_put(PiDatabase *db, const PiBadCore *core) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_BAD_CORE_PUT);

        pi_bind_i64(&b, core->cpu);
        pi_bind_u64(&b, core->since_usec);
        pi_bind_u64(&b, core->job);
        return pi_database_run(db, &b);
}

bool pi_bad_core_rows_delete(PiDatabase *db, uint32_t cpu) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_BAD_CORE_DELETE);

        pi_bind_i64(&b, cpu);
        return pi_database_run(db, &b);
}

bool pi_bad_core_rows_list(PiDatabase *db, uint32_t limit, GArray *cores) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_BAD_CORE_LIST);
        PiStep step;

        pi_bind_i64(&b, limit);
        while ((step = pi_database_next(db, &b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b.statement };
                PiBadCore core;

                core.cpu = pi_columns_u32(&c);
                core.since_usec = pi_columns_u64(&c, INT64_MAX);
                core.job = pi_columns_u64(&c, INT64_MAX);
                if (c.bad)
                        pi_database_note_bad_row(db);
                else
                        g_array_append_val(cores, core);
        }
        return step == PI_STEP_DONE;
}

static bool trim_calibrations(PiDatabase *db, const PiCalibration *calibration) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_CALIBRATION_TRIM);

        pi_bind_text(&b, calibration->kernel);
        pi_bind_text(&b, calibration->cpu_model);
        pi_bind_i64(&b, CALIBRATIONS_OF_ONE);
        pi_bind_i64(&b, CALIBRATIONS_MAX);
        return pi_database_run(db, &b);
}

bool pi_calibration_rows_put(PiDatabase *db, const PiCalibration *calibration) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_CALIBRATION_PUT);

        pi_bind_text(&b, calibration->kernel);
        pi_bind_text(&b, calibration->cpu_model);
        pi_bind_u64(&b, calibration->measured_usec);
        pi_bind_double(&b, calibration->terms_per_second);
        return pi_database_run(db, &b) && trim_calibrations(db, calibration);
}

static bool read_calibration(PiColumns *c, PiCalibration *ret) {
        ret->kernel = pi_columns_text(c, PI_COLUMN_TEXT_MAX);
        ret->cpu_model = pi_columns_text(c, PI_COLUMN_TEXT_MAX);
        ret->measured_usec = pi_columns_u64(c, INT64_MAX);
        ret->terms_per_second = pi_columns_double(c);
        pi_columns_require(c, isfinite(ret->terms_per_second) && ret->terms_per_second > 0);
        return !c->bad;
}

bool pi_calibration_rows_list(PiDatabase *db, GArray *calibrations) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_CALIBRATION_LIST);
        PiStep step;

        pi_bind_i64(&b, CALIBRATIONS_MAX);
        while ((step = pi_database_next(db, &b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b.statement };
                PiCalibration calibration;

                if (read_calibration(&c, &calibration)) {
                        g_array_append_val(calibrations, calibration);
                        continue;
                }
                pi_calibration_clear(&calibration);
                pi_database_note_bad_row(db);
        }
        return step == PI_STEP_DONE;
}

bool pi_meta_rows_get(PiDatabase *db, const char *name, uint64_t *ret) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_META_GET);
        PiStep step;

        pi_bind_text(&b, name);
        while ((step = pi_database_next(db, &b)) == PI_STEP_ROW)
                *ret = (uint64_t) sqlite3_column_int64(b.statement, 0);
        return step == PI_STEP_DONE;
}

bool pi_meta_rows_put(PiDatabase *db, const char *name, uint64_t value) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_META_PUT);

        pi_bind_text(&b, name);
        pi_bind_u64(&b, value);
        return pi_database_run(db, &b);
}
