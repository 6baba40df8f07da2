/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"

/* The longest variant and text of a row, in bytes. */
#define PI_COLUMN_DICT_MAX (4u << 20)
#define PI_COLUMN_TEXT_MAX 8192u

/* Values for the parameters of a statement, one after the other. The first failure stays. */
typedef struct PiBinder {
        sqlite3_stmt *statement; /* NULL: it could not be prepared */
        int at;
        int rc; /* of SQLite */
} PiBinder;

void pi_bind_u64(PiBinder *b, uint64_t value);
void pi_bind_i64(PiBinder *b, int64_t value);
void pi_bind_double(PiBinder *b, double value); /* not a number becomes NULL */
void pi_bind_text(PiBinder *b, const char *value); /* what is not UTF-8 or too long is mended */
void pi_bind_fixed(PiBinder *b, const PiFixed *value);
void pi_bind_blob(PiBinder *b, const void *data, size_t size);
void pi_bind_dict(PiBinder *b, GVariant *dict); /* one that is too long is left out */

/* The columns of a row, one after the other. A file is input from outside: what has another type,
 * is out of range or too long makes the row bad, and every value after that is empty. */
typedef struct PiColumns {
        sqlite3_stmt *statement;
        int at;
        bool bad;
} PiColumns;

/* For checks across columns: makes the row bad unless `good`. */
void pi_columns_require(PiColumns *c, bool good);

uint64_t pi_columns_u64(PiColumns *c, uint64_t max);
uint32_t pi_columns_u32(PiColumns *c);
int64_t pi_columns_i64(PiColumns *c, int64_t min, int64_t max);
double pi_columns_double(PiColumns *c);                  /* NULL: not a number */
bool pi_columns_is_null(PiColumns *c);
char *pi_columns_text(PiColumns *c, size_t max);         /* the caller's; never NULL */
void pi_columns_fixed(PiColumns *c, PiFixed *ret);
const void *pi_columns_blob(PiColumns *c, size_t size);  /* of just that size, till the next step */
GVariant *pi_columns_dict(PiColumns *c);                 /* a{sv}, the caller's; never NULL */
