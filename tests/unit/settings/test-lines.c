/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/lines.h"

#include <string.h>

#include "dbus/error.h"

/* Writes down what it is given: "3[A]", "4[A]k=v". */
static gboolean note(const PiLine *line, gpointer userdata, GError **error) {
        GString *notes = userdata;

        g_string_append_printf(notes, "%u[%s]", line->number, line->section);
        if (line->key)
                g_string_append_printf(notes, "%s=%s", line->key, line->value);
        g_string_append_c(notes, '|');
        if (!g_str_equal(line->key ? line->key : "", "refuse"))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING, "refused");
        return FALSE;
}

static void expect(const char *text, const char *wanted) {
        g_autoptr(GString) notes = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_lines_read("f", text, strlen(text), note, notes, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(notes->str, ==, wanted);
}

static void test_good(void) {
        expect("", "");
        expect("\n\n", "");
        expect("# a\n; b\n  # c", "");
        expect("[A]\nk=v\n", "1[A]|2[A]k=v|");
        expect("[A]\nk=v", "1[A]|2[A]k=v|");
        expect("\n  [A]\t\n\n k \t=  v w  \n", "2[A]|4[A]k=v w|");
        expect("[A]\r\nk=v\r\n", "1[A]|2[A]k=v|");
        expect("\357\273\277[A]\nk=v", "1[A]|2[A]k=v|");
        expect("[A]\nk=\nk=a=b\n[B]\nk=#no comment\n",
               "1[A]|2[A]k=|3[A]k=a=b|4[B]|5[B]k=#no comment|");
        expect("# not a continuation \\\n[A]\n", "2[A]|");
        expect("[A]\nk=\303\244\n", "1[A]|2[A]k=\303\244|");
}

static void expect_error(const char *text, gsize length, const char *wanted) {
        g_autoptr(GString) notes = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_lines_read("dir/f", text, length, note, notes, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_cmpstr(error->message, ==, wanted);
}

static void test_bad(void) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "k=v\n", "dir/f:1: k= stands before the first section: write [Limits], or the "
                           "one it belongs in, above it" },
                { "\n[A\n", "dir/f:2: A section that does not end: write it as [Limits]" },
                { "[]\n", "dir/f:1: A section that does not end: write it as [Limits]" },
                { "[A] # x\n", "dir/f:1: A section that does not end: write it as [Limits]" },
                { "[A]\nk\n", "dir/f:2: \"k\" is no assignment: write KEY=VALUE" },
                { "[A]\n=v\n", "dir/f:2: \"=v\" is no assignment: write KEY=VALUE" },
                { "[A]\n\033[2J\n", "dir/f:2: \"\\u001b[2J\" is no assignment: write KEY=VALUE" },
                { "[A]\nk=v \\\n  w\n", "dir/f:2: A backslash at the end: lines are not "
                                        "continued here, write the value on one" },
                { "[A]\n\nk=\377\n", "dir/f:3: Text that is not UTF-8" },
                { "# \377\n", "dir/f:1: Text that is not UTF-8" },
                { "[A]\nrefuse=1\nk=v", "dir/f:2: refused" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
                expect_error(cases[i].text, strlen(cases[i].text), cases[i].message);
        expect_error("[A]\nk=\0v\n", 9, "dir/f:2: A NUL byte: the file must be plain text");
}

static void test_limits(void) {
        g_autofree char *line = g_strnfill(PI_LINES_LINE_MAX + 1, '#');
        g_autofree char *file = g_malloc(PI_LINES_FILE_MAX + 1);

        expect_error(line, PI_LINES_LINE_MAX + 1, "dir/f:1: A line of 1025 bytes: at most 1024 "
                                                  "are read");
        line[PI_LINES_LINE_MAX] = '\0';
        expect(line, "");
        memset(file, '\n', PI_LINES_FILE_MAX);
        file[PI_LINES_FILE_MAX] = '\0';
        expect(file, "");
        expect_error(file, PI_LINES_FILE_MAX + 1, "dir/f: A file of 65537 bytes: at most 65536 "
                                                  "are read");
}

static void test_show(void) {
        static const struct {
                const char *text, *shown;
        } cases[] = {
                { "", "" },
                { "1 parsec", "1 parsec" },
                { "\303\244", "\303\244" },
                { "a\tb\033", "a\\u0009b\\u001b" },
                { "\342\200\256x", "\\u202ex" },
        };
        g_autofree char *full = g_strnfill(64, 'x'), *over = g_strnfill(65, 'x');
        g_autofree char *shown_full = pi_lines_show(full), *shown_over = pi_lines_show(over);
        g_autofree char *cut = g_strconcat(full, "...", NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *shown = pi_lines_show(cases[i].text);

                g_assert_cmpstr(shown, ==, cases[i].shown);
        }
        g_assert_cmpstr(shown_full, ==, full);
        g_assert_cmpstr(shown_over, ==, cut);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/lines/good", test_good);
        g_test_add_func("/settings/lines/bad", test_bad);
        g_test_add_func("/settings/lines/limits", test_limits);
        g_test_add_func("/settings/lines/show", test_show);
        return g_test_run();
}
