/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/diff.h"

#include <string.h>

#include "dbus/error.h"

#define CONTEXT 3

/* Cells of the table below, 16 MiB. What is larger is shown as replaced as a whole: right, if not
 * the shortest way to say it. */
#define CELLS_MAX (4 * 1024 * 1024)

/* A line of a text, with its end. */
typedef struct Line {
        const char *text;
        gsize length;
} Line;

typedef struct Diff {
        GArray *before, *after; /* of Line */
        GString *marks; /* ' ', '-' or '+' for each line of the answer, in order */
} Diff;

static GArray *split(const char *text) {
        GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));

        while (*text) {
                gsize length = strcspn(text, "\n");
                Line line = { text, length + (text[length] == '\n') };

                g_array_append_val(lines, line);
                text += line.length;
        }
        return lines;
}

static const Line *line_at(const GArray *lines, gsize i) {
        return &g_array_index(lines, Line, i);
}

static gboolean same(const Diff *d, gsize b, gsize a) {
        const Line *x = line_at(d->before, b), *y = line_at(d->after, a);

        return x->length == y->length && memcmp(x->text, y->text, x->length) == 0;
}

static void mark(Diff *d, char sign, gsize n) {
        while (n-- > 0)
                g_string_append_c(d->marks, sign);
}

/* The lines from `first` on, n of the one text and m of the other, by their longest common
 * subsequence: cell (i, j) is how long that of the lines from i and j on is. */
static void mark_middle(Diff *d, gsize first, gsize n, gsize m) {
        gsize width = m + 1, i = 0, j = 0;
        g_autofree guint32 *cells = NULL;

        if ((n + 1) > CELLS_MAX / width) {
                mark(d, '-', n);
                mark(d, '+', m);
                return;
        }
        cells = g_new0(guint32, (n + 1) * width);
        for (gsize x = n; x-- > 0;)
                for (gsize y = m; y-- > 0;)
                        cells[x * width + y] =
                                same(d, first + x, first + y)
                                        ? cells[(x + 1) * width + y + 1] + 1
                                        : MAX(cells[(x + 1) * width + y], cells[x * width + y + 1]);
        while (i < n || j < m) {
                if (i < n && j < m && same(d, first + i, first + j)) {
                        mark(d, ' ', 1);
                        i++;
                        j++;
                } else if (i < n && (j == m || cells[(i + 1) * width + j] >=
                                                       cells[i * width + j + 1])) {
                        mark(d, '-', 1);
                        i++;
                } else {
                        mark(d, '+', 1);
                        j++;
                }
        }
}

static void compare(Diff *d) {
        gsize n = d->before->len, m = d->after->len, head = 0, tail = 0;

        while (head < n && head < m && same(d, head, head))
                head++;
        while (tail < n - head && tail < m - head && same(d, n - tail - 1, m - tail - 1))
                tail++;
        mark(d, ' ', head);
        mark_middle(d, head, n - head - tail, m - head - tail);
        mark(d, ' ', tail);
}

static void append_line(GString *out, char sign, const Line *line) {
        g_string_append_c(out, sign);
        g_string_append_len(out, line->text, (gssize) line->length);
        if (line->text[line->length - 1] != '\n')
                g_string_append(out, "\n\\ No newline at end of file\n");
}

/* "3,7", or "3" for one line; of no lines the one they would stand behind. */
static void append_range(GString *out, gsize first, gsize n) {
        g_string_append_printf(out, "%" G_GSIZE_FORMAT, n > 0 ? first + 1 : first);
        if (n != 1)
                g_string_append_printf(out, ",%" G_GSIZE_FORMAT, n);
}

/* The marks from `from` up to `to`, whose first lines are `b` and `a`. */
static void append_hunk(const Diff *d, gsize from, gsize to, gsize b, gsize a, GString *out) {
        gsize n = 0, m = 0;

        for (gsize i = from; i < to; i++) {
                n += d->marks->str[i] != '+';
                m += d->marks->str[i] != '-';
        }
        g_string_append(out, "@@ -");
        append_range(out, b, n);
        g_string_append(out, " +");
        append_range(out, a, m);
        g_string_append(out, " @@\n");
        for (gsize i = from; i < to; i++) {
                char sign = d->marks->str[i];

                append_line(out, sign, sign == '+' ? line_at(d->after, a) : line_at(d->before, b));
                b += sign != '+';
                a += sign != '-';
        }
}

/* Where the hunk that holds the change at `i` ends: changes that at most two contexts lie between
 * are in one. */
static gsize hunk_end(const Diff *d, gsize i) {
        gsize last = i;

        for (; i < d->marks->len && i <= last + 2 * CONTEXT + 1; i++)
                if (d->marks->str[i] != ' ')
                        last = i;
        return MIN(last + CONTEXT + 1, d->marks->len);
}

static void append_hunks(const Diff *d, GString *out) {
        gsize b = 0, a = 0;

        for (gsize i = 0; i < d->marks->len;) {
                gsize lead = MIN(i, CONTEXT), end;

                if (d->marks->str[i] == ' ') {
                        i++;
                        b++;
                        a++;
                        continue;
                }
                end = hunk_end(d, i);
                append_hunk(d, i - lead, end, b - lead, a - lead, out);
                for (; i < end; i++) {
                        b += d->marks->str[i] != '+';
                        a += d->marks->str[i] != '-';
                }
        }
}

char *pi_diff(const char *before, const char *after, const char *before_name,
              const char *after_name, GError **error) {
        GString *out = NULL;
        Diff d;

        if (strlen(before) > PI_DIFF_BYTES_MAX || strlen(after) > PI_DIFF_BYTES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s and %s are too large to compare: at most %d bytes each",
                            before_name, after_name, PI_DIFF_BYTES_MAX);
                return NULL;
        }
        out = g_string_new(NULL);
        if (strcmp(before, after) == 0)
                return g_string_free(out, FALSE);
        d = (Diff) { split(before), split(after), g_string_new(NULL) };
        compare(&d);
        g_string_append_printf(out, "--- %s\n+++ %s\n", before_name, after_name);
        append_hunks(&d, out);
        g_array_unref(d.before);
        g_array_unref(d.after);
        g_string_free(d.marks, TRUE);
        return g_string_free(out, FALSE);
}
