/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/terminal.h"

typedef struct PiColumn {
        const char *title;
        gboolean right; /* numbers stand to the right */
} PiColumn;

/* Rows of text in columns as wide as their widest cell. The last column gives way: on a terminal it
 * is cut so that a row fits a line, though never below 5 columns. */
typedef struct PiTable PiTable;

PiTable *pi_table_new(const PiColumn *columns, gsize n_columns);
void pi_table_free(PiTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTable, pi_table_free)

/* Adds the next cell, left to right, and takes the text over; NULL is an empty cell. The text must
 * have gone through pi_text_escape() if it came from others. */
void pi_table_take(PiTable *table, char *text, PiStyle style);

gsize pi_table_n_rows(const PiTable *table);

/* Appends the table to `out`, with the titles if `legend`. */
void pi_table_render(const PiTable *table, const PiTerminal *terminal, gboolean legend,
                     GString *out);
