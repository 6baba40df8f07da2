/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/table.h"

#include "ctl/text.h"

#define ELASTIC_MIN 5

typedef struct Cell {
        char *text;
        PiStyle style;
} Cell;

struct PiTable {
        const PiColumn *columns;
        gsize n_columns;
        GArray *cells; /* of Cell, row by row */
};

static void cell_clear(gpointer cell) {
        g_free(((Cell *) cell)->text);
}

PiTable *pi_table_new(const PiColumn *columns, gsize n_columns) {
        PiTable *table = g_new0(PiTable, 1);

        table->columns = columns;
        table->n_columns = n_columns;
        table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
        g_array_set_clear_func(table->cells, cell_clear);
        return table;
}

void pi_table_free(PiTable *table) {
        g_array_unref(table->cells);
        g_free(table);
}

void pi_table_take(PiTable *table, char *text, PiStyle style) {
        Cell cell = { text ? text : g_strdup(""), style };
        g_array_append_val(table->cells, cell);
}

gsize pi_table_n_rows(const PiTable *table) {
        return table->cells->len / table->n_columns;
}

static const Cell *cell_at(const PiTable *table, gsize row, gsize column) {
        return &g_array_index(table->cells, Cell, row * table->n_columns + column);
}

static gsize *column_widths(const PiTable *table, gboolean legend) {
        gsize *widths = g_new0(gsize, table->n_columns);

        for (gsize c = 0; c < table->n_columns; c++) {
                if (legend)
                        widths[c] = pi_text_width(table->columns[c].title);
                for (gsize r = 0; r < pi_table_n_rows(table); r++)
                        widths[c] = MAX(widths[c], pi_text_width(cell_at(table, r, c)->text));
        }
        return widths;
}

static void limit_last(const PiTable *table, const PiTerminal *terminal, gsize *widths) {
        gsize last = table->n_columns - 1, used = 0;

        for (gsize c = 0; c < last; c++)
                used += widths[c] + 1;
        if (terminal->is_tty && used + widths[last] > terminal->columns)
                widths[last] = used + ELASTIC_MIN < terminal->columns
                                       ? terminal->columns - used
                                       : MIN(widths[last], ELASTIC_MIN);
}

static void append_cell(const PiColumn *column, const char *text, PiStyle style, gsize width,
                        gboolean last, const PiTerminal *terminal, GString *out) {
        g_autofree char *shown = pi_text_ellipsize(text, width, terminal->utf8);
        gsize pad = width - MIN(width, pi_text_width(shown));

        if (last && shown[0] == '\0') { /* nothing, and no blanks before it */
                while (g_str_has_suffix(out->str, " "))
                        g_string_truncate(out, out->len - 1);
                g_string_append_c(out, '\n');
                return;
        }

        if (column->right)
                g_string_append_printf(out, "%*s", (int) pad, "");
        g_string_append(out, pi_terminal_begin(terminal, style));
        g_string_append(out, shown);
        g_string_append(out, pi_terminal_end(terminal, style));
        if (!column->right && !last)
                g_string_append_printf(out, "%*s", (int) pad, "");
        g_string_append_c(out, last ? '\n' : ' ');
}

void pi_table_render(const PiTable *table, const PiTerminal *terminal, gboolean legend,
                     GString *out) {
        g_autofree gsize *widths = column_widths(table, legend);
        gsize last = table->n_columns - 1;

        limit_last(table, terminal, widths);
        for (gsize c = 0; legend && c <= last; c++)
                append_cell(&table->columns[c], table->columns[c].title, PI_STYLE_HEAD, widths[c],
                            c == last, terminal, out);
        for (gsize r = 0; r < pi_table_n_rows(table); r++)
                for (gsize c = 0; c <= last; c++)
                        append_cell(&table->columns[c], cell_at(table, r, c)->text,
                                    cell_at(table, r, c)->style, widths[c], c == last, terminal,
                                    out);
}
