/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/columns.h"

#include <math.h>
#include <string.h>

static void keep(PiBinder *b, int rc) {
        if (b->rc == SQLITE_OK)
                b->rc = rc;
}

void pi_bind_i64(PiBinder *b, int64_t value) {
        if (b->statement)
                keep(b, sqlite3_bind_int64(b->statement, ++b->at, value));
}

void pi_bind_u64(PiBinder *b, uint64_t value) {
        pi_bind_i64(b, (int64_t) value);
}

void pi_bind_double(PiBinder *b, double value) {
        if (b->statement)
                keep(b, sqlite3_bind_double(b->statement, ++b->at, value));
}

void pi_bind_text(PiBinder *b, const char *value) {
        g_autofree char *mended = NULL;
        size_t length = strlen(value);

        /* What is written can be read again: pi_columns_text() takes neither. */
        if (length > PI_COLUMN_TEXT_MAX || !g_utf8_validate(value, (gssize) length, NULL)) {
                /* A replacement character is up to three times as long as what it replaces. */
                mended = g_utf8_make_valid(value, MIN(length, PI_COLUMN_TEXT_MAX / 3));
                value = mended;
        }
        if (b->statement)
                keep(b, sqlite3_bind_text(b->statement, ++b->at, value, -1, SQLITE_TRANSIENT));
}

void pi_bind_fixed(PiBinder *b, const PiFixed *value) {
        g_autofree char *hex = pi_fixed_to_hex(value);

        pi_bind_text(b, hex);
}

void pi_bind_blob(PiBinder *b, const void *data, size_t size) {
        if (!b->statement)
                return;
        /* No data is NULL to SQLite, whatever its size. */
        if (size == 0)
                keep(b, sqlite3_bind_zeroblob(b->statement, ++b->at, 0));
        else
                keep(b, sqlite3_bind_blob64(b->statement, ++b->at, data, size, SQLITE_TRANSIENT));
}

/* The other byte order where this machine's is not that of the file; its own inverse. */
static GVariant *turn(GVariant *dict) {
        return G_BYTE_ORDER == G_LITTLE_ENDIAN ? g_variant_ref(dict) : g_variant_byteswap(dict);
}

void pi_bind_dict(PiBinder *b, GVariant *dict) {
        g_autoptr(GVariant) normal = g_variant_get_normal_form(dict);
        g_autoptr(GVariant) turned = turn(normal);
        size_t size = g_variant_get_size(turned);

        if (size > PI_COLUMN_DICT_MAX)
                pi_bind_blob(b, NULL, 0);
        else
                pi_bind_blob(b, g_variant_get_data(turned), size);
}

void pi_columns_require(PiColumns *c, bool good) {
        c->bad |= !good;
}

/* The position of the next column, -1 when the row is bad or the column is of another type. */
static int next(PiColumns *c, int type) {
        int at = c->at++;

        pi_columns_require(c, sqlite3_column_type(c->statement, at) == type);
        return c->bad ? -1 : at;
}

int64_t pi_columns_i64(PiColumns *c, int64_t min, int64_t max) {
        int at = next(c, SQLITE_INTEGER);
        int64_t value = at < 0 ? 0 : sqlite3_column_int64(c->statement, at);

        pi_columns_require(c, value >= min && value <= max);
        return c->bad ? 0 : value;
}

uint64_t pi_columns_u64(PiColumns *c, uint64_t max) {
        uint64_t value = (uint64_t) pi_columns_i64(c, INT64_MIN, INT64_MAX);

        pi_columns_require(c, value <= max);
        return c->bad ? 0 : value;
}

uint32_t pi_columns_u32(PiColumns *c) {
        return (uint32_t) pi_columns_i64(c, 0, UINT32_MAX);
}

double pi_columns_double(PiColumns *c) {
        int at;

        if (sqlite3_column_type(c->statement, c->at) == SQLITE_NULL) {
                c->at++;
                return NAN;
        }
        at = next(c, SQLITE_FLOAT);
        return at < 0 ? NAN : sqlite3_column_double(c->statement, at);
}

bool pi_columns_is_null(PiColumns *c) {
        return sqlite3_column_type(c->statement, c->at++) == SQLITE_NULL;
}

char *pi_columns_text(PiColumns *c, size_t max) {
        int at = next(c, SQLITE_TEXT);
        const char *text = at < 0 ? NULL : (const char *) sqlite3_column_text(c->statement, at);
        size_t size = text ? (size_t) sqlite3_column_bytes(c->statement, at) : 0;

        /* A zero inside is no UTF-8 to GLib. */
        pi_columns_require(c, text && size <= max && g_utf8_validate(text, (gssize) size, NULL));
        return c->bad ? g_strdup("") : g_strndup(text, size);
}

void pi_columns_fixed(PiColumns *c, PiFixed *ret) {
        g_autofree char *hex = pi_columns_text(c, PI_FIXED_HEX_DIGITS);

        *ret = PI_FIXED_ZERO;
        pi_columns_require(c, pi_fixed_from_hex(hex, ret));
}

const void *pi_columns_blob(PiColumns *c, size_t size) {
        int at = next(c, SQLITE_BLOB);

        pi_columns_require(c, at >= 0 &&
                              (size_t) sqlite3_column_bytes(c->statement, at) == size);
        return c->bad ? NULL : sqlite3_column_blob(c->statement, at);
}

static GVariant *empty_dict(void) {
        return g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

GVariant *pi_columns_dict(PiColumns *c) {
        int at = next(c, SQLITE_BLOB);
        size_t size = at < 0 ? 0 : (size_t) sqlite3_column_bytes(c->statement, at);
        g_autoptr(GVariant) dict = NULL;
        g_autoptr(GBytes) bytes = NULL;

        pi_columns_require(c, size <= PI_COLUMN_DICT_MAX);
        if (c->bad || size == 0)
                return empty_dict();
        bytes = g_bytes_new(sqlite3_column_blob(c->statement, at), size);
        dict = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        pi_columns_require(c, g_variant_is_normal_form(dict));
        return c->bad ? empty_dict() : turn(dict);
}
