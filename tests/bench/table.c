/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/table.h"

#include <math.h>
#include <stdio.h>

struct BenchTable {
        char *title;
        GPtrArray *cells; /* of char *, headings first */
        guint n_columns;
        GPtrArray *notes;
};

BenchTable *bench_table_new(const char *title, const char *const *columns) {
        BenchTable *t = g_new0(BenchTable, 1);

        t->title = g_strdup(title);
        t->cells = g_ptr_array_new_with_free_func(g_free);
        t->notes = g_ptr_array_new_with_free_func(g_free);
        for (; columns[t->n_columns]; t->n_columns++)
                g_ptr_array_add(t->cells, g_strdup(columns[t->n_columns]));
        return t;
}

void bench_table_cell(BenchTable *t, const char *format, ...) {
        va_list args;

        va_start(args, format);
        g_ptr_array_add(t->cells, g_strdup_vprintf(format, args));
        va_end(args);
}

/* Decimals that leave three digits of a value of 0.01 and more. */
static int decimals(double value) {
        double a = fabs(value);

        if (a >= 100)
                return 0;
        if (a >= 10)
                return 1;
        return a >= 1 || a == 0 ? 2 : a >= 0.1 ? 3 : 4;
}

void bench_table_number(BenchTable *t, double value) {
        if (isfinite(value))
                bench_table_cell(t, "%.*f", decimals(value), value);
        else
                bench_table_cell(t, "-");
}

void bench_table_range(BenchTable *t, double min, double max) {
        int n = decimals(max);

        bench_table_cell(t, "%.*f-%.*f", n, min, n, max);
}

void bench_table_end_row(BenchTable *t) {
        while (t->cells->len % t->n_columns != 0)
                g_ptr_array_add(t->cells, g_strdup(""));
}

void bench_table_note(BenchTable *t, const char *format, ...) {
        va_list args;

        va_start(args, format);
        g_ptr_array_add(t->notes, g_strdup_vprintf(format, args));
        va_end(args);
}

static void free_table(BenchTable *t) {
        g_ptr_array_unref(t->cells);
        g_ptr_array_unref(t->notes);
        g_free(t->title);
        g_free(t);
}

static int width_of(const BenchTable *t, guint column) {
        glong width = 3; /* the least that Markdown takes */

        for (guint i = column; i < t->cells->len; i += t->n_columns)
                width = MAX(width, g_utf8_strlen(t->cells->pdata[i], -1));
        return (int) width;
}

static void print_row(const BenchTable *t, guint first, const int *width, const char *begin,
                      const char *between, const char *end) {
        g_autoptr(GString) line = g_string_new(begin);

        for (guint c = 0; c < t->n_columns; c++) {
                const char *cell = t->cells->pdata[first + c];
                int fill = width[c] - (int) g_utf8_strlen(cell, -1);

                if (c > 0)
                        g_string_append_printf(line, "%s%*s%s", between, fill, "", cell);
                else
                        g_string_append_printf(line, "%s%*s", cell, fill, "");
        }
        g_string_append(line, end);
        g_print("%s\n", g_strchomp(line->str));
}

static void print_rule(const BenchTable *t, const int *width, gboolean markdown) {
        g_autoptr(GString) line = g_string_new(markdown ? "|" : "");

        for (guint c = 0; c < t->n_columns; c++) {
                int dashes = markdown ? width[c] + 1 : width[c];

                if (!markdown && c > 0)
                        g_string_append(line, "  ");
                for (int i = 0; i < dashes; i++)
                        g_string_append_c(line, '-');
                if (markdown)
                        g_string_append(line, c > 0 ? ":|" : "-|");
        }
        g_print("%s\n", line->str);
}

void bench_table_print(BenchTable *t) {
        gboolean markdown = g_strcmp0(g_getenv("PI_BENCH_TABLE"), "markdown") == 0;
        g_autofree int *width = g_new(int, t->n_columns);

        bench_table_end_row(t);
        for (guint c = 0; c < t->n_columns; c++)
                width[c] = width_of(t, c);
        g_print("\n%s%s\n\n", markdown ? "### " : "", t->title);
        for (guint i = 0; i < t->cells->len; i += t->n_columns) {
                print_row(t, i, width, markdown ? "| " : "", markdown ? " | " : "  ",
                          markdown ? " |" : "");
                if (i == 0)
                        print_rule(t, width, markdown);
        }
        if (t->notes->len > 0)
                g_print("\n");
        for (guint i = 0; i < t->notes->len; i++)
                g_print("%s\n", (const char *) t->notes->pdata[i]);
        fflush(stdout);
        free_table(t);
}
