/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top-table.h"

#include "ctl/text.h"

#define GAP 2 /* columns between two cells */

struct PiTopTable {
        const PiTopColumn *columns;
        gsize n_columns;
        GArray *cells; /* PiSpan, row by row */
};

static void cell_clear(gpointer cell) {
        g_free(((PiSpan *) cell)->text);
}

PiTopTable *pi_top_table_new(const PiTopColumn *columns, gsize n_columns) {
        PiTopTable *table = g_new0(PiTopTable, 1);

        g_assert(n_columns <= PI_TOP_COLUMNS_MAX);
        table->columns = columns;
        table->n_columns = n_columns;
        table->cells = g_array_new(FALSE, FALSE, sizeof(PiSpan));
        g_array_set_clear_func(table->cells, cell_clear);
        return table;
}

void pi_top_table_free(PiTopTable *table) {
        g_array_unref(table->cells);
        g_free(table);
}

void pi_top_table_take(PiTopTable *table, char *text, PiStyle style) {
        PiSpan cell = { style, text };

        g_array_append_val(table->cells, cell);
}

static const PiSpan *cell_at(const PiTopTable *table, gsize row, gsize column) {
        return &g_array_index(table->cells, PiSpan, row * table->n_columns + column);
}

static gsize widest(const PiTopTable *table, gsize column) {
        gsize width = 0;

        for (gsize r = 0; r < table->cells->len / table->n_columns; r++)
                width = MAX(width, pi_text_width(cell_at(table, r, column)->text));
        return width;
}

/* Takes in the columns of one rank that still fit; FALSE if one did not. */
static gboolean fit_rank(const PiTopTable *table, guint rank, gsize columns, const gsize *wanted,
                         gsize *widths, gsize *used) {
        for (gsize c = 0; c < table->n_columns; c++) {
                const PiTopColumn *column = &table->columns[c];
                gsize least = column->min > 0 ? MIN(column->min, wanted[c]) : wanted[c];

                if (column->rank != rank || wanted[c] == 0)
                        continue;
                if (*used > 0 && *used + GAP + least > columns)
                        return FALSE;
                widths[c] = least;
                *used += least + (*used > 0 ? GAP : 0);
        }
        return TRUE;
}

/* The width of each column, 0 for one that is left out. */
static void choose(const PiTopTable *table, gsize columns, gsize *widths) {
        gsize wanted[PI_TOP_COLUMNS_MAX], used = 0;
        guint rank_max = 0;

        for (gsize c = 0; c < table->n_columns; c++) {
                wanted[c] = widest(table, c);
                widths[c] = 0;
                rank_max = MAX(rank_max, table->columns[c].rank);
        }
        for (guint rank = 0; rank <= rank_max; rank++)
                if (!fit_rank(table, rank, columns, wanted, widths, &used))
                        break;
        /* What is left is for those that were cut. */
        for (gsize c = 0; c < table->n_columns; c++)
                if (widths[c] > 0 && used < columns) {
                        gsize more = MIN(wanted[c] - widths[c], columns - used);

                        widths[c] += more;
                        used += more;
                }
}

void pi_top_table_render(const PiTopTable *table, gsize columns, gboolean utf8, GPtrArray *lines) {
        gsize widths[PI_TOP_COLUMNS_MAX];

        choose(table, columns, widths);
        for (gsize r = 0; r < table->cells->len / table->n_columns; r++) {
                PiLine *line = pi_line_new(columns, utf8);

                for (gsize c = 0; c < table->n_columns; c++) {
                        const PiSpan *cell = cell_at(table, r, c);

                        if (widths[c] == 0)
                                continue;
                        if (line->width > 0)
                                pi_line_printf(line, PI_STYLE_PLAIN, "%*s", GAP, "");
                        pi_line_pad(line, cell->style, cell->text, widths[c],
                                    table->columns[c].right);
                }
                g_ptr_array_add(lines, line);
        }
}
