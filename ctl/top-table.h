/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/line.h"

typedef struct PiTopColumn {
        gboolean right;
        guint rank; /* where the window is narrow those of the highest rank are left out */
        gsize min;  /* the least it may be cut to; 0: it is as wide as its widest cell */
} PiTopColumn;

#define PI_TOP_COLUMNS_MAX 16

/* Rows of cells, in as many of the columns as fit. */
typedef struct PiTopTable PiTopTable;

PiTopTable *pi_top_table_new(const PiTopColumn *columns, gsize n_columns);
void pi_top_table_free(PiTopTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTopTable, pi_top_table_free)

/* Adds the next cell, left to right, and takes the text over. */
void pi_top_table_take(PiTopTable *table, char *text, PiStyle style);

/* Adds the rows to `lines`, an array of PiLine. */
void pi_top_table_render(const PiTopTable *table, gsize columns, gboolean utf8, GPtrArray *lines);
