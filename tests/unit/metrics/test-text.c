/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/text.h"

#include <string.h>

static PiText text_of(const char *s) {
        return (PiText) { s, strlen(s) };
}

static void test_lines(void) {
        PiText t = text_of("one\n\nthree\ncut"), line;

        g_assert_true(pi_text_take_line(&t, &line) && pi_text_equals(line, "one"));
        g_assert_true(pi_text_take_line(&t, &line) && pi_text_equals(line, ""));
        g_assert_true(pi_text_take_line(&t, &line) && pi_text_equals(line, "three"));
        g_assert_false(pi_text_take_line(&t, &line));
        t = (PiText) { NULL, 0 };
        g_assert_false(pi_text_take_line(&t, &line));
}

static void test_words(void) {
        PiText t = text_of(" \ta  bc\td "), word;

        g_assert_true(pi_text_take_word(&t, &word) && pi_text_equals(word, "a"));
        g_assert_true(pi_text_take_word(&t, &word) && pi_text_equals(word, "bc"));
        g_assert_true(pi_text_take_word(&t, &word) && pi_text_equals(word, "d"));
        g_assert_false(pi_text_take_word(&t, &word));
}

static void test_prefix(void) {
        PiText t = text_of("VmRSS: 1");

        g_assert_false(pi_text_take_prefix(&t, "VmHWM:"));
        g_assert_false(pi_text_take_prefix(&t, "VmRSS: 12"));
        g_assert_cmpuint(t.length, ==, 8);
        g_assert_true(pi_text_take_prefix(&t, "VmRSS:"));
        g_assert_true(pi_text_equals(t, " 1"));
        g_assert_false(pi_text_equals(t, " "));
}

static void test_numbers(void) {
        static const char *const bad[] = {
                "", " 1", "1 ", "-1", "+1", "0x1", "1.0", "18446744073709551616",
                "99999999999999999999", "184467440737095516150",
        };
        uint64_t value;

        g_assert_true(pi_text_to_uint64(text_of("0"), &value));
        g_assert_cmpuint(value, ==, 0);
        g_assert_true(pi_text_to_uint64(text_of("18446744073709551615"), &value));
        g_assert_cmpuint(value, ==, UINT64_MAX);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_false(pi_text_to_uint64(text_of(bad[i]), &value));
        g_assert_false(pi_text_to_uint64((PiText) { "1\0002", 3 }, &value));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/text/lines", test_lines);
        g_test_add_func("/text/words", test_words);
        g_test_add_func("/text/prefix", test_prefix);
        g_test_add_func("/text/numbers", test_numbers);
        return g_test_run();
}
