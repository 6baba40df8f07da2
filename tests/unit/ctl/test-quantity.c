/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/quantity.h"

#include <string.h>

#include "dbus/error.h"

static void test_accepted(void) {
        static const struct {
                const char *text;
                guint64 value;
        } cases[] = {
                { "1", 1 },
                { "7", 7 },
                { "007", 7 },
                { "1000000000", 1000000000 },
                { "1e9", 1000000000 },
                { "1E9", 1000000000 },
                { "1e+9", 1000000000 },
                { "1e09", 1000000000 },
                { "1_000_000_000", 1000000000 },
                { "1_0e8", 1000000000 },
                { "1G", 1000000000 },
                { "2k", 2000 },
                { "2K", 2000 },
                { "3M", 3000000 },
                { "4T", G_GUINT64_CONSTANT(4000000000000) },
                { "10P", G_GUINT64_CONSTANT(10000000000000000) },
                { "1e16", G_GUINT64_CONSTANT(10000000000000000) },
                { "10000000000000000", G_GUINT64_CONSTANT(10000000000000000) },
                { "2.5e9", 2500000000 },
                { "2.5G", 2500000000 },
                { "1.000e0", 1 },
                { "0.001k", 1 },
                { "1.0", 1 },
                { "1.234_567e6", 1234567 },
                /* Longer than 64 bits on the way, not in the end. */
                { "1.000000000000000000000000000000", 1 },
                { "0000000000000000000000000000000000000000000000000000000000000001", 1 },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                guint64 value = 0;

                g_test_message("%s", cases[i].text);
                g_assert_true(pi_quantity_parse(cases[i].text, &pi_quantity_terms, &value, &error));
                g_assert_no_error(error);
                g_assert_cmpuint(value, ==, cases[i].value);
        }
}

static const char *const refused[] = {
        "", " ", "abc", "e", "e9", "1e", "1e+", "1e-1", "1e-0", "10e-1", "-5", "+5", "-", "0",
        "0e5", "0.0", "1e17", "10000000000000001", "11P", "1.5", "1.5e0", "2.55e1", "12_",
        "_12", "1__2", "1_", "1_e9", "1_G", "1_.5k", "1._5k", "1.", ".5k", "1..5k", "1e9G",
        "1Ge9", "1e9e9", "1GG", "1g", "1m", "1t", "1 G", " 1", "1 ", "1\n", "1e9x", "0x10",
        "1,000", "1'000", "\xff", "1\xff", "\xd9\xa1", "inf", "nan", "1e1_0", "1e999",
        "1e99999999999999999999", "18446744073709551616", "18446744073709551617",
        "36893488147419103233", "99999999999999999999999999999999", "0.1",
};

static void test_refused(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
                g_autofree char *shown = g_strescape(refused[i], NULL);
                g_autoptr(GError) error = NULL;
                guint64 value = 42;

                g_test_message("'%s'", shown);
                g_assert_false(pi_quantity_parse(refused[i], &pi_quantity_terms, &value, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_cmpuint(value, ==, 42);
        }
}

/* Every refusal quotes the input and says the range and an example. */
static void test_message(void) {
        static const struct {
                const char *text, *quoted, *why;
        } cases[] = {
                { "abc", "'abc'", "not written as a positive number" },
                { "", "''", "it is empty" },
                { "0", "'0'", "too small" },
                { "1e17", "'1e17'", "too large" },
                { "1.5", "'1.5'", "not whole" },
                { "1\033[2J", "'1\\x1b[2J'", "not written" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                guint64 value;

                g_assert_false(
                        pi_quantity_parse(cases[i].text, &pi_quantity_terms, &value, &error));
                g_assert_nonnull(strstr(error->message, cases[i].quoted));
                g_assert_nonnull(strstr(error->message, cases[i].why));
                g_assert_nonnull(strstr(error->message, "number of terms"));
                g_assert_nonnull(strstr(error->message, "from 1 to 10000000000000000"));
                g_assert_nonnull(strstr(error->message, "1e9"));
        }
}

static void test_length(void) {
        g_autofree char *longest = g_strnfill(PI_QUANTITY_LENGTH_MAX, '0');
        g_autofree char *too_long = g_strnfill(PI_QUANTITY_LENGTH_MAX + 1, '0');
        g_autoptr(GError) error = NULL;
        guint64 value = 0;

        longest[PI_QUANTITY_LENGTH_MAX - 1] = '9';
        too_long[PI_QUANTITY_LENGTH_MAX] = '9';
        g_assert_true(pi_quantity_parse(longest, &pi_quantity_terms, &value, NULL));
        g_assert_cmpuint(value, ==, 9);
        g_assert_false(pi_quantity_parse(too_long, &pi_quantity_terms, &value, &error));
        g_assert_nonnull(strstr(error->message, "longer than 64 characters"));
        /* The message is cut, however long the input. */
        g_assert_cmpuint(strlen(error->message), <, 300);
}

static void test_ranges(void) {
        const PiQuantityRange all = { "number", 0, G_MAXUINT64, "1" };
        guint64 value = 1;

        g_assert_true(pi_quantity_parse("18446744073709551615", &all, &value, NULL));
        g_assert_cmpuint(value, ==, G_MAXUINT64);
        g_assert_true(pi_quantity_parse("0", &all, &value, NULL));
        g_assert_cmpuint(value, ==, 0);
        g_assert_false(pi_quantity_parse("18446744073709551616", &all, &value, NULL));
        g_assert_true(pi_quantity_parse("1_250T", &pi_quantity_parts, &value, NULL));
        g_assert_false(pi_quantity_parse("1251T", &pi_quantity_parts, &value, NULL));
        g_assert_false(pi_quantity_parse("0", &pi_quantity_parts, &value, NULL));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/quantity/accepted", test_accepted);
        g_test_add_func("/ctl/quantity/refused", test_refused);
        g_test_add_func("/ctl/quantity/message", test_message);
        g_test_add_func("/ctl/quantity/length", test_length);
        g_test_add_func("/ctl/quantity/ranges", test_ranges);
        return g_test_run();
}
