/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A table for people: aligned text, or Markdown when $PI_BENCH_TABLE is "markdown". The first
 * column is words, the others are figures. */
typedef struct BenchTable BenchTable;

/* `columns`: their headings, ended by NULL. All strings are copied. */
BenchTable *bench_table_new(const char *title, const char *const *columns);

/* The next cell, row by row. */
void bench_table_cell(BenchTable *t, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same: a figure of three digits; "-" for one that is not finite. */
void bench_table_number(BenchTable *t, double value);

/* The same: the ends of a range. */
void bench_table_range(BenchTable *t, double min, double max);

/* Empty cells to the end of the row. */
void bench_table_end_row(BenchTable *t);

/* A line below the table. */
void bench_table_note(BenchTable *t, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Frees it, too. */
void bench_table_print(BenchTable *t);
