/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/text.h"

typedef struct Case {
        const char *text, *utf8, *ascii;
} Case;

static void test_escape(void) {
        static const Case cases[] = {
                { "plain text", "plain text", "plain text" },
                { "", "", "" },
                { "a\nb\tc\rd", "a\\nb\\tc\\rd", "a\\nb\\tc\\rd" },
                { "\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m", "\\x1b[31mred\\x1b[0m" },
                { "\a\b\177", "\\x07\\x08\\x7f", "\\x07\\x08\\x7f" },
                /* A control sequence introducer of one character, as UTF-8. */
                { "\302\2332J", "\\u009b2J", "\\u009b2J" },
                /* Right to left override, zero width space. */
                { "\342\200\256x\342\200\213", "\\u202ex\\u200b", "\\u202ex\\u200b" },
                { "\317\200 \342\211\210", "\317\200 \342\211\210", "\\u03c0 \\u2248" },
                { "\360\237\246\200", "\360\237\246\200", "\\U0001f980" },
                { "a\xffz\xc3", "a\\xffz\\xc3", "a\\xffz\\xc3" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *utf8 = pi_text_escape(cases[i].text, TRUE, 0);
                g_autofree char *ascii = pi_text_escape(cases[i].text, FALSE, 0);

                g_assert_cmpstr(utf8, ==, cases[i].utf8);
                g_assert_cmpstr(ascii, ==, cases[i].ascii);
                g_assert_true(g_utf8_validate(utf8, -1, NULL));
                g_assert_true(g_str_is_ascii(ascii));
        }
}

static void test_escape_limit(void) {
        g_autofree char *cut = pi_text_escape("abcdef", TRUE, 3);
        g_autofree char *whole = pi_text_escape("abc", TRUE, 3);
        g_autofree char *quoted = pi_text_quote("it's\n", 0);

        g_assert_cmpstr(cut, ==, "abc...");
        g_assert_cmpstr(whole, ==, "abc");
        g_assert_cmpstr(quoted, ==, "'it's\\n'");
}

static void test_width(void) {
        g_assert_cmpuint(pi_text_width(""), ==, 0);
        g_assert_cmpuint(pi_text_width("abc"), ==, 3);
        g_assert_cmpuint(pi_text_width("\317\200\342\211\210"), ==, 2);
        g_assert_cmpuint(pi_text_width("\346\227\245\346\234\254"), ==, 4);
        g_assert_cmpuint(pi_text_width("e\314\201"), ==, 1);
}

static void test_ellipsize(void) {
        static const struct {
                const char *text;
                gsize columns;
                const char *utf8, *ascii;
        } cases[] = {
                { "abcdef", 6, "abcdef", "abcdef" },
                { "abcdef", 5, "abcd\342\200\246", "ab..." },
                { "abcdef", 3, "ab\342\200\246", "..." },
                { "abcdef", 2, "a\342\200\246", ".." },
                { "abcdef", 1, "\342\200\246", "." },
                { "abcdef", 0, "", "" },
                { "", 0, "", "" },
                /* A wide character is not cut in half. */
                { "\346\227\245\346\234\254", 3, "\346\227\245\342\200\246", "..." },
                { "\346\227\245\346\234\254", 2, "\342\200\246", ".." },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *utf8 = pi_text_ellipsize(cases[i].text, cases[i].columns, TRUE);
                g_autofree char *ascii = pi_text_ellipsize(cases[i].text, cases[i].columns, FALSE);

                g_assert_cmpstr(utf8, ==, cases[i].utf8);
                g_assert_cmpstr(ascii, ==, cases[i].ascii);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/text/escape", test_escape);
        g_test_add_func("/ctl/text/escape-limit", test_escape_limit);
        g_test_add_func("/ctl/text/width", test_width);
        g_test_add_func("/ctl/text/ellipsize", test_ellipsize);
        return g_test_run();
}
