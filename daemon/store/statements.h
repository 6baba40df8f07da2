/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every statement the store runs again and again. The order of parameters and columns is that of
 * the functions that bind and read them. */
typedef enum PiStatement {
        PI_STATEMENT_BEGIN,
        PI_STATEMENT_COMMIT,
        PI_STATEMENT_ROLLBACK,
        PI_STATEMENT_META_GET,
        PI_STATEMENT_META_PUT,
        PI_STATEMENT_JOB_PUT,
        PI_STATEMENT_JOB_FORGET,
        PI_STATEMENT_JOB_LIST,
        PI_STATEMENT_JOB_FIND,
        PI_STATEMENT_JOB_UNFINISHED,
        PI_STATEMENT_JOB_LAST_ID,
        PI_STATEMENT_JOB_TRIM_NUMBER,
        PI_STATEMENT_JOB_TRIM_AGE,
        PI_STATEMENT_CHECKPOINT_PUT,
        PI_STATEMENT_CHECKPOINT_DELETE,
        PI_STATEMENT_CHECKPOINT_LIST,
        PI_STATEMENT_PARTIAL_PUT,
        PI_STATEMENT_PARTIAL_DELETE,
        PI_STATEMENT_PARTIAL_LIST,
        PI_STATEMENT_BAD_CORE_PUT,
        PI_STATEMENT_BAD_CORE_DELETE,
        PI_STATEMENT_BAD_CORE_LIST,
        PI_STATEMENT_CALIBRATION_PUT,
        PI_STATEMENT_CALIBRATION_TRIM,
        PI_STATEMENT_CALIBRATION_LIST,
        PI_STATEMENT_SWEEP_PUT,
        PI_STATEMENT_SWEEP_LIST,
        PI_STATEMENT_SWEEP_FIND,
        PI_STATEMENT_SWEEP_TRIM,
        _PI_STATEMENT_MAX,
} PiStatement;

const char *pi_statement_sql(PiStatement statement);
