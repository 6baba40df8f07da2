/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/timespan.h"

#include <string.h>

#include "dbus/error.h"

static void test_accepted(void) {
        static const struct {
                const char *text;
                guint64 usec;
        } cases[] = {
                { "30s", 30000000 },
                { "5min", 300000000 },
                { "500ms", 500000 },
                { "1000us", 1000 },
                { "1000\302\265s", 1000 },
                { "5", 5000000 },
                { "2.5", 2500000 },
                { "0.001", 1000 },
                { "1.5h", 5400000000 },
                { "1min 30s", 90000000 },
                { "1min30s", 90000000 },
                { " 1 min  30 sec ", 90000000 },
                { "1h 5", 3605000000 },
                { "1m", 60000000 },
                { "1d", 86400000000 },
                { "365d", PI_TIMESPAN_MAX_USEC },
                { "1.0000009s", 1000000 },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                guint64 usec = 0;

                g_test_message("%s", cases[i].text);
                g_assert_true(pi_timespan_parse(cases[i].text, &usec, &error));
                g_assert_no_error(error);
                g_assert_cmpuint(usec, ==, cases[i].usec);
        }
}

static void test_refused(void) {
        static const char *const cases[] = {
                "",
                " ",
                "s",
                "min",
                "-5s",
                "+5s",
                "5parsecs",
                "5 5",
                "5s5s5x",
                ".5s",
                "5.s",
                "1e3s",
                "0",
                "0s",
                "999us",
                "366d",
                "365d 1ms",
                "18446744073709551616s",
                "18446744073709551615us 1us",
                "213503982334601d",
                "99999999999999999999d",
                "5S",
                "5\ts",
                "infinity",
                "5s\n",
                "5,5s",
                "\xff",
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *shown = g_strescape(cases[i], NULL);
                g_autoptr(GError) error = NULL;
                guint64 usec = 42;

                g_test_message("'%s'", shown);
                g_assert_false(pi_timespan_parse(cases[i], &usec, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, "from 1ms to 365d"));
                g_assert_cmpuint(usec, ==, 42);
        }
}

static void test_too_long(void) {
        g_autofree char *text = g_strnfill(PI_TIMESPAN_LENGTH_MAX + 1, '0');
        guint64 usec;

        text[PI_TIMESPAN_LENGTH_MAX] = '5';
        g_assert_false(pi_timespan_parse(text, &usec, NULL));
        g_assert_true(pi_timespan_parse(text + 1, &usec, NULL));
        g_assert_cmpuint(usec, ==, 5000000);
}

static void test_within(void) {
        static const char *const wrong[] = { "0", "999ms", "30d 1s", "forever" };
        guint64 usec = 0;

        g_assert_true(pi_timespan_parse_within("1s", &pi_timespan_burnin, &usec, NULL));
        g_assert_cmpuint(usec, ==, 1000000);
        g_assert_true(pi_timespan_parse_within("30d", &pi_timespan_burnin, &usec, NULL));
        g_assert_cmpuint(usec, ==, G_GUINT64_CONSTANT(2592000000000));
        for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_timespan_parse_within(wrong[i], &pi_timespan_burnin, &usec,
                                                        &error));
                g_assert_nonnull(strstr(error->message, "from 1s to 30d"));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/timespan/accepted", test_accepted);
        g_test_add_func("/ctl/timespan/refused", test_refused);
        g_test_add_func("/ctl/timespan/too-long", test_too_long);
        g_test_add_func("/ctl/timespan/within", test_within);
        return g_test_run();
}
